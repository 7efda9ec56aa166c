"""The commands for postoffices on disk: a cycle by hand, who may do what, and what is said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import click
import pytest
from click.testing import CliRunner, Result

from dxa.address import AddressTypes
from dxa.cli.lazy import PluginGroup
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo, Report
from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Verb, list_entry
from dxa.errors import LockedError, NotFoundError, UsageError
from dxa.ledger.answer import Step, number_steps
from dxa_msmail import plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.postoffice.maildata import Maildata
from dxa_msmail.postoffice.mailfolder import MailbagFolder
from dxa_msmail.server import MsMailServer, ServerOptions

MSMAIL = PluginGroup("msmail", dict(plugin.dxa_commands()))


def run(*arguments: object, answer: str = "") -> Result:
    """Run a command below `dxa msmail`."""
    return CliRunner().invoke(MSMAIL, [str(argument) for argument in arguments], input=answer)


def shown(*arguments: object, answer: str = "") -> str:
    """What a command prints when all goes well."""
    result = run(*arguments, answer=answer)
    assert None is result.exception, result.output
    return result.output


def said(*arguments: object) -> str:
    """What a command prints, without the folds of long lines."""
    return " ".join(shown(*arguments).split())


def plain(*arguments: object) -> Any:
    """What a command prints as JSON."""
    return json.loads(shown(*arguments, "--json"))


@attrs.frozen
class Site:
    """Two postoffices side by side: LAB/PO1 with its people, and HQ/MAIN, the shadow of the server."""

    folder: Path

    @property
    def po1(self) -> Path:
        return self.folder / "po1"

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    def admin(self, *arguments: object) -> str:
        return shown("admin", "ADMIN", f"-d{self.po1}", *arguments)

    def server(self) -> MsMailServer:
        """The server's connector at the shadow postoffice."""
        mail = MailbagFolder(Maildata(self.hub, durable=False), time.time)
        types = AddressTypes(ADDRESS_TYPES)
        context = LinkContext(link="pc", options=ServerOptions(), folder=Path(), types=types, site=("HQ", "MAIN"))
        return MsMailServer(context, mail, mail)

    def heard(self) -> list[Report]:
        server = self.server()
        reports = list(server.collect({}))
        server.settle([report.receipt for report in reports])
        return reports

    def answer(self, r: int, s: int = 102, was: int = 0) -> None:
        """Let the server answer, and move it to the requestor: in full with one list of one entry, or with nothing."""
        ann = Entry("", "MS", "LAB/PO2", "Ann", "LAB/PO2/ANN")
        steps = [Step(Verb.REPLACE, None, list_entry("MS", "LAB/PO2")), Step(Verb.ADD, None, ann)]
        parcel = Parcel(
            id=f"{s:010d}-x",
            peer=PeerInfo(id="pc/LAB/PO1", name="LAB/PO1"),
            kind=ParcelKind.UPDATE if was else ParcelKind.FULL,
            content=number_steps([] if was else steps, 101, f"{s}"),
            reply=Reply(r=r, s=s, was=was, i=1),
        )
        server = self.server()
        list(server.deliver(parcel))
        server.settle([])
        shown("external", "-d", self.hub)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Both postoffices; people are Zoë and Yan, and the administrator has no password."""
    site = Site(tmp_path)
    shown("postoffice", "create", site.po1, "--network", "LAB", "--postoffice", "PO1", "--admin", "ADMIN")
    shown("postoffice", "create", site.hub, "--network", "HQ", "--postoffice", "MAIN", "--shadow")
    shown("admin", "ADMIN", "-d", site.hub, "postoffice", "add", "LAB/PO1", "--direct", "../po1")
    site.admin("postoffice", "add", "HQ/MAIN", "--direct", "../hub")
    site.admin("server", "HQ/MAIN")
    site.admin("user", "add", "ZOE", "--name", "Zoë")
    site.admin("user", "add", "YAN", "--name", "Yan")
    return site


# -- a cycle ---------------------------------------------------------------------------------------------------------


def test_a_cycle_by_hand(site: Site) -> None:
    """T1, EXTERNAL, the server's answer, EXTERNAL, T3, Import and Rebuild: the global list has everybody."""
    assert "T1: R=5 (was 2), S=0, I=1: 3 sent, the whole own list." in shown("reqmain", "-t", "-d", site.po1)
    assert "1 letter delivered to HQ/MAIN." in shown("external", "-d", site.po1)
    (report,) = site.heard()
    assert ["", "Yan", "Zoë"] == [entry.name for t in report.transactions if (entry := t.new)]

    site.answer(r=5)
    taken = shown("reqmain", "-r", f"-d{site.po1}")
    assert "T3: R=5 S=102 (was 0), I=1, everything: 1 list replaced, 1 added." in taken
    assert "Next: `dxa msmail import ADMIN -q -y` puts them into the lists." in taken
    assert "1 added" in shown("import", "ADMIN", "-q", "-y", f"-d{site.po1}")
    assert "Number of entries in GAL: 4" in shown("rebuild", "-f", f"-d{site.po1}")
    gal = plain("postoffice", "gal", site.po1)["entries"]
    assert [("ADMIN", "user"), ("Ann", "external"), ("Yan", "user"), ("Zoë", "user")] == [
        (entry["name"], entry["kind"]) for entry in gal
    ]
    assert ["Ann"] == [entry["name"] for entry in plain("postoffice", "gal", site.po1, "--find", "an")["entries"]]
    for folder in (site.po1, site.hub):
        assert {"problems": []} == plain("postoffice", "check", folder)


def test_an_answer_with_nothing_new_asks_for_no_import(site: Site) -> None:
    """Nobody is sent to IMPORT for nothing; what an earlier answer brought still waits for it."""
    shown("reqmain", "-t", "-d", site.po1)
    site.answer(r=5)
    shown("reqmain", "-r", "-d", site.po1)
    site.answer(r=5, s=103, was=102)
    waits = shown("reqmain", "-r", "-d", site.po1)
    shown("import", "ADMIN", "-q", "-y", "-d", site.po1)
    site.answer(r=5, s=104, was=103)

    assert waits.endswith("nothing new.\nNext: `dxa msmail import ADMIN -q -y` puts them into the lists.\n")
    assert shown("reqmain", "-r", "-d", site.po1).endswith("nothing new.\nThere is nothing to import.\n")


def test_numbers_of_a_cycle_as_json(site: Site) -> None:
    """Scripts see the same numbers."""
    sent = plain("reqmain", "-t", "-d", site.po1)
    assert ({"r": 5, "was": 2, "s": 0, "i": 1, "imports": True}, 3, True) == (
        sent["request"],
        sent["sent"],
        sent["exported"],
    )
    assert {"HQ/MAIN": 1} == plain("external", "-d", site.po1)["delivered"]
    site.answer(r=5)
    got = plain("reqmain", "-r", "-d", site.po1)
    assert ([{"r": 5, "s": 102, "was": 0, "i": 1}], {"R": 1, "A": 1}) == (got["applied"], got["counts"])
    done = plain("import", "ADMIN", "-q", "-y", "-d", site.po1)
    assert {"type": "MS", "list": "lab/po2"} in done["lists"]
    assert ["MS:LAB/PO2"] == done["created"]
    assert 4 == plain("rebuild", "-d", site.po1)["count"]


def test_a_request_needs_a_direction(site: Site) -> None:
    """Neither or both of -t and -r is a wrong command line."""
    for switches in ((), ("-t", "-r")):
        result = run("reqmain", *switches, "-d", site.po1)
        assert (2, True) == (result.exit_code, "-t to ask the server, or -r" in result.output)


# -- who may ---------------------------------------------------------------------------------------------------------


def test_a_password_is_asked_for_and_never_shown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without -p the error says that one is needed; given wrongly it is not repeated; a reference is followed."""
    site.admin("user", "change", "ADMIN", "--password", "geheim")
    monkeypatch.setenv("PO_PASSWORD", "geheim")
    with pytest.raises(UsageError, match="the mailbox ADMIN has a password; give it with -p"):
        raise error(run("admin", "ADMIN", "-d", site.po1, "user", "list"))
    wrong = error(run("import", "ADMIN", "-pfalsch", "-q", "-y", "-d", site.po1))
    assert ("falsch" in str(wrong), "with this password" in str(wrong)) == (False, True)
    for given in ("-pgeheim", "-penv:PO_PASSWORD"):
        listed = shown("admin", "ADMIN", given, "-d", site.po1, "user", "list")
        assert "geheim" not in listed
    assert "geheim" not in "".join(path.read_text("cp850") for path in (site.po1 / "LOG").iterdir())


def test_only_administrators_administer(site: Site) -> None:
    """Another user's mailbox opens neither ADMIN nor Import."""
    for arguments in (("admin", "ZOE", "-d", site.po1, "user", "list"), ("import", "ZOE", "-q", "-d", site.po1)):
        assert "is not one of an administrator" in str(error(run(*arguments)))


def error(result: Result) -> BaseException:
    """The error with which a command ended."""
    assert result.exception is not None, result.output
    return result.exception


def test_a_postoffice_that_is_at_work_is_waited_for(site: Site) -> None:
    """Error 91 names the file that is held, after --wait seconds."""
    with Maildata(site.po1).change():
        result = run("reqmain", "-t", "-d", site.po1, "--wait", "0.1")
    assert isinstance(result.exception, LockedError)
    assert re.search(r"\[91\] .*FLAG\.GLB is held", str(result.exception))


# -- users, groups, postoffices --------------------------------------------------------------------------------------


def test_changes_are_queued_at_once(site: Site) -> None:
    """What an administrator does to the own list waits for the server, with its number."""
    assert "1 transaction waits for the directory server: 3." in site.admin("user", "change", "ZOE", "--name", "Zoé")
    assert "2 transactions wait for the directory server: 4, 5." in site.admin(
        "user", "change", "ZOE", "--mailbox", "ZOE2"
    )
    assert "directory server: 6." in site.admin("user", "dirsync", "YAN", "no")
    assert "directory server: 7." in site.admin("group", "add", "ALL", "--name", "Everybody", "--member", "ZOE2")
    assert "waits" not in site.admin("group", "change", "ALL", "--member", "YAN")
    assert "directory server: 8." in site.admin("group", "remove", "ALL")
    assert "directory server: 9." in site.admin("user", "delete", "ZOE2")
    users = json.loads(site.admin("user", "list", "--json"))["users"]
    assert [("ADMIN", False, True), ("YAN", False, False)] == [(u["mailbox"], u["dirsync"], u["admin"]) for u in users]
    assert {"groups": []} == json.loads(site.admin("group", "list", "--json"))


def test_nothing_to_change_is_said(site: Site) -> None:
    """A change without anything to change is a wrong command line."""
    for kind in ("user", "group"):
        result = run("admin", "ADMIN", "-d", site.po1, kind, "change", "ZOE")
        assert (2, True) == (result.exit_code, "Give what is to be changed" in result.output)


def test_template_values_are_changed_one_by_one(site: Site) -> None:
    """A value that is not named stays, an empty one goes."""
    (site.po1 / "TPL" / "ADMIN.TPL").write_bytes(b"Phone:~10~25~A~~\rRoom:~10~25~A~~\r")
    site.admin("user", "change", "ZOE", "--field", "Phone:/12", "--field", "Room:/3")
    site.admin("user", "change", "ZOE", "--field", "Phone:/")
    values = {u["mailbox"]: u["fields"] for u in json.loads(site.admin("user", "list", "--json"))["users"]}
    assert {"Room:": "3"} == values["ZOE"]


def test_postoffices_and_routes(site: Site) -> None:
    """Postoffices are added, routed and removed; the directory server stays."""
    site.admin("postoffice", "add", "LAB/PO2", "--via", "HQ/MAIN")
    site.admin("gateway", "SMTP")
    rows = json.loads(site.admin("postoffice", "list", "--json"))["postoffices"]
    assert [("HQ/MAIN", "direct, ../hub"), ("LAB/PO2", "via HQ/MAIN"), ("SMTP", "")] == sorted(
        (row["name"], row["route"]) for row in rows
    )
    assert "LAB/PO2: direct, ../po2." in site.admin("postoffice", "route", "LAB/PO2", "--direct", "../po2")
    site.admin("postoffice", "remove", "LAB/PO2")
    assert isinstance(error(run("admin", "ADMIN", "-d", site.po1, "postoffice", "remove", "LAB/PO2")), NotFoundError)
    assert "is the directory server" in str(
        error(run("admin", "ADMIN", "-d", site.po1, "postoffice", "remove", "HQ/MAIN"))
    )
    result = run("admin", "ADMIN", "-d", site.po1, "postoffice", "add", "A/B", "--via", "HQ/MAIN", "--direct", "x")
    assert (2, True) == (result.exit_code, "Give one of --direct, --via and --bag." in result.output)


def test_options_of_the_requestor(site: Site) -> None:
    """What is not given stays; the password is not shown, only that there is one."""
    site.admin("options", "--types", "PCM", "--types", "SMTP", "--password", "wort")
    options = json.loads(site.admin("options", "--limit", "9000", "--json"))
    assert {
        "server": "HQ/MAIN",
        "types": ["PCM", "SMTP"],
        "limit": 9000,
        "send_templates": False,
        "templates": False,
        "create": True,
        "rebuild": True,
        "password": True,
    } == options
    assert "wort" not in site.admin("options") + shown("listds", "-r", "-v", "-d", site.po1)
    assert "wort" not in shown("listds", "-r", "-d", site.po1, "--json")


def test_import_and_export_are_asked_for(site: Site) -> None:
    """The next request asks for everything, or carries it."""
    shown("reqmain", "-t", "-d", site.po1)
    site.admin("import")
    site.admin("export")
    sent = plain("reqmain", "-t", "-d", site.po1)
    assert (True, True) == (sent["request"]["imports"], sent["exported"])


def test_a_directory_server_registers_requestors(tmp_path: Path) -> None:
    """SRVCONF.GLB knows them; a requestor cannot be a server, too."""
    shown("postoffice", "create", tmp_path / "s", "--network", "HQ", "--postoffice", "PO")
    assert "PCM:LAB/PO1 is registered; 1 requestor in all." in shown(
        "admin", "ADMIN", "-d", tmp_path / "s", "requestor", "LAB/PO1", "--password", "x"
    )
    listed = plain("listds", "-s", "-d", tmp_path / "s")
    assert ["PCM:LAB/PO1"] == [row["name"] for row in listed["requestors"]]
    assert "Requestor name: PCM:LAB/PO1" in shown("listds", "-s", "-d", tmp_path / "s")


# -- import ----------------------------------------------------------------------------------------------------------


def test_lists_are_written_and_read(site: Site) -> None:
    """-x to the screen and to a file; -f puts a text into the lists, after a question."""
    assert "A Zoë                            PCM:LAB/PO1/ZOE" in shown("import", "ADMIN", "-x", "-d", site.po1)
    text = site.folder / "in.txt"
    text.write_bytes(b"A Bob\tPCM:HQ/MAIN/BOB\r\nA Eve\tSMTP:eve@x\r\nX\r\n")
    refused = run("import", "ADMIN", f"-f{text}", "-d", site.po1, answer="n\n")
    assert (True, []) == (refused.exit_code != 0, plain_list(site, "HQ/MAIN"))
    done = shown("import", "ADMIN", f"-f{text}", "-v", "-d", site.po1, answer="y\n")
    assert ("1 added" in done, "gateway not installed" in done) == (True, True)
    assert ["A Bob                            PCM:HQ/MAIN/BOB"] == plain_list(site, "HQ/MAIN")
    assert "2 added" in shown("import", "ADMIN", "-y", "-c", "-r", f"-f{text}", "-d", site.po1)
    assert "A Eve                            SMTP:eve@x" in shown("import", "ADMIN", "-x", "-gSMTP", "-d", site.po1)
    out = site.folder / "out.txt"
    assert "1 entry written" in shown("import", "ADMIN", "-xHQ/MAIN", f"-f{out}", "-d", site.po1)
    assert b"A Bob" in out.read_bytes()
    assert "1 entry added to what was in" in shown("import", "ADMIN", "-x", "-gSMTP", f"-f{out}", "-d", site.po1)
    assert [b"A Bob", b"A Eve"] == [line[:5] for line in out.read_bytes().splitlines()]


def plain_list(site: Site, name: str) -> list[str]:
    """The lines of a list."""
    return shown("import", "ADMIN", f"-x{name}", "-d", site.po1).split("\n")[:-1]


def test_transactions_for_the_server(site: Site) -> None:
    """-e queues a text behind what waits; before the first request there is a full export to be sent."""
    text = site.folder / "in.txt"
    text.write_bytes(b"A Bob\tPCM:FAR/OFF/BOB\r\n")
    assert "a full export is due" in str(error(run("import", "ADMIN", "-y", "-e", f"-f{text}", "-d", site.po1)))
    shown("reqmain", "-t", "-d", site.po1)
    assert "1 transaction waits for the server, 6 to 6." in shown(
        "import", "ADMIN", "-y", "-e", f"-f{text}", "-r", "-d", site.po1
    )


@pytest.mark.parametrize(
    ("switches", "text"),
    [
        (("-s",), r"\[67\] resync extract"),
        (("-st", "-fx"), r"\[67\] resync extract"),
        ((), "Give -q, -f FILE, -e -f FILE, -x, -s, or -st -f FILE"),
        (("-e", "-q"), "-e needs a file"),
        (("-st",), "-st needs a file"),
    ],
)
def test_what_import_cannot_do_is_said(site: Site, switches: tuple[str, ...], text: str) -> None:
    """What is possible at the server only, and switches without what belongs to them."""
    result = run("import", "ADMIN", *switches, "-y", "-d", site.po1)
    assert 0 != result.exit_code
    assert re.search(text, f"{result.output} {result.exception}")


def test_ignored_switches_are_named(site: Site) -> None:
    """KB Q119016: some switches do not count beside others."""
    assert "-q does not look at -r, -t." in shown("import", "ADMIN", "-q", "-r", "-t", "-y", "-d", site.po1)


# -- looking ---------------------------------------------------------------------------------------------------------


def test_numbers_as_listds_prints_them(site: Site) -> None:
    """KB Q96060; a reset is for administrators."""
    lines = shown("listds", "-r", "-d", site.po1).splitlines()
    assert [
        "Examining LAB/PO1 Requestor Configuration Record",
        "Dir-Sync Server: HQ/MAIN",
        "ReqSync = 0, SrvSync = 0",
    ] == lines[2:]
    assert 2 == run("listds", "-r", "-z", "-d", site.po1).exit_code
    assert 2 == run("listds", "-s", "-z", "-d", site.po1).exit_code
    assert 2 == run("listds", "-d", site.po1).exit_code
    assert "Reset to 0:" in shown("listds", "ADMIN", "-r", "-z", "-d", site.po1)
    assert "is not the directory server" in str(error(run("listds", "-s", "-d", site.po1)))


def test_check_tells_every_problem(site: Site) -> None:
    """Exit status 1 and the file, offset and text of each."""
    assert "nothing is wrong" in said("postoffice", "check", site.po1)
    (site.po1 / "GLB" / "REQTRANS.GLB").write_bytes(bytes(30))
    (site.po1 / "CAL").rmdir()
    result = run("postoffice", "check", site.po1, "--json")
    problems = json.loads(result.stdout)["problems"]
    assert (1, ["CAL", "GLB/REQTRANS.GLB"]) == (result.exit_code, sorted({p["file"] for p in problems}))
    assert {"file", "offset", "text"} == set(problems[0])
    assert "GLB/REQTRANS.GLB" in run("postoffice", "check", site.po1).output


def test_mail_that_waits(site: Site) -> None:
    """Each mailbag with its owner, its letters and the age of the oldest."""
    shown("reqmain", "-t", "-d", site.po1)
    bags = {row["mailbag"]: row for row in plain("postoffice", "mail", site.po1)["mailbags"]}
    assert (1, 4095, "sent here") == tuple(bags["INQUEUE"][key] for key in ("letters", "room", "owner"))
    assert {"ADMIN", "ZOE", "YAN", "HQ/MAIN"} <= {row["owner"] for row in bags.values()}
    (site.po1 / "MBG" / "SYSTEM.MBG").unlink()
    text = shown("postoffice", "mail", site.po1)
    assert ("INQUEUE" in text, "[115]" in text) == (True, True)


def test_mail_that_cannot_be_moved(site: Site) -> None:
    """EXTERNAL says for whom how much waits, and why; the exit status says that something has failed."""
    (site.hub / "GLB" / "MASTER.GLB").unlink()
    shown("reqmain", "-t", "-d", site.po1)
    done, again = run("external", "-d", site.po1, "--json"), run("external", "-d", site.po1)
    assert (1, 1) == (done.exit_code, again.exit_code)
    assert [("HQ/MAIN", 1)] == [(row["postoffice"], row["letters"]) for row in json.loads(done.output)["waiting"]]
    assert "Mail that waits" in again.output


@pytest.mark.parametrize(
    ("mailbox", "name", "number"),
    [("BAD BOX", "Ann", 71), ("TOOLONGABOX", "Ann", 20), ("ZOE", "Ann", 27), ("ANN", "Zoë", 27), ("ANN", "x" * 31, 72)],
)
def test_names_that_cannot_be(site: Site, mailbox: str, name: str, number: int) -> None:
    """A name or mailbox that cannot be, or is taken, is wrong usage, and nothing is done."""
    found = error(run("admin", "ADMIN", "-d", site.po1, "user", "add", mailbox, "--name", name))

    assert isinstance(found, UsageError)
    assert re.fullmatch(rf"\[{number}\] .*; nothing has been done", str(found))
    assert 3 == len(plain("admin", "ADMIN", "-d", site.po1, "user", "list")["users"])


@pytest.mark.dx("T-224")
@pytest.mark.parametrize("log", ["DIRSYNC.LOG", "DSSERVER.LOG"])
@pytest.mark.parametrize(
    "words", [("reqmain", "-t"), ("external",), ("import", "ADMIN", "-q", "-y"), ("rebuild", "-f")]
)
def test_nothing_is_done_when_the_log_cannot_be_written(site: Site, log: str, words: tuple[str, ...]) -> None:
    """A program says which log it cannot write before it does anything."""
    (site.po1 / "LOG" / log).unlink()
    (site.po1 / "LOG" / log).mkdir()
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}

    assert f"LOG/{log}" in str(error(run(*words, "-d", site.po1)))
    assert before == {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


# -- making ----------------------------------------------------------------------------------------------------------


def test_a_postoffice_is_made_once(site: Site, tmp_path: Path) -> None:
    """A folder with something in it, a bad name, and an administrator of a shadow are refused."""
    assert "it is a postoffice already" in str(
        error(run("postoffice", "create", site.po1, "--network", "LAB", "--postoffice", "PO1"))
    )
    new = ("postoffice", "create", tmp_path / "new", "--network", "LAB", "--postoffice", "PO9")
    assert isinstance(error(run(*new, "--admin", "BAD NAME")), UsageError)
    assert 2 == run(*new, "--shadow", "--admin", "ADMIN").exit_code
    assert not (tmp_path / "new").exists()
    assert "there is no such folder" in str(error(run("reqmain", "-t", "-d", tmp_path / "new")))


# -- all of them -----------------------------------------------------------------------------------------------------


def commands(group: click.Group) -> Iterator[click.Command]:
    """All commands below a group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield found
        if isinstance(found, click.Group):
            yield from commands(found)


def test_every_command_is_explained() -> None:
    """Every command and option has its help, and what can be JSON says its keys."""
    options = [
        (each.name, param) for each in commands(MSMAIL) for param in each.params if isinstance(param, click.Option)
    ]
    assert [] == [each.name for each in commands(MSMAIL) if not each.help]
    assert [] == [(name, option.name) for name, option in options if not option.help and not option.hidden]
    assert [] == [
        each.name
        for each in commands(MSMAIL)
        if any(param.name == "as_json" for param in each.params) and "JSON" not in str(each.help)
    ]


def test_commands_are_light() -> None:
    """Their help needs neither codecs nor records: what they do is imported when they run."""
    modules = [target.partition(":")[0] for _, target in plugin.dxa_commands()]
    code = (
        f"import sys, importlib; [importlib.import_module(m) for m in {modules}]; "
        "print([m for m in sys.modules if m.startswith(('dxa_msmail.postoffice', 'dxa_msmail.programs', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
