"""IMPORT's switches on a postoffice on disk: the own list, one list of many, the error log, the server's text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from dxa.address import AddressTypes
from dxa.entry import Reject
from dxa.errors import AddressError, TransportError, UsageError
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.commands.importing import import_ as command
from dxa_msmail.importtext import read as read_text
from dxa_msmail.postoffice import gal, groups, networks, queue, tree, users
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.dirsyncconf import read_reqconf, write_reqconf
from dxa_msmail.postoffice.maildata import Files, Maildata
from dxa_msmail.postoffice.names import NETPO
from dxa_msmail.postoffice.pol import NAMES, SHADOW, read_pol
from dxa_msmail.postoffice.polbook import PolBook
from dxa_msmail.postoffice.queue import REQTRANS, RESYNC, SRVTRANS, QueueRecord
from dxa_msmail.postoffice.users import NewUser
from dxa_msmail.programs.importing import foreign
from dxa_msmail.programs.importing import log as importlog
from dxa_msmail.programs.importing import program as importing
from dxa_msmail.programs.importing.program import Imported
from dxa_msmail.subjects import Numbers

TYPES = AddressTypes(ADDRESS_TYPES)
NOW = 1_000_000_000


@attrs.define
class World:
    """A postoffice LAB/PO1 with the user Zoë and the group Choir, that knows LAB/PO2, SMTP, and a node of PROFS."""

    po: Maildata

    def file(self, text: str, **how: Any) -> Imported:
        return importing.run_file(self.po, lambda: float(NOW), text.encode("cp850"), **how)

    def extract(self, **what: Any) -> list[str]:
        """The lines of an extract, names and addresses apart."""
        lines = importing.extract(self.po, **what).data.decode("cp850").splitlines()
        return [" ".join(line.split()) for line in lines]

    def pol(self) -> dict[str, str]:
        """The external addresses in the postoffice's own list, by name."""
        with self.po.look() as files:
            there = PolBook.load(files, Book(files, TYPES), TYPES)
        return {entry.name: f"{entry.type}:{entry.address}" for entry in there.entries.values()}

    def lost(self) -> list[str]:
        """The names in the postoffice's own list whose address is gone."""
        with self.po.look() as files:
            return [reject.raw for reject in PolBook.load(files, Book(files, TYPES), TYPES).lost]

    def problems(self) -> list[str]:
        """What the check of the whole postoffice finds."""
        with self.po.look() as files:
            return [str(each) for each in tree.check(files)]


def make(root: Path) -> World:
    """See `World`."""
    po = tree.create(root, network="LAB", postoffice="PO1", durable=False)
    with po.change() as change:
        networks.add_postoffice(change, "LAB/PO2")
        networks.add_gateway(change, "SMTP")
        networks.add_gateway(change, "PROFS", "GATE")
        networks.add_postoffice(change, "GATE/N1", kind="PROFS")
        users.add_users(change, [NewUser(name="Zoë", mailbox="ZOE")])
        groups.add_group(change, "Choir", "CHOIR", ["ZOE"])
        conf = read_reqconf(change)
        write_reqconf(change, attrs.evolve(conf, server="LAB/PO2", imports=False, exports=False, templates_in=True))
    return World(po)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A new postoffice."""
    return make(tmp_path / "po1")


FOUR = (
    "A Ann\tPCM:LAB/PO2/ANN\r\nA Eve\tSMTP:eve@x.example\r\nA Host\tPROFS:GATE/N1/HOST\r\nA Fay\tSMTP:fay@x.example\r\n"
)

# -- -a: the own list ------------------------------------------------------------------------------------------------


def test_addresses_come_into_the_own_list_when_told(world: World) -> None:
    """`-a` (KB Q124044): of every type; without it none do. Users and groups stay, and the whole is sound."""
    world.file(FOUR)
    assert {} == world.pol()
    world.file(FOUR, own_list=True)
    assert {
        "Ann": "MS:LAB/PO2/ANN",
        "Eve": "SMTP:eve@x.example",
        "Fay": "SMTP:fay@x.example",
        "Host": "PROFS:GATE/N1/HOST",
    } == world.pol()
    assert [] == world.problems()
    own = [
        *("A Ann PCM:LAB/PO2/ANN", "A Choir PCM:LAB/PO1/CHOIR", "A Eve SMTP:eve@x.example"),
        *("A Fay SMTP:fay@x.example", "A Host PROFS:GATE/N1/HOST", "A Zoë PCM:LAB/PO1/ZOE"),
    ]
    assert own == world.extract()


def test_the_global_list_has_each_of_them_once(world: World) -> None:
    """An address that stands in its own list and in the postoffice's is one name to people."""
    world.file(FOUR, own_list=True)
    with world.po.change() as change:
        gal.rebuild(change)
    with world.po.look() as files:
        names = [each.name for each in gal.read_gal(files)]
    assert ["Ann", "Choir", "Eve", "Fay", "Host", "Zoë"] == names


def test_who_is_modified_stays_in_the_own_list(world: World) -> None:
    """KB Q118447: a modify with `-a` once removed them. Another address, too, and a modify by the name alone."""
    world.file(FOUR, own_list=True)
    world.file(
        "M Ann\tPCM:LAB/PO2/ANN\r\n  Anna\tPCM:LAB/PO2/ANN\r\n"
        "M Eve\tSMTP:eve@x.example\r\n  Eve\tSMTP:eva@x.example\r\nD Fay\tSMTP:fay@x.example\r\n",
        own_list=True,
    )
    expected = {"Anna": "MS:LAB/PO2/ANN", "Eve": "SMTP:eva@x.example", "Host": "PROFS:GATE/N1/HOST"}
    assert (expected, []) == (world.pol(), world.problems())


def test_a_name_is_there_once(world: World) -> None:
    """27 when a user, a group or another address has it (KB Q96001 #27); the address comes into its own list."""
    world.file("A Eve\tSMTP:eve@x.example\r\n", own_list=True)
    outcome = world.file(
        "A zoë\tPCM:LAB/PO2/ZOE\r\nA Choir\tPCM:LAB/PO2/C\r\nA EVE\tPCM:LAB/PO2/EVE\r\n", own_list=True
    )
    assert [(1, 27), (2, 27), (3, 27)] == [(each.line, each.code) for each in outcome.rejects]
    assert {"Eve": "SMTP:eve@x.example"} == world.pol()
    assert 3 == len(world.extract(name="LAB/PO2"))


def test_a_replace_record_leaves_the_own_list_and_the_switch_does_not(world: World) -> None:
    """KB Q112285: the only difference between an R line and `-r` with `-a`."""
    world.file(FOUR, own_list=True)
    world.file("R SMTP:\r\nA Eve\tSMTP:eve@x.example\r\n", own_list=True)
    assert ["Ann", "Eve", "Fay", "Host"] == sorted([*world.pol(), *world.lost()])
    world.file("A Gus\tSMTP:gus@x.example\r\n", own_list=True, replace=True)
    assert ["Ann", "Gus", "Host"] == sorted(world.pol())
    assert [] == world.problems()


def test_without_the_own_list_a_replace_leaves_it(world: World) -> None:
    """`-r` alone is about the lists of others."""
    world.file(FOUR, own_list=True)
    world.file("A Bob\tPCM:LAB/PO2/BOB\r\n", replace=True)
    assert "MS:LAB/PO2/ANN" == world.pol()["Ann"]
    assert ["A Bob PCM:LAB/PO2/BOB"] == world.extract(name="LAB/PO2")


@pytest.mark.dx("T-110")
def test_directory_synchronization_leaves_the_addresses_in_the_own_list_right(world: World) -> None:
    """KB Q137865: a list that comes anew, in another order and with others in it, changes no address of theirs."""
    world.file(FOUR, own_list=True)
    before = world.pol()
    fresh = "R SMTP:\r\nA Aaron\tSMTP:aaron@x.example\r\nA Fay\tSMTP:fay@x.example\r\nA Eve\tSMTP:eve@x.example\r\n"
    world.file(fresh)
    assert before == world.pol()


@pytest.mark.dx("T-110")
def test_an_address_that_is_gone_is_no_other_one_later(world: World) -> None:
    """A name of the own list whose address has left its list is told as 48, and whoever comes next is not it."""
    world.file(FOUR, own_list=True)
    world.file("D Fay\tSMTP:fay@x.example\r\n")
    world.file("A Gus\tSMTP:gus@x.example\r\n")
    assert (["Fay"], "Fay" in world.pol()) == (world.lost(), False)
    assert [("Fay", 48)] == [(each.raw, each.code) for each in importing.extract(world.po).rejects]
    world.file("A Fay\tSMTP:fay@x.example\r\n", own_list=True)
    assert ([], "SMTP:fay@x.example") == (world.lost(), world.pol()["Fay"])


def test_who_has_no_place_does_not_come_into_the_own_list(world: World) -> None:
    """What the lists refuse (32, 44, 66, and what cannot be written) is refused here."""
    text = "A Joe\tPCM:LAB/PO9/JOE\r\nA Fax\tFAX:a~b~c~1\r\nA Me\tPCM:LAB/PO1/ME\r\nA Kanji\tSMTP:x@y\r\n"
    outcome = world.file(text, own_list=True)
    assert [32, 44, 66] == [each.code for each in outcome.rejects]
    assert {"Kanji": "SMTP:x@y"} == world.pol()


def pol_files(files: Files) -> tuple[bytes | None, ...]:
    """The bytes of the own list."""
    return tuple(files.read(name) for name in (NAMES, SHADOW, NETPO))


@settings(max_examples=25)
@given(st.data())
def test_the_own_list_follows_any_transactions(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Whatever comes with `-a`, the external part is what the lists have of it, names are unique, nothing is broken."""
    world = make(tmp_path_factory.mktemp("po"))
    names = st.sampled_from(["Ann", "Bob", "Zoë", "Choir", "ann"])
    where = st.sampled_from(["PCM:LAB/PO2/A", "PCM:LAB/PO2/B", "SMTP:a@x", "SMTP:b@x", "PROFS:GATE/N1/A"])
    for _ in range(data.draw(st.integers(1, 6))):
        verb = data.draw(st.sampled_from("AMD"))
        text = f"{verb} {data.draw(names)}\t{data.draw(where)}\r\n"
        if verb == "M":
            text += f"  {data.draw(names)}\t{data.draw(where)}\r\n"
        world.file(text, own_list=data.draw(st.sampled_from([True, True, False])))
    with world.po.look() as files:
        rows = [row.name.casefold() for row in read_pol(files)]
    assert len(set(rows)) == len(rows)
    assert {"zoë", "choir"} <= set(rows)
    assert [] == world.problems()


def test_a_run_that_changes_nothing_writes_nothing(world: World) -> None:
    """The same addresses again."""
    world.file(FOUR, own_list=True)
    with world.po.look() as files:
        before = pol_files(files)
    world.file(FOUR, own_list=True)
    with world.po.look() as files:
        assert before == pol_files(files)


# -- -g: one list of many --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ("smtp", ["Eve", "Fay"]),
        ("SMTP:", ["Eve", "Fay"]),
        ("PCM:lab\\po2", ["Ann"]),
        ("PCM", ["Ann"]),
        ("PROFS:GATE/N1", ["Host"]),
        ("PROFS:GATE/N2", []),
    ],
)
def test_only_one_list_is_meant(world: World, selector: str, taken: list[str]) -> None:
    """`-g` with `-f` (KB Q118447, Q101933): records about other lists are left out, and counted."""
    outcome = world.file(FOUR, selector=selector, own_list=True)
    assert (taken, 4 - len(taken)) == (sorted(world.pol()), outcome.skipped)


def test_replacing_the_list_that_is_meant(world: World) -> None:
    """`-r -g`: it is emptied also when nothing in the file is about it; the others stay."""
    world.file(FOUR)
    world.file("A Bob\tPCM:LAB/PO2/BOB\r\n", replace=True, selector="SMTP")
    assert ([], ["A Ann PCM:LAB/PO2/ANN"]) == (world.extract(type_="SMTP"), world.extract(name="LAB/PO2"))


def test_a_type_that_is_none(world: World) -> None:
    """16, before anything is done."""
    with pytest.raises(AddressError, match=r"\[16\]"):
        world.file(FOUR, selector="TELEX")
    assert [] == world.extract(name="LAB/PO2")


# -- -l: the error log -----------------------------------------------------------------------------------------------

FAULTY = (
    "A Ann\tPCM:LAB/PO2/ANN\r\n"
    "A Eve\tTELEX:1\r\n"
    "A Bob\tPCM:LAB/PO2/BOB\r\n"
    "- Phone:635\r\n"
    "T PCM:LAB/PO2\r\n"
    " Phone:~10~25~A~~\r\n"
    " Room:~10~wide~A~~\r\n"
    "M Fay\tSMTP:fay@x\r\n"
    "- Phone:/1\r\n"
    "?\r\n"
)


def log_of(world: World) -> Path:
    """The log when nothing else is said."""
    return importlog.default_log(world.po)


def test_the_error_log(world: World) -> None:
    """KB Q117260: each fault in a comment with its number and line, then the record as it came, whole."""
    world.file(FAULTY, templates=True, log=log_of(world))
    text = log_of(world).read_bytes().decode("cp850")
    lines = [line.partition(" | ")[2] or line for line in text.splitlines()]
    assert [
        "# What could not be used of a file; mend it and import this file",
        "Warning[ 16] unknown address type (2)",
        "A Eve\tTELEX:1",
        "Warning[ 22] expecting '/' in template information line (4)",
        "A Bob\tPCM:LAB/PO2/BOB",
        "- Phone:635",
        "Warning[ 38] error loading postoffice template: 'Room:~10~wide~A~~', in the template of T MS:LAB/PO2 (5)",
        "# The rest of this template was taken; it would take all values away if it were imported again.",
        "#T MS:LAB/PO2",
        "# Phone:~10~25~A~~",
        "# Room:~10~wide~A~~",
        "Warning[ 47] transaction has no effect (8)",
        "Warning[ 24] template information not allowed for this address type (9)",
        "M Fay\tSMTP:fay@x",
        "- Phone:/1",
        "Warning[ 12] invalid character in column 1 (10)",
        "?",
    ] == lines


def test_a_mended_log_brings_exactly_its_records(world: World) -> None:
    """Importing the log again takes what was mended and nothing that had been good, until nothing is left."""
    log = log_of(world)
    world.file(FAULTY, templates=True, log=log)
    mended = (
        log.read_text("cp850").replace("TELEX:1", "SMTP:eve@x").replace("Phone:635", "Phone:/635").replace("?", "#")
    )
    outcome = world.file(mended.replace("\n", "\r\n"), templates=True, log=log)
    assert {"A": 2} == {verb.value: count for verb, count in outcome.counts.items()}
    assert (["A Ann PCM:LAB/PO2/ANN", "A Bob PCM:LAB/PO2/BOB"], ["A Eve SMTP:eve@x"]) == (
        world.extract(name="LAB/PO2"),
        world.extract(type_="SMTP"),
    )
    assert "- Phone:/635" in world.extract(name="LAB/PO2", templates=True)
    assert ["M Fay\tSMTP:fay@x", "- Phone:/1"] == records_in(log)
    world.file(log.read_text("cp850").replace("M Fay", "#").replace("- ", "#"), log=log)
    assert [] == records_in(log)


def records_in(log: Path) -> list[str]:
    """The lines of a log that are no comments."""
    return [line for line in log.read_text("cp850").splitlines() if not line.startswith("#")]


def test_the_log_of_a_queue(world: World) -> None:
    """`-q -l`: its records, without their numbers, so that they can be imported from a file."""
    texts = ("A Ann\tPCM:LAB/PO2/ANN", "A Eve\tTELEX:1", "A Me\tPCM:LAB/PO1/ME\r\n- Phone:/1")
    with world.po.change() as change:
        queue.append(change, SRVTRANS, [QueueRecord(n, NOW, text) for n, text in enumerate(texts, 5)])
    importing.run_queue(world.po, lambda: float(NOW), log=log_of(world))
    assert ["A Eve\tTELEX:1", "A Me\tPCM:LAB/PO1/ME", "- Phone:/1"] == records_in(log_of(world))


@pytest.mark.dx("T-224")
@pytest.mark.parametrize("switches", [("-q",), ("-fin.txt",), ("-x",)])
def test_a_log_that_cannot_be_opened_is_an_error_before_anything_is_done(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switches: tuple[str, ...]
) -> None:
    """KB Q102926: the original went on without a word. Here the log is named, and nothing has been done."""
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text(FOUR)
    before = {path: path.read_bytes() for path in world.po.root.rglob("*") if path.is_file()}
    result = run(world, *switches, f"-l{tmp_path}/lgo/import.log")
    assert isinstance(result.exception, TransportError)
    assert "lgo/import.log: No such file or directory" in str(result.exception)
    assert before == {path: path.read_bytes() for path in world.po.root.rglob("*") if path.is_file()}


LINES = st.sampled_from(
    [
        *(
            "A Ann\tPCM:LAB/PO2/ANN",
            "A Bob\tPCM:LAB/PO9/BOB",
            "- Phone:/1",
            "- Phone:1",
            "A Eve\tSMTP:eve@x",
            "?",
            "&x=",
        ),
        *("M Ann\tPCM:LAB/PO2/ANN", "  Anna\tPCM:LAB/PO2/ANN", "D Bob\tPCM:LAB/PO2/BOB", "#", "", "A Long" + 30 * "x"),
        *(
            "T PCM:LAB/PO2",
            " Phone:~10~25~A~~",
            " bad",
            "R FAX:",
            "R SMTP:",
            "T SMTP:",
            "A Joe",
            "A\tJoe\tMS:LAB/PO2/J",
        ),
    ]
)


@settings(max_examples=40)
@given(st.lists(LINES, max_size=12))
def test_every_reject_is_in_the_log_with_its_record(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    """Of any text the log has as many faults as there were rejects, and only lines of that text beside comments."""
    world = make(tmp_path_factory.mktemp("po"))
    outcome = world.file("\r\n".join(lines), templates=True, log=log_of(world))
    assert len(outcome.rejects) == sum(len(each.faults) for each in outcome.left)
    # A T record is written with the name that its type has here.
    assert set(records_in(log_of(world))) <= {*lines, "T MS:LAB/PO2"}
    assert {reject.line for reject in outcome.rejects} == faults_in(log_of(world))


def faults_in(log: Path) -> set[int]:
    """The line numbers that a log tells."""
    lines = (line for line in log.read_text("cp850").splitlines() if line.startswith("#") and " | " in line)
    return {int(line.rpartition("(")[2].rstrip(")")) for line in lines}


def test_names_without_addresses_are_told_in_the_log_of_an_extract(world: World, tmp_path: Path) -> None:
    """`-x -l`: the rest is extracted."""
    world.file(FOUR, own_list=True)
    world.file("D Fay\tSMTP:fay@x.example\r\n")
    result = run(world, "-x", f"-f{tmp_path}/out.txt", "-l")
    assert "5 entries written" in result.output
    assert "Warning[ 48] expecting physical address: Fay" in log_of(world).read_text("cp850")


# -- RESYNC, and the server ------------------------------------------------------------------------------------------


def test_a_gateway_that_is_not_here_is_harmless_with_resync(world: World) -> None:
    """KB Q122751: 44 once for its type; everything else counts, the numbers, too, and the file is gone."""
    texts = ("R PCM:LAB/PO2", "A Ann\tPCM:LAB/PO2/ANN", "R FAX:", "A Fax\tFAX:a~b~c~1", "R SMTP:")
    world.file("A Eve\tSMTP:eve@x.example\r\n")
    with world.po.change() as change:
        head = queue.resync_header(Numbers(imp=3, req=9, srv=80), NOW)
        change.write(RESYNC, queue.write_queue([head, *(QueueRecord(80, NOW, text) for text in texts)]))
    outcome = importing.run_queue(world.po, lambda: float(NOW))
    assert (Numbers(imp=3, req=9, srv=80), [], False) == (outcome.resync, list(outcome.created), outcome.asks)
    assert ["A Ann PCM:LAB/PO2/ANN"] == world.extract(name="LAB/PO2")
    assert ["A Eve SMTP:eve@x.example"] == world.extract(type_="SMTP")
    with world.po.look() as files:
        log = (files.read("LOG/DIRSYNC.LOG") or b"").decode("cp850")
        assert None is files.read(RESYNC)
    assert [
        "Warning[ 44] gateway not installed: FAX is not asked for here; 2 records of GLB/RESYNC.GLB are left out"
    ] == [line.partition(" | ")[2] for line in log.splitlines() if "[ 44]" in line]


@pytest.mark.parametrize("switches", [("-s",), ("-st", "-fx.txt")])
def test_only_a_server_extracts_everything(world: World, switches: tuple[str, ...]) -> None:
    """67, and no file is written."""
    result = run(world, *switches)
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("[67] resync extract is possible at the server only: LAB/PO1 has no ")
    assert not Path("x.txt").exists()


# -- the command -----------------------------------------------------------------------------------------------------


def run(world: World, *switches: str) -> Result:
    """Run `dxa msmail import`."""
    return CliRunner().invoke(command, ["ADMIN", *switches, "-y", "-d", str(world.po.root)])


def test_switches_as_the_dos_program_took_them(world: World, tmp_path: Path) -> None:
    """Joined to their values, in any case, and next to each other (KB Q118447)."""
    path = tmp_path / "IMPORT2.TXT"
    path.write_bytes(FOUR.encode())
    line = [f"-D{world.po.root}", "-c", "-t", "-Gsmtp", "-A", f"-F{path}", "-L", "-V", "-n", "-Y", "-ppassword"]
    result = CliRunner().invoke(command, ["admin", *line])
    assert ("Import is finished.", 0) == (result.output.splitlines()[-1], result.exit_code)
    assert ["Eve", "Fay"] == sorted(world.pol())
    assert log_of(world).exists()


def test_help_as_the_dos_program_showed_it() -> None:
    """`-?`."""
    assert CliRunner().invoke(command, ["-?"]).output.startswith("Usage: ")


def pairs() -> Iterator[tuple[str, str, str]]:
    """Each way of running, and each switch that it ignores, with what is said (KB Q119016)."""
    ways = {"-e": ("-e", "acglqrtvx"), "-q": ("-q", "acfgrtx"), "-x": ("-x", "acr")}
    for way, (switch, ignored) in ways.items():
        yield from ((way, each, f"{switch} does not look at -{each}.") for each in ignored)


@pytest.mark.parametrize(("way", "other", "text"), list(pairs()))
def test_a_switch_that_is_ignored_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, other: str, text: str
) -> None:
    """The table of KB Q119016: it is said, and all is as without that switch."""
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_bytes(FOUR.encode())
    file = ["-fin.txt"] if way == "-e" else []
    value = {"f": "-fin.txt", "g": "-gSMTP", "x": "-x", "l": "-llog.txt"}.get(other, f"-{other}")
    plain, both = (outcome(tmp_path / each, [way, *file, *more]) for each, more in (("one", []), ("two", [value])))
    assert text in both[0]
    assert plain[1:] == both[1:]


def outcome(root: Path, switches: list[str]) -> tuple[Any, ...]:
    """What a run in a new postoffice prints, and its files but logs and dxa's corner."""
    result = run(make(root), *switches)
    assert 0 == result.exit_code, result.output
    found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    kept = {name: data for name, data in found.items() if not name.startswith(("LOG/", "DXA/"))}
    del kept[REQTRANS]  # its stamps are those of the clock
    return " ".join(result.output.split()), kept, Path("log.txt").exists()


def test_rejects_are_values(world: World) -> None:
    """What a run leaves is the same as what the reader of the text refuses, when the lists refuse nothing."""
    text = "A Eve\tTELEX:1\r\n?\r\n"
    refused = read_text(text.encode(), types=TYPES).rejects
    assert [(each.line, each.code) for each in refused] == [
        (reject.line, reject.code) for reject in itertools.chain.from_iterable(x.faults for x in world.file(text).left)
    ]
    assert all(isinstance(each, Reject) for each in refused)


def test_the_server_s_text_needs_all_lists(world: World, tmp_path: Path) -> None:
    """63 at a server that nobody has told anything: whoever took the text would lose everybody."""
    from dxa_msmail.programs.srvmain.admin import register_requestor

    with world.po.change() as change:
        write_reqconf(change, attrs.evolve(read_reqconf(change), server=""))
    register_requestor(world.po, "LAB/PO2")
    with pytest.raises(UsageError, match=r"\[63\] resync extract failed: not all requestors have told"):
        foreign.foreign_text(world.po)
