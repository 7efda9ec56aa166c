"""`dxa plugins`: what is there, what the kit says of it, and a new one."""

from __future__ import annotations

from pathlib import Path

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
