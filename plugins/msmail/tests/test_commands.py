import fcntl
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from dxa.address import AddressTypes
from dxa.connector import LinkContext, Parcel, ParcelKind, PeerInfo
from dxa.dirsync.messages import Reply
from dxa.entry import Entry, Verb, list_entry
from dxa.errors import ConfigError, LockedError, UsageError
from dxa.host import Host
from dxa.ledger.answer import Step, number_steps
from dxa_msmail import plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.commands.standalone import requestor
from dxa_msmail.requestor.config import load
from dxa_msmail.requestor.requestor import SourceEmpty
from dxa_msmail.server import MsMailServer, ServerOptions, open_server


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(requestor, arguments)


def shown(*arguments: str) -> str:
    """What a command prints when all goes well."""
    result = run(*arguments)
    assert None is result.exception, result.output
    return result.output


def plain(*arguments: str) -> Any:
    """What a command prints as JSON."""
    return json.loads(shown(*arguments, "--json"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A requestor's folder, with two people in it."""
    folder = tmp_path / "po1"
    (tmp_path / "secret").write_text("word\n")
    (tmp_path / "secret").chmod(0o600)
    make = ("--network", "LAB", "--postoffice", "PO1", "--server", "INSTITUTE/BERLIN")
    shown("init", str(folder), *make, "--types", "PCM", "--password-ref", "file:../secret")
    (folder / "ADDRESS.TXT").write_bytes("A Zoë\tPCM:LAB/PO1/ZOE\r\nA Yan\tPCM:LAB/PO1/YAN\r\n".encode("cp850"))
    return folder


def server(folder: Path) -> MsMailServer:
    """The server that reads what this requestor writes."""
    options = ServerOptions(inbox="mail/out", outbox="mail/in", patience=0)
    types = AddressTypes(ADDRESS_TYPES)
    return open_server(
        LinkContext(link="pc", options=options, folder=folder, types=types, site=("Institute", "Berlin"))
    )


def answer(folder: Path) -> None:
    """Let the server answer with one list of one entry."""
    ann = Entry("", "MS", "LAB/PO2", "Ann", "LAB/PO2/ANN")
    steps = [Step(Verb.REPLACE, None, list_entry("MS", "LAB/PO2")), Step(Verb.ADD, None, ann)]
    parcel = Parcel(
        id="0000000102-x",
        peer=PeerInfo(id="pc/LAB/PO1", name="LAB/PO1"),
        kind=ParcelKind.FULL,
        content=number_steps(steps, 101, "k"),
        reply=Reply(r=3, s=102, was=0, i=1),
    )
    list(server(folder).deliver(parcel))


def test_init_makes_a_commented_configuration(folder: Path) -> None:
    """Every key stands in the file, with its meaning; the values given are set and the others are defaults."""
    config = load(folder)
    text = (folder / "requestor.toml").read_text()

    assert ("LAB/PO1", "INSTITUTE/BERLIN", ("PCM",), True) == (
        config.name,
        config.server,
        config.types,
        config.status_report,
    )
    assert config.password
    assert config.password.matches("word")
    assert '# inbox = "mail/in"\n' in text
    assert "naive" not in text


def test_every_commented_default_is_the_default(folder: Path) -> None:
    """Taking away the # in front of a setting changes nothing."""
    path = folder / "requestor.toml"
    before = load(folder)
    lines = path.read_text().splitlines()
    uncommented = [line.removeprefix("# ") if " = " in line and "password" not in line else line for line in lines]
    path.write_text("\n".join(uncommented))

    assert before == load(folder)


def test_init_overwrites_nothing(folder: Path) -> None:
    """A folder that holds a requestor is left as it is."""
    result = run("init", str(folder), "--network", "A", "--postoffice", "B", "--server", "C/D")

    assert isinstance(result.exception, UsageError)
    assert "LAB/PO1" == load(folder).name


def test_init_checks_what_it_is_given(tmp_path: Path) -> None:
    """All that is wrong is said at once, by key, and nothing is made."""
    result = run(
        "init", str(tmp_path / "x"), "--network", "SMTP", "--postoffice", "B!", "--server", "C", "--types", "Y"
    )

    assert isinstance(result.exception, ConfigError)
    assert ["network", "postoffice", "server", "types"] == [p.partition(":")[0] for p in result.exception.problems]
    assert [] == list(tmp_path.iterdir())


def test_a_cycle(folder: Path) -> None:
    """T1 sends and T3 takes in; numbers and names can be seen at every point."""
    sent = plain("t1", "-d", str(folder))
    (report,) = server(folder).collect({})
    answer(folder)
    received = plain("t3", "-d", str(folder))

    assert {"r": 3, "was": 0, "s": 0, "i": 1, "imports": True} == sent["request"]
    assert (True, 3, []) == (sent["exported"], sent["sent"], sent["rejects"])
    assert ("LAB/PO1", "word", 3) == (report.sender, report.password, len(report.transactions))
    assert [{"r": 3, "s": 102, "was": 0, "i": 1}] == received["applied"]
    assert {"R": 1, "A": 1} == received["counts"]
    assert ["Ann", "Yan", "Zoë"] == [entry["name"] for entry in plain("gal", "-d", str(folder))["entries"]]

    state = plain("status", "-d", str(folder))

    assert (3, 3, 102, 1, 0) == tuple(state[key] for key in ("r", "acknowledged", "s", "i", "waiting"))
    assert [{"type": "MS", "list": "LAB/PO2", "entries": 1}] == state["lists"]


def test_what_is_shown(folder: Path) -> None:
    """People read sentences and tables."""
    first = shown("cycle", "-d", str(folder))
    answer(folder)
    second = shown("cycle", "-d", str(folder))

    assert "T3: no answer has arrived." in first
    assert "T1: R=3 (was 0), S=0, I=1: 3 sent, the whole own list." in first
    assert "T3: R=3 S=102 (was 0), I=1, everything: 1 list replaced, 1 added." in second
    assert "T1: R=3 (was 3), S=102, I=1: 0 sent." in second
    assert "Ann" in shown("gal", "-d", str(folder))
    assert "R=3 (3 acknowledged), S=102, I=1" in shown("status", "-d", str(folder))


def test_wishes(folder: Path) -> None:
    """An import and an export can be asked for, and show in the status until they are under way."""
    plain("t1", "-d", str(folder))
    answer(folder)
    plain("t3", "-d", str(folder))
    shown("import", "-d", str(folder))
    shown("export", "-d", str(folder))
    state = plain("status", "-d", str(folder))
    sent = plain("t1", "-d", str(folder))

    assert (True, True) == (state["wants_import"], state["wants_export"])
    assert (True, True, 3) == (sent["exported"], sent["request"]["imports"], sent["sent"])


def test_an_empty_list_needs_a_word(folder: Path) -> None:
    """A list that is suddenly empty is refused until --allow-empty says that it is meant."""
    plain("t1", "-d", str(folder))
    (folder / "ADDRESS.TXT").write_bytes(b"")
    refused = run("t1", "-d", str(folder))

    assert isinstance(refused.exception, SourceEmpty)
    assert 5 == plain("t1", "-d", str(folder), "--allow-empty")["request"]["r"]


def test_bad_lines_are_shown(folder: Path) -> None:
    """Lines that cannot be used are listed with line and number."""
    with (folder / "ADDRESS.TXT").open("ab") as file:
        file.write(b"A Bad\tNOPE:x\r\n")

    assert "unknown address type" in shown("t1", "-d", str(folder))


def test_two_processes_do_not_meet(folder: Path) -> None:
    """While one process works on a requestor another one is turned away with a clear message."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("t1", "-d", str(folder))

    assert isinstance(result.exception, LockedError)


def test_a_folder_that_is_no_requestor(tmp_path: Path) -> None:
    """The message says how to make one."""
    result = run("status", "-d", str(tmp_path))

    assert isinstance(result.exception, UsageError)
    assert "dxa msmail requestor init" in str(result.exception)


def test_the_configuration_is_checked_as_a_whole(folder: Path) -> None:
    """Every problem is named by its key."""
    (folder / "requestor.toml").write_text(
        'network = "LAB"\nserver = "X"\ncode_page = "cp0"\nline_end = "NL"\nextra = 1\n'
    )
    result = run("status", "-d", str(folder))

    assert isinstance(result.exception, ConfigError)
    assert {"postoffice", "server", "code_page", "line_end", "extra"} == {
        problem.partition(":")[0] for problem in result.exception.problems
    }


def commands(group: click.Group) -> list[click.Command]:
    """All commands of a group."""
    return list(group.commands.values())


def test_every_command_is_explained() -> None:
    """Every command and option has its help."""
    options = [param for each in commands(requestor) for param in each.params if isinstance(param, click.Option)]

    assert [] == [each.name for each in commands(requestor) if not each.help]
    assert [] == [option.name for option in options if not option.help]


def test_the_plugin_as_the_host_sees_it() -> None:
    """All hooks give what the host accepts, and the commands stand below the plugin's name."""
    host = Host({"msmail": plugin}, discover=False)

    assert {"msmail"} <= set(host.connectors())
    assert "MS" == host.connectors()["msmail"].traits.types[0]
    assert {"MS", "PROFS", "X400"} <= {kind.name for kind in host.address_types()}
    assert dict(plugin.dxa_commands()) == host.commands()["msmail"]
    assert "msmail" == next(iter(host.decoders()))
    assert ["msmail"] == [scene.name for scene in host.scenes()]
    assert [] == [info for info in host.plugins() if info.error]


def test_the_plugin_is_light() -> None:
    """Finding the plugin's commands imports neither connector nor codecs."""
    import subprocess
    import sys

    code = (
        "import sys, dxa_msmail.plugin as p; p.dxa_commands(); "
        "print([m for m in sys.modules if m.startswith('dxa_msmail.')], 'attrs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "['dxa_msmail.plugin'] False" == done.stdout.strip()
