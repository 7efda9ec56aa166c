"""``dxa exchange header``, ``changes`` and ``options``."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dxa.errors import UsageError
from dxa_exchange import plugin
from dxa_exchange.commands.tables import changes, header, options
from dxa_exchange.table55.reader import lines_of, read

OLD = (
    b"Obj-Class,Directory Name,Obj-Container,Display Name,Home-Server\r\n"
    b"Mailbox,Ann,Recipients,Ann,S\r\nMailbox,Bob,Recipients,Bob,S\r\n"
)
NEW = OLD.replace(b",Ann,S", b",Ann B,S").replace(b"Mailbox,Bob", b"Mailbox,Cy")


def test_the_commands_are_told_to_the_host() -> None:
    """The plugin brings them under its own name."""
    told = dict(plugin.dxa_commands())

    assert {f"dxa_exchange.commands.tables:{name}" for name in ("header", "changes", "options")} <= {*told.values()}


def test_header() -> None:
    """As it stands in a file."""
    result = CliRunner().invoke(header, ["Remote", "--level", "identity", "--import", "--raw"])

    assert "Obj-Class,Mode,Common-Name,Obj-Container\n" == result.stdout
    assert "expected Mailbox, Remote, DL" in str(CliRunner().invoke(header, ["Folder"]).exception)


def test_changes(tmp_path: Path) -> None:
    """Delete, modify and create, in a file that can be imported."""
    (tmp_path / "old.csv").write_bytes(OLD)
    (tmp_path / "new.csv").write_bytes(NEW)
    target = tmp_path / "out.csv"
    result = CliRunner().invoke(changes, [str(tmp_path / "old.csv"), str(tmp_path / "new.csv"), str(target)])
    lines, bads = lines_of(read([target.read_bytes()]))

    assert ("3 lines of changes.\n", []) == (result.stderr, bads)
    assert [("Bob", "Delete"), ("Ann", "Modify"), ("Cy", "Create")] == [
        (line.record.text("Directory Name"), line.mode.value) for line in lines
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (NEW[:-2], "the last line has no end"),
        (NEW + b"Mailbox\r\n", "1 lines could not be read"),
        (b"Obj-Class,Mode,Directory Name\r\n", "a file of changes"),
        (b"rubbish", "another first column"),
    ],
)
def test_no_changes_without_two_whole_exports(tmp_path: Path, data: bytes, reason: str) -> None:
    """Whoever is missed would be deleted."""
    (tmp_path / "old.csv").write_bytes(OLD)
    (tmp_path / "new.csv").write_bytes(data)
    target = tmp_path / "out.csv"
    result = CliRunner().invoke(changes, [str(tmp_path / "old.csv"), str(tmp_path / "new.csv"), str(target)])

    assert isinstance(result.exception, UsageError)
    assert reason in str(result.exception)
    assert not target.exists()


@pytest.mark.parametrize(
    ("text", "arguments", "status", "said"),
    [
        ("[Import]\nRawMode=No\n", [], 0, ""),
        ("[Export]\nHidden=Yes\nBasepointOnly=No\n", [], 1, "line 2: unknown key 'Hidden'"),
        ("[Import]\n", ["--section", "export"], 1, "there is no [Export]"),
        ("RawMode=Yes\n", [], 1, "there is no [Export]"),
    ],
)
def test_options(tmp_path: Path, text: str, arguments: list[str], status: int, said: str) -> None:
    """Each mistake with its line."""
    file = tmp_path / "options.ini"
    file.write_text(text, encoding="cp1252")
    result = CliRunner().invoke(options, [str(file), *arguments])

    assert status == result.exit_code
    assert said in result.stdout
