"""`dxa plugins`: what is there, what the kit says of it, and a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxa.cli.run import run
from dxa.cli.session import Session
from tests.cli.driver import Driver


def test_a_new_plugin(dxa: Driver, tmp_path: Path) -> None:
    """`dxa plugins new` writes into its folder, says what to do next, and overwrites nothing."""
    folder = tmp_path / "x"

    done = dxa.bare("plugins", "new", "lotus", "--folder", str(folder))
    again = dxa.bare("plugins", "new", "lotus", "--folder", str(folder))

    assert 0 == done.status
    assert (folder / "pyproject.toml").exists()
    assert "pip install -e" in done.out
    assert (2, "") == (again.status, again.out)
    assert "not empty" in again.err


def test_a_new_plugin_has_a_name_of_its_own(dxa: Driver, tmp_path: Path) -> None:
    """Two plugins of one name would keep each other from working."""
    done = dxa.bare("plugins", "new", "memory", "--folder", str(tmp_path / "x"))

    assert (2, False) == (done.status, (tmp_path / "x").exists())
    assert "there is a plugin memory (dxa); take another name" in done.err


def test_what_the_kit_says_of_a_plugin(dxa: Driver) -> None:
    """`dxa plugins check` tries what can be tried without the plugin's mail system; a MUST that fails is status 1."""
    done = dxa.bare("plugins", "check", "memory")
    broken = dxa.bare("plugins", "check", "world", "--json")

    assert 0 == done.status
    assert "MUST   passed  it_works" in done.lines
    failed = {check["check"] for check in broken.json["checks"] if check["verdict"] == "failed"}
    assert {"commands_can_be_loaded"} <= failed
    assert (1, False) == (broken.status, broken.json["conforms"])


def test_a_plugin_that_is_not_there(dxa: Driver) -> None:
    """An unknown name is answered with those that there are."""
    done = dxa.bare("plugins", "check", "nix")

    assert 1 == done.status or 2 == done.status
    assert "no plugin 'nix'; there are: memory, world" in done.err


ONE_COMMAND = """
import click
from dxa.hookspecs import hookimpl

@click.command()
def hello():
    click.echo("hello")

@hookimpl
def dxa_commands():
    return [("hello", f"{__name__}:hello")]
"""


def test_help_and_commands_of_plugins_are_those_of_the_site_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From another folder, too: the plugins of the site's own folder take part, and those that it leaves out are not
    imported.
    """
    site, plugins = tmp_path / "site", tmp_path / "site" / "plugins"
    assert 0 == run(["init", "--organization", "LAB", "--site", "HQ", str(site)], Session())
    plugins.mkdir()
    (plugins / "greeting.py").write_text(ONE_COMMAND, encoding="utf-8")
    (plugins / "bomb.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n", encoding="utf-8")
    text = (site / "dxa.toml").read_text(encoding="utf-8")
    (site / "dxa.toml").write_text(text.replace("[plugins]\n", '[plugins]\nwithout = ["bomb"]\n'), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()

    assert 0 == run(["-C", str(site), "--help"], Session())
    assert "greeting" in capsys.readouterr().out
    assert 0 == run(["-C", str(site), "greeting", "hello"], Session())
    assert "hello\n" == capsys.readouterr().out
    assert 2 == run(["-C", str(site), "--plugins", "-greeting", "greeting", "hello"], Session())
    assert 2 == run(["-C", str(site), "bomb"], Session())
    monkeypatch.setenv("DXA_SITE", str(site))
    assert 0 == run(["--help"], Session())
    assert "greeting" in capsys.readouterr().out
    assert not (tmp_path / "imported").exists()
