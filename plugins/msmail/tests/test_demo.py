"""The scene of `dxa demo`, played once for all tests: what it shows, and what it leaves to be explored."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.address import AddressTypes
from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.demo import CompletedCommand, Stage
from dxa.host import Host
from dxa_msmail import demo, importtext, plugin
from dxa_msmail.addresses import ADDRESS_TYPES
from dxa_msmail.importlines import NAME_LENGTH

POSTOFFICES = ("hafen", "labor", "archiv")
#: What a reader can type again, because it only looks.
LOOKING = re.compile(r"dxa (-C site (status|recipients list)|msmail (listds|postoffice (mail|gal|check))|dump) ?.*")


def dxa(folder: Path, arguments: Sequence[str]) -> CompletedCommand:
    """Run a command in a folder, with this plugin alone."""
    session = Session()
    session._host = Host({"msmail": plugin}, discover=False)
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        status = run(arguments, session)
    return CompletedCommand(status, printed.getvalue())


@attrs.frozen
class Played:
    """The demo's folder, what it printed, and the exit statuses of its commands."""

    folder: Path
    printed: str
    statuses: Sequence[tuple[str, int]]

    def json(self, *arguments: str) -> Any:
        """What a command below `dxa msmail` says, typed in the demo's folder."""
        return json.loads(dxa(self.folder, ["msmail", *arguments, "--json"]).output)

    def gal(self, postoffice: str) -> list[tuple[str, str]]:
        """Addresses and names in a postoffice's global address list."""
        rows = self.json("postoffice", "gal", f"postoffices/{postoffice}")["entries"]
        return sorted((row["address"], row["name"]) for row in rows)

    def commands(self) -> Iterator[str]:
        """The command lines that were shown, and those that were named at the end."""
        text = self.printed.replace("\\\n", " ")
        yield from re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        yield from re.findall(r"^  (\S.*?) +# ", text, re.MULTILINE)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo, played."""
    folder = tmp_path_factory.mktemp("demo")
    statuses = []
    original = Stage.program

    def program(stage: Stage, *arguments: str, **options: Any) -> CompletedCommand:
        done = original(stage, *arguments, **options)
        statuses.append((" ".join(arguments), done.exit_status))
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "program", program)
        done = dxa(folder, ["demo", "here"])
    assert 0 == done.exit_status, done.output
    return Played(folder / "here", done.output, statuses)


def test_all_agree_in_the_end(played: Played) -> None:
    """All global address lists are the same, but for each postoffice's own administrator, and show what was played."""
    lists = [played.gal(name) for name in POSTOFFICES]
    shared = [[row for row in rows if not row[0].endswith(f"/{demo.ADMIN}")] for rows in lists]
    addresses, names = (set(column) for column in zip(*shared[0], strict=True))

    assert shared[0] == shared[1] == shared[2]
    assert [1, 1, 1] == [len(rows) - len(shared[0]) for rows in lists]
    assert {f"MS:SUED/ARCHIV/{who.mailbox}" for who in (*demo.LOST, demo.LATECOMER)} <= addresses
    assert {"MS:NORD/LABOR/HARMSE", f"MS:NORD/HAFEN/{demo.NEWCOMER.mailbox}"} <= addresses
    assert not {"MS:NORD/HAFEN/HARMSE", "MS:SUED/ARCHIV/OBERBR"} & addresses
    assert {"Kröger-Weiß, Heike", "Müller, Jürgen"} <= names
    assert "Scanner Room 2" not in names
    assert max(map(len, names)) <= NAME_LENGTH
    assert played.printed.count("The global address lists are alike: ") == 2


def test_every_command_does_its_work(played: Played) -> None:
    """No command of the demo fails; one sync holds a plan."""
    held = [command for command, status in played.statuses if status]

    assert {0, 3} == {status for _, status in played.statuses}
    assert 1 == held.count("-C site sync")
    assert {"-C site sync"} == {command for command in held if not command.startswith("-C site plan")}


@pytest.mark.parametrize("folder", ["site/shadow", *(f"postoffices/{name}" for name in POSTOFFICES)])
def test_every_postoffice_is_sound(played: Played, folder: str) -> None:
    """`postoffice check` finds nothing, and no mail is left lying."""
    assert {"problems": []} == played.json("postoffice", "check", folder)
    assert {0} == {row["letters"] for row in played.json("postoffice", "mail", folder)["mailbags"]}


def test_numbers_agree_with_the_server_s(played: Played) -> None:
    """What each requestor remembers is what the shadow postoffice shows of it."""
    server = played.json("listds", "-s", "-d", "site/shadow")
    requestors = [played.json("listds", "-r", "-d", f"postoffices/{name}") for name in POSTOFFICES]

    assert [(r["acked"], r["srv"], r["imp"]) for r in requestors] == [
        (r["req"], r["srv"], r["imp"]) for r in server["requestors"]
    ]


def test_what_is_shown_can_be_typed(played: Played) -> None:
    """Commands that only look work as they are shown, in the demo's folder; so do those that are named at the end."""
    lines = [line for line in played.commands() if LOOKING.fullmatch(line)]
    others = [line for line in played.commands() if line.startswith("cat ")]

    assert len(lines) > 8
    assert [] == [line for line in lines if dxa(played.folder, shlex.split(line)[1:]).exit_status]
    assert others
    assert [] == [line for line in others if not (played.folder / shlex.split(line)[1]).is_file()]


def test_what_is_shown_fits(played: Played) -> None:
    """No line is wider than 80 columns, and none has a path of this machine."""
    assert [] == [line for line in played.printed.splitlines() if len(line) > 80]
    assert os.fspath(played.folder.parent) not in played.printed


def test_the_postoffices_are_what_ms_mail_could_have() -> None:
    """Every name and mailbox of the scene is legal, and names and mailboxes are unique in their list."""
    for name, people in demo.POSTOFFICES.items():
        rows = "".join(f"A {who.name}\tPCM:{name}/{who.mailbox}\r\n" for who in people).encode("cp850")
        records = importtext.read(rows, types=AddressTypes(ADDRESS_TYPES))

        assert ([], len(people)) == (records.rejects, len({who.name for who in people}))
        assert len(people) == len({who.mailbox for who in people})
