"""`dxa demo`, with the scene of the tests' own plugin."""

from __future__ import annotations

import shlex
from pathlib import Path
from unittest.mock import Mock

import pytest

from dxa.connector import Scene
from dxa.demo import MARKER, PEOPLE, Stage
from dxa.host import Host
from tests.cli.driver import Driver


def test_demo_plays_and_leaves_everything(dxa: Driver, tmp_path: Path) -> None:
    """The demo makes a site with people, plays the scenes, and ends with what to look at."""
    folder = tmp_path / "demo"
    done = dxa.bare("demo", str(folder))

    assert (0, "") == (done.status, done.err)
    assert "$ dxa -C site init --organization FABER --site HQ" in done.lines
    assert "$ dxa -C site sync" in done.lines
    assert "A link" in done.lines
    assert any(line.split() == ["Ann", "1"] for line in done.lines)
    assert f"  cd {folder}" in done.lines
    assert any(line.startswith("  dxa -C site status ") for line in done.lines)
    assert any(line.split() == ["dxa", "plugins", "#", "what", "there", "is"] for line in done.lines)
    assert (folder / "played").is_file()
    assert len(PEOPLE) == dxa.bare("-C", str(folder / "site"), "recipients", "list", "--json").json["total"]


def test_some_scenes_play_before_anybody_is_there(dxa: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scene whose order is below 0 says how the site is to be; the others find its people there."""
    found = []

    def look(stage: Stage) -> None:
        found.append(stage.dxa("recipients", "list", "--json", shown=False).json["total"])

    scenes = [Scene(name="early", order=-1, play=look), Scene(name="late", order=0, play=look)]
    monkeypatch.setattr(Host, "scenes", lambda _host: scenes)
    dxa.bare("demo", str(tmp_path / "demo"))

    assert [0, len(PEOPLE)] == found


def test_long_commands_are_continued(dxa: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is too long for a line is shown as a shell takes it, and what it has in quotes stays whole."""
    name = "Müller-Lüdenscheidt, Jürgen, of the house d'Este in Ferrara"

    def add(stage: Stage) -> None:
        stage.dxa("recipients", "add", "--name", name, "--alias", "juergenm-l", "--container", "Recipients/Ferrara")

    monkeypatch.setattr("dxa.demo.add_people", add)
    done = dxa.bare("demo", str(tmp_path / "demo"))
    shown = done.out[done.out.index("$ dxa -C site recipients add") :].partition("\nAdded")[0]
    typed = shlex.split(shown.replace("\\\n", " "))

    assert 3 == len(shown.splitlines())
    assert ["$", "dxa", "-C", "site", "recipients", "add", "--name", name] == typed[:8]


def test_a_command_that_fails_ends_the_demo(dxa: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo does not go on after a command that has failed, and says which it was."""
    monkeypatch.setattr("dxa.demo.add_people", lambda stage: stage.dxa("recipients", "show", "99", shown=False))
    done = dxa.bare("demo", str(tmp_path / "demo"))

    assert 1 == done.status
    assert "exit status 2 of `dxa -C site recipients show 99`" in done.err


def test_demo_goes_into_a_folder_of_its_own(dxa: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DIR the demo makes a folder where it is run."""
    monkeypatch.chdir(tmp_path)

    assert 0 == dxa.bare("demo").status
    assert (tmp_path / "dxa-demo" / MARKER).is_file()


def test_demo_touches_nothing_of_others(dxa: Driver, tmp_path: Path) -> None:
    """A folder that holds something else is refused, with --fresh as well."""
    (tmp_path / "mine").write_text("mine")
    for options in ([], ["--fresh"]):
        done = dxa.bare("demo", str(tmp_path), *options)

        assert 2 == done.status
        assert "the demo did not make it; choose another folder" in done.err
    assert "mine" == (tmp_path / "mine").read_text()


def test_demo_again(dxa: Driver, tmp_path: Path) -> None:
    """An earlier demo is kept, unless it is to be rebuilt."""
    folder = tmp_path / "demo"
    dxa.bare("demo", str(folder))
    (folder / "site" / "extra").write_text("")
    again = dxa.bare("demo", str(folder))

    assert 2 == again.status
    assert "holds an earlier demo; --fresh rebuilds it" in again.err
    assert (folder / "site" / "extra").is_file()
    assert 0 == dxa.bare("demo", str(folder), "--fresh").status
    assert not (folder / "site" / "extra").exists()


def test_demo_into_a_file(dxa: Driver, tmp_path: Path) -> None:
    """A file is no place for a demo."""
    (tmp_path / "file").write_text("")

    assert 2 == dxa.bare("demo", str(tmp_path / "file")).status


def test_demo_interrupted(dxa: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+C in one of the demo's commands ends the demo, and is no fault of dxa."""
    monkeypatch.setattr("dxa.agent.cycle.Agent.sync", Mock(side_effect=KeyboardInterrupt))
    done = dxa.bare("demo", str(tmp_path / "demo"))

    assert 130 == done.status
    assert "interrupted" in done.err
    assert "fault" not in done.err
