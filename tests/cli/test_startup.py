"""Starting: what is loaded when, the help of every command, and what is said to a mistyped one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click
import pytest

from dxa.cli.root import COMMANDS, root
from tests.cli.driver import Driver

#: Slow to import, and needed by no question about the command line itself.
HEAVY = ("alembic", "cattrs", "lxml", "rich", "sqlalchemy", "structlog", "tomlkit")


def _loaded(code: str) -> list[str]:
    """The modules that a fresh interpreter has after the code."""
    code = f"import sys\n{code}\nprint(*sys.modules)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_version_of_a_process_loads_neither_click_nor_commands() -> None:
    """`dxa --version` tells the version of the distribution and loads nothing but its metadata."""
    loaded = _loaded("sys.argv = ['dxa', '--version']\nfrom dxa.cli import main\nassert main() == 0")

    assert ["dxa", version("dxa")] == loaded[:2]
    assert [] == [name for name in (*HEAVY, "attrs", "click", "pluggy", "dxa.errors") if name in loaded]


def test_the_root_command_loads_nothing_heavy() -> None:
    """Knowing all commands takes none of the libraries that only some of them need."""
    loaded = _loaded("import dxa.cli.run")

    assert [] == [name for name in (*HEAVY, "pluggy", "dxa.host", "dxa.agent") if name in loaded]


def test_version_option_among_others(dxa: Driver) -> None:
    """`--version` works beside other options, too."""
    done = dxa.bare("--debug", "--version")

    assert (0, f"dxa {version('dxa')}\n") == (done.status, done.out)


def test_help_groups_the_commands(dxa: Driver) -> None:
    """`dxa --help` shows every command in its section, the plugins' below them, and the meaning of the exit status."""
    done = dxa.bare("--help")

    assert 0 == done.status
    assert ["Set up:", "Run:", "Look:", "Plugins:"] == [
        line for line in done.lines if line.endswith(":") and line[0] != " "
    ][1:]
    for section in COMMANDS.values():
        for name in section:
            assert f"  {name} " in done.out
    assert "  world " in done.out
    assert "3 a plan is held" in done.out


def test_no_arguments_show_the_help(dxa: Driver) -> None:
    """`dxa` alone shows the help and says by its exit status that nothing was done."""
    done = dxa.bare()

    assert 2 == done.status
    assert "Usage: dxa" in done.out + done.err


def _commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    names = (
        [name for section in COMMANDS.values() for name in section] if group is root else group.list_commands(context)
    )
    for name in names:
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path}{name} ")


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in _commands(root)])
def test_every_command_explains_itself(name: str, command: click.Command) -> None:
    """Each command and each of its options is explained in sentences."""
    assert (command.help or "").rstrip().endswith("."), name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert (parameter.help or "").endswith("."), f"{name} {parameter.opts}"


@pytest.mark.parametrize("name", [name for section in COMMANDS.values() for name in section])
def test_help_of_every_command_works(name: str, dxa: Driver) -> None:
    """`--help` of each command works without a site."""
    done = dxa.bare(name, "--help")

    assert (0, "") == (done.status, done.err)
    assert f"Usage: dxa {name}" in done.out


def test_help_lists_the_keys_of_the_json(dxa: Driver) -> None:
    """The help of a command with `--json` explains every key."""
    done = dxa.bare("status", "--help")

    assert "JSON keys: How one peer stands" in done.out
    assert "  confirmed" in done.out
    assert "LINK/NAME" in done.out


def test_mistyped_command(dxa: Driver) -> None:
    """An unknown command is a wrong usage; what was probably meant is named."""
    done = dxa.bare("stauts")

    assert 2 == done.status
    assert "No such command 'stauts'. Did you mean 'status'?" in done.err


def test_quite_unknown_command(dxa: Driver) -> None:
    """A command that resembles none leads to the help."""
    done = dxa.bare("frobnicate")

    assert 2 == done.status
    assert "`dxa --help` lists the commands" in done.err


def test_plugin_command(dxa: Driver) -> None:
    """A plugin's commands stand below its name."""
    done = dxa.bare("world", "greet", "Ann")

    assert (0, "Hello, Ann.\n") == (done.status, done.out)


def test_a_command_named_as_its_plugin_is_the_plugins_group(dxa: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin whose only command has its own name has made its group itself, so the name is typed once."""
    monkeypatch.setattr(dxa.host, "commands", lambda _plugin="": {"world": {"world": "tests.cli.driver:greet"}})

    assert (0, "Hello, Ann.\n") == (dxa.bare("world", "Ann").status, dxa.bare("world", "Ann").out)


def test_plugin_command_that_fails(dxa: Driver) -> None:
    """What a plugin's command raises is one clear message with the exit status of its kind."""
    done = dxa.bare("world", "greet", "nobody")

    assert (1, "", "error: a file, line 7: [12] nobody is there\n") == (done.status, done.out, done.err)


def test_plugin_command_that_cannot_be_loaded(dxa: Driver) -> None:
    """A command that cannot be loaded is reported as its plugin's fault; the plugin's others still work."""
    done = dxa.bare("world", "lost")

    assert 1 == done.status
    assert "plugin world: its command lost cannot be loaded" in done.err
    assert 0 == dxa.bare("world", "greet", "Ann").status


def test_plugins(dxa: Driver) -> None:
    """`dxa plugins` shows each plugin with its connectors."""
    done = dxa.bare("plugins", "--json")

    assert [("memory", ["memory"]), ("world", ["asked", "post"])] == [
        (p["name"], p["connectors"]) for p in done.json["plugins"]
    ]
    assert 0 == done.status
    assert "memory" in dxa.bare("plugins").out
