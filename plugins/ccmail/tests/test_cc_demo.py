"""The scenes of `dxa demo`, mostly played with no other plugin: what they show, and leave to be explored."""

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

from dxa.cli.run import run
from dxa.cli.session import Session
from dxa.demo import CompletedCommand
from dxa.host import Host
from dxa_ccmail import addresses, plugin
from dxa_ccmail.demo.people import BOARD, FOLDER, GONE, LIST, LOST, NEWCOMER, PEOPLE, RENAMED, WERFT

#: What a reader can type again, because it only looks.
LOOKING = re.compile(r"dxa (-C site (status|recipients list|rejects list)|ccmail simulate edit show) ?.*")


def dxa(folder: Path, arguments: Sequence[str], *, alone: bool = True) -> CompletedCommand:
    """Run a command in a folder, with this plugin alone, or with all that are installed."""
    session = Session()
    if alone:
        session._host = Host({"ccmail": plugin}, discover=False)
    printed = io.StringIO()
    with chdir(folder), redirect_stdout(printed), redirect_stderr(printed):
        status = run(arguments, session)
    return CompletedCommand(status, printed.getvalue())


@attrs.frozen
class Played:
    """The demo's folder, and what it printed."""

    folder: Path
    printed: str

    def json(self, *arguments: str) -> Any:
        """What a command says, typed in the demo's folder."""
        return json.loads(dxa(self.folder, [*arguments, "--json"]).output)

    def part(self, heading: str) -> str:
        """What was printed below a heading."""
        return self.printed.split(f"\n{heading}\n===")[1].split("\n===")[0]

    def commands(self) -> Iterator[str]:
        """The command lines that were shown, and those that were named at the end."""
        text = self.printed.replace("\\\n", " ")
        yield from re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        yield from re.findall(r"^  (\S.*?) +# ", text, re.MULTILINE)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo, played."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        done = dxa(folder, ["demo", "here"])
    assert 0 == done.exit_status, done.output
    return Played(folder / "here", done.output)


def test_both_sides_agree_in_the_end(played: Played) -> None:
    """Everybody of the post office is at the site, and the site's people are behind its post office in cc:Mail."""
    office = played.json("ccmail", "simulate", "edit", "show", FOLDER)
    behind = {entry["name"] for entry in office["entries"] if entry["addr"].startswith("HQ ")}
    own = {entry["name"] for entry in office["entries"] if entry["addr"] == WERFT}
    told = {row["name"] for row in played.json("-C", "site", "recipients", "list", "WERFT")["recipients"]}

    assert set(PEOPLE) - {GONE} == own
    assert {NEWCOMER, RENAMED[1], "All Staff", "Mueller, Juergen"} <= behind
    assert not {"Scanner Room 2", "Dvorakova, Bozena", "Works Council (confidential)"} & behind
    assert len(own) == len(told - {LIST})
    assert {LIST, "Käthe Brückner", "Bjørn Ærø", "Gate 3"} <= told
    assert not {"Jens Petersen"} & told


def test_the_ten_steps_are_shown(played: Played) -> None:
    """All of them, with the numbers of the original's events, of a first cycle and of one without changes."""
    for heading in ("The ten steps of a cycle", "A cycle in which nothing has changed"):
        shown = " ".join(played.part(heading).split())
        single = {int(number) for number in re.findall(r"step (\d+) of 10", shown)}
        pairs = {int(n) for pair in re.findall(r"steps (\d+) and (\d+) of 10", shown) for n in pair}

        assert set(range(1, 11)) == single | pairs
        assert {"14001", "67", "14031"} <= set(re.findall(r"\[(\d+)\]", shown))
    assert "CCMDEL.IMP and CCMDIR.IMP are empty" in shown


def test_nobody_is_harmed_by_an_export_that_is_not_whole(played: Played) -> None:
    """It is said why, and the recipients are those that they were; as well when most of a post office is gone."""
    cut = " ".join(played.part("An export that was cut short, and an empty one").split())
    shrunken = " ".join(played.part("A post office that has suddenly shrunk").split())

    assert "the export ends inside a line" in cut
    assert "left no CCMDIR.EXP" in cut
    assert f"{len(LOST)} of 11 entries would be deleted" in shrunken
    for shown in (cut, shrunken):
        assert "Nobody was deleted meanwhile, and nobody made anew: all 11 are there as before." in shown


def test_what_is_shown_can_be_typed(played: Played) -> None:
    """Commands that only look work as they are shown, in the demo's folder; so do those that are named at the end."""
    lines = [line for line in played.commands() if LOOKING.fullmatch(line)]

    assert len(lines) > 5
    assert [] == [line for line in lines if dxa(played.folder, shlex.split(line)[1:]).exit_status]


def test_what_is_shown_fits(played: Played) -> None:
    """No line is wider than 80 columns, and none has a path of this machine."""
    assert [] == [line for line in played.printed.splitlines() if len(line) > 80]
    assert os.fspath(played.folder.parent) not in played.printed


def test_without_ms_mail_nothing_is_said_about_it(played: Played) -> None:
    """The scene looks at what the site is linked to."""
    assert "global address list" not in played.printed
    assert "At the site Jens Petersen is gone." in played.printed


def test_the_people_come_and_go_in_ms_mail_s_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MS Mail postoffices at the site all of them show who is in cc:Mail, and nobody who has left."""
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    done = dxa(tmp_path, ["demo", "here"], alone=False)
    rows = re.findall(r"^ (\S.*?)  +(yes|–)  +(yes|–)  +(yes|–)$", done.output, re.MULTILINE)
    listed, later = dict.fromkeys(row[0] for row in rows if set(row[1:]) == {"yes"}), {row[0]: row[1:] for row in rows}

    assert 0 == done.exit_status, done.output
    assert {"Käthe Brückner", "Jens Petersen", LIST, f"#{BOARD}", NEWCOMER, RENAMED[1]} <= listed.keys()
    assert ("–", "–", "–") == later["Jens Petersen"]
    assert [] == [line for line in done.output.splitlines() if len(line) > 80]


def test_the_people_are_what_cc_mail_could_have() -> None:
    """Every name of the scene is legal, has its letters in code page 850, and is there once."""
    names = [WERFT, LIST, BOARD, *PEOPLE]
    for name in names:
        addresses.check_name(name)
        name.encode("cp850")

    assert len(names) == len({name.casefold() for name in names})
    assert {*LOST, GONE} <= PEOPLE.keys()
