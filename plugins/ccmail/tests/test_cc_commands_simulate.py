import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dxa.config.secrets import Secret
from dxa_ccmail import plugin
from dxa_ccmail.commands.simulate import simulate
from dxa_ccmail.export import ExportReader
from dxa_ccmail.importfiles import write_adds
from dxa_ccmail.record import Found, Record
from dxa_ccmail.running.commands import CommandPrograms
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Kind, Login, Mode
from dxa_ccmail.running.options import CommandOptions


def run(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(simulate, arguments)


def shown(*arguments: str) -> str:
    """What a command prints when all goes well."""
    result = run(*arguments)
    assert None is result.exception, result.output
    return result.output


def show(folder: str) -> Any:
    """A post office as JSON."""
    return json.loads(shown("edit", "show", folder, "--json"))


@pytest.fixture
def po(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A post office in the current folder, with two entries."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "word").write_text("geheim\n")
    shown("init", "po", "--name", "PO1", "--password", "file:word")
    shown("edit", "add", "po", "PO2", "--locn", "P")
    shown("edit", "add", "po", "Doe, Jane", "--locn", "r", "--addr", "PO2 jane", "--cmts", "Zimmer 4")
    return "po"


def test_the_group_is_told_to_the_host() -> None:
    """The plugin brings the command, which says that it is no part of cc:Mail."""
    assert [("simulate", "dxa_ccmail.commands.simulate:simulate")] == plugin.dxa_commands()
    assert "no part of cc:Mail" in shown("--help")


def test_entries_and_titles(po: str) -> None:
    """What an administrator does is shown."""
    shown("edit", "add-title", po, "list", "Staff", "--member", "Doe, Jane")
    shown("edit", "add-title", po, "board", "News")
    found = show(po)

    assert ["PO1", "PO2", "Doe, Jane"] == [row["name"] for row in found["entries"]]
    assert {"name": "Doe, Jane", "locn": "r", "addr": "PO2 jane", "cmts": "Zimmer 4"} == found["entries"][2]
    assert [{"name": "Staff", "members": ["Doe, Jane"]}] == found["lists"]
    assert [{"name": "News", "members": []}] == found["boards"]
    table = shown("edit", "show", po)
    assert "Mailing lists: Staff\nBulletin boards: News\nPO1, DB8: 3 entries\n" in table

    shown("edit", "remove-title", po, "list", "STAFF")
    shown("edit", "remove", po, "doe, jane")
    found = show(po)
    assert ([], 2) == (found["lists"], len(found["entries"]))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("edit", "add", "po", "X", "--locn", "r", "--addr", "PO9"), "begins with no known post office"),
        (("edit", "remove", "po", "X"), "there is no entry of this name"),
        (("edit", "remove-title", "po", "board", "X"), "there is no board X"),
        (("edit", "show", "none"), "`dxa ccmail simulate init` makes a post office"),
        (("init", "po", "--name", "X"), "is a post office already"),
        (("init", "x", "--name", "X", "--password", "env:DXA_NO_SUCH"), "the password: environment variable"),
    ],
)
def test_mistakes_are_said(po: str, arguments: tuple[str, ...], expected: str) -> None:
    """What is refused is refused with its reason."""
    assert expected in str(run(*arguments).exception)


def test_wrong_options_of_a_new_post_office(tmp_path: Path) -> None:
    """A code page or label that cannot be is a wrong use."""
    for option in (("--code-page", "1"), ("--marking", "label", "--delete-label", "A:")):
        assert 2 == run("init", str(tmp_path / "x"), "--name", "X", *option).exit_code


def test_an_export(po: str) -> None:
    """The file is in the code page and in the order that was asked for; without a name it has its usual one."""
    text = shown("export", "/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY", "/@X.EXP", "/BATCH")
    shown("export", "PO1", "geheim", po, "Y.EXP", "DIRECTORY/PROPADD")
    shown("export", "/NPO1", "/Pgeheim", f"/D{po}", "/BOARDS")

    assert "dxa's stand-in for EXPORT; this is no Lotus program\n3 directory entries exported\n" == text
    names = [
        [row.record.name for row in ExportReader().read(Path(name).read_bytes()) if isinstance(row, Found)]
        for name in ("X.EXP", "Y.EXP")
    ]
    assert [["Doe, Jane", "PO1", "PO2"], ["PO1", "PO2", "Doe, Jane"]] == names
    assert b"" == Path("CCMBB.EXP").read_bytes()


def test_an_import(po: str) -> None:
    """What is refused is added to CCMAIL.UND, and nothing happens to the input."""
    data = write_adds([Record("Zoë", "L"), Record("Bad", "r", "PO9")])
    Path("CCMDIR.IMP").write_bytes(data)
    arguments = ("import", "/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY/PROP")
    results = [run(*arguments), run(*arguments)]

    assert [5, 5] == [result.exit_code for result in results]
    assert "1 undeliverable\nIMPORT process ended with error: 5.\n" in results[0].output
    assert 2 == Path("CCMAIL.UND").read_bytes().count(b"Name: Bad\r\n")
    assert data == Path("CCMDIR.IMP").read_bytes()
    Path("D.IMP").write_bytes(b"Name: zo\x89\r\n")
    assert 0 == run(*arguments[:-1], "/DIRECTORY/DELETE", "/@D.IMP").exit_code
    assert 3 == len(show(po)["entries"])


@pytest.mark.cc("T36")
def test_codes(po: str) -> None:
    """Exit statuses are those of the originals, and the password is not shown."""
    good = ("/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY")
    assert [3, 3, 1, 1] == [
        run("export", "/NPO1", "/Pfalsch", f"/D{po}", "/DIRECTORY").exit_code,
        run("export", *good, "/WRONG").exit_code,
        run("import", *good, "/@none.imp").exit_code,
        run("import", *good, "/WRONG").exit_code,
    ]
    shown("edit", "down", po)
    result = run("export", *good)
    assert (4, "EXPORT process ended with error: 4.") == (result.exit_code, result.output.splitlines()[-1])
    assert show(po)["down"]
    assert "it is shut down" in shown("edit", "show", po)
    shown("edit", "up", po)
    shown("edit", "password", po, "--to", "neu")
    assert 3 == run("export", *good).exit_code


def test_an_export_is_written_slowly(po: str) -> None:
    """The file grows under its own name, as one of the original does, and the post office is locked meanwhile."""
    shown("edit", "behave", po, "--slow", "1.5")
    sizes, codes = set(), set()
    thread = threading.Thread(target=run, args=("export", "/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY", "/@X.EXP"))
    thread.start()
    while thread.is_alive():
        sizes.add(Path("X.EXP").stat().st_size if Path("X.EXP").exists() else 0)
        if len(sizes) > 3 and not codes:
            codes.add(run("export", "/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY", "/@Y.EXP").exit_code)
        time.sleep(0.01)
    thread.join()

    assert {4} == codes
    assert len(sizes) > 5
    shown("edit", "behave", po)
    shown("export", "/NPO1", "/Pgeheim", f"/D{po}", "/DIRECTORY", "/@Z.EXP")
    assert Path("Z.EXP").read_bytes() == Path("X.EXP").read_bytes()


@pytest.mark.cc("T36", "T40", "T42")
def test_stand_ins_run_by_command_lines(po: str, tmp_path: Path) -> None:
    """The documented command lines, with the stand-in in front, go through the way that runs the real programs."""
    program = (str(Path(sys.executable).with_name("dxa")), "ccmail", "simulate")
    rest = ("/N{postoffice}", "/P{password}", "/D{path}", "{kind}", "{mode}", "/@{file}", "/BATCH")
    options = CommandOptions(
        export=(*program, "export", *rest),
        import_file=(*program, "import", *rest),
        kinds={"directory": "/DIRECTORY/PROPADD", "lists": "/LISTS"},
        count=r"(\d+) (?:directory entries|mailing lists) exported",
    )
    folder = tmp_path / po
    login = Login(postoffice="PO1", password=Secret("geheim"), path=str(folder), folder=folder)
    programs = CommandPrograms(options=options, login=login, base=tmp_path)
    shown("edit", "behave", po, "--echo")
    exported = programs.export()

    assert exported is not None
    assert {Kind.DIRECTORY: 3, Kind.LISTS: 0} == exported.counts
    assert exported.files[Kind.DIRECTORY].startswith(b"Name: PO1\r\nLocn: P\r\n")
    assert "/P***" in exported.console
    result = programs.import_(write_adds([Record("Bob", "L"), Record("Bad", "r", "PO9")]), Mode.ADD)
    assert (5, 63) == (result.code, result.event and result.event.number)
    assert b"Name: Bad\r\nLocn: r\r\n" in result.undeliverable
    assert b"" == programs.import_(b"Name: bob\r\n", Mode.DELETE).undeliverable
    assert 3 == len(show(po)["entries"])
    shown("edit", "down", po)
    with pytest.raises(RunError, match=r"^\[71\] EXPORT was not run: .* CCPODOWN"):
        programs.export()
