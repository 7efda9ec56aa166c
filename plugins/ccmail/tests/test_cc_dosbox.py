"""DOS programs in real DOSBox, by the configuration and the batch files that docs/ccmail.md shows."""

import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest

from dxa.config.secrets import Secret
from dxa_ccmail.running.commands import CommandPrograms
from dxa_ccmail.running.drop import DropPrograms
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Kind, Login, Mode
from dxa_ccmail.running.options import CommandOptions, DropOptions

PAGE = (Path(__file__).parents[3] / "docs" / "ccmail.md").read_text(encoding="utf-8")
RECORD = b"Name: Doe, Jane\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"

pytestmark = [
    pytest.mark.dosbox,
    pytest.mark.skipif(shutil.which("dosbox") is None, reason="there is no dosbox here; apt-get install dosbox"),
]


def block(language: str, word: str) -> str:
    """The one block in that language on the page that has the word in it."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (block,) = (each for each in found if word in each)
    return str(block)


def batch(name: str) -> bytes:
    """A batch file of the page."""
    return block("bat", f"rem {name} ").replace("\n", "\r\n").encode()


def program(name: str, data: bytes, text: str, code: int) -> bytes:
    """A DOS program (.COM) that writes a file, says something and ends with a code."""

    def machine(file: int, content: int, said: int) -> bytes:
        return b"".join(
            (
                b"\xb4\x3c\x33\xc9\xba" + file.to_bytes(2, "little") + b"\xcd\x21\x8b\xd8",  # create it
                b"\xb4\x40\xb9"
                + len(data).to_bytes(2, "little")
                + b"\xba"
                + content.to_bytes(2, "little")
                + b"\xcd\x21",
                b"\xb4\x3e\xcd\x21",  # close it
                b"\xb4\x09\xba" + said.to_bytes(2, "little") + b"\xcd\x21",  # say it
                b"\xb8" + bytes([code]) + b"\x4c\xcd\x21",  # end
            )
        )

    file, said = name.encode() + b"\0", text.encode() + b"\r\n$"
    begin = 0x100 + len(machine(0, 0, 0))
    return machine(begin, begin + len(file), begin + len(file) + len(data)) + file + data + said


@pytest.fixture
def programs(tmp_path: Path) -> CommandPrograms:
    """The configuration of the page, with folders of the test."""
    (tmp_path / "po 1").mkdir()
    (tmp_path / "po 1" / "CCPOMBOX.DBF").write_bytes(b"")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "RUN.BAT").write_bytes(batch("RUN.BAT"))
    text = block("toml", "dosbox").replace("/srv/ccmail/po1", f"{tmp_path}/po 1").replace("/srv/ccmail", str(tmp_path))
    options: dict[str, Any] = tomllib.loads(text)["links"]["NAME"]["ccmail"]["commands"]
    options |= {"export": tuple(options["export"]), "import_file": tuple(options["import_file"])}
    options |= {"count": r"(\d+) entries", "timeout": 60.0}
    login = Login(postoffice="PO1", password=Secret("geheim"), folder=tmp_path / "po 1")
    return CommandPrograms(options=CommandOptions(**options), login=login, base=tmp_path)


def put(programs: CommandPrograms, name: str, machine: bytes) -> None:
    """A DOS program beside the batch file."""
    (programs.base / "programs" / f"{name}.COM").write_bytes(machine)


def test_an_export_by_a_dos_program(programs: CommandPrograms) -> None:
    """A program in DOSBox writes an export; file, text and code come back, and the text says how many there are."""
    put(programs, "EXPORT", program("CCMDIR.EXP", RECORD, "1 entries", 0))
    exported = programs.export()

    assert exported is not None
    assert {Kind.DIRECTORY: RECORD} == exported.files
    assert {Kind.DIRECTORY: 1} == exported.counts
    assert "1 entries\r\n" in exported.console
    assert "geheim" not in exported.console


@pytest.mark.cc("T36")
@pytest.mark.parametrize("code", range(1, 7))
def test_exit_codes_of_a_dos_program(programs: CommandPrograms, code: int) -> None:
    """The code comes through DOSBox, which itself ends with 0."""
    put(programs, "EXPORT", program("CCMDIR.EXP", RECORD, f"EXPORT process ended with error: {code}.", code))
    with pytest.raises(RunError, match=f"EXPORT process ended with error: {code}\\.") as error:
        programs.export()

    assert (code, 67 + code if code < 6 else 65) == (error.value.code, error.value.event.number)


@pytest.mark.cc("T36", "T37")
def test_a_dos_program_that_is_missing(programs: CommandPrograms) -> None:
    """Without a program there is no export, whatever the batch file makes of it."""
    with pytest.raises(RunError, match=r"^\[65\] EXPORT ended with code 0, but left no CCMDIR\.EXP"):
        programs.export()
    (programs.base / "programs" / "RUN.BAT").unlink()
    with pytest.raises(
        RunError, match=r"left no exit code: the file RUN\.RC is not there, and the wrapper ended with 0"
    ):
        programs.export()


def test_the_command_line_reaches_the_dos_program(programs: CommandPrograms) -> None:
    """A batch program copies a prepared export, and shows with which arguments it was called; no password is kept."""
    (programs.base / "programs" / "READY.EXP").write_bytes(RECORD)
    batch = b"@echo off\r\ncopy p:\\READY.EXP CCMDIR.EXP\r\necho %1 %2 %3 %4 %5 %6 > ARGS.TXT\r\necho %2\r\n"
    run = b"@echo off\r\ncall p:\\%1.BAT /N%2 /P%3 /Dm:\\ %5 /@%4 /BATCH > CONSOLE.TXT\r\necho 0 > RUN.RC\r\n"
    (programs.base / "programs" / "EXPORT.BAT").write_bytes(batch)
    (programs.base / "programs" / "RUN.BAT").write_bytes(run)
    exported = programs.export()

    assert exported is not None
    assert {Kind.DIRECTORY: RECORD} == exported.files
    args = (programs.folder / "ARGS.TXT").read_bytes()
    assert b"/NPO1 /Pgeheim /Dm:\\ /DIRECTORY/PROPADD /@CCMDIR.EXP /BATCH" == args.strip()


@pytest.mark.cc("T38", "T40")
def test_an_import_by_a_dos_program(programs: CommandPrograms) -> None:
    """What a program in DOSBox refused is taken up, and its input is moved away."""
    put(programs, "IMPORT", program("CCMAIL.UND", b"Name: Doe, Jane\r\n", "1 undeliverable", 5))
    result = programs.import_(RECORD, Mode.ADD)

    assert (5, b"Name: Doe, Jane\r\n") == (result.code, result.undeliverable)
    assert result.event is not None
    assert (63, "warning") == (result.event.number, result.event.level)
    assert ["00000001-CCMDIR.IMP", "00000002-CCMAIL.UND"] == sorted(
        p.name for p in (programs.folder / "done").iterdir()
    )


@pytest.mark.cc("T36")
def test_a_dos_program_that_hangs(programs: CommandPrograms, tmp_path: Path) -> None:
    """DOSBox is killed with it, and the next run finds nobody in its way."""
    put(programs, "EXPORT", b"\xeb\xfe")
    begin = time.monotonic()
    with pytest.raises(RunError, match="EXPORT did not end in 3 seconds and was killed"):
        attrs.evolve(programs, options=attrs.evolve(programs.options, timeout=3.0)).export()

    assert time.monotonic() - begin < 30
    put(programs, "EXPORT", program("CCMDIR.EXP", RECORD, "1 entries", 0))
    assert None is not programs.export()


def test_somebody_else_s_batch_file(programs: CommandPrograms, tmp_path: Path) -> None:
    """Import files are taken, deletes first, and what became of them lies beside; then a new export, and its code."""
    exports, imports = tmp_path / "exports", tmp_path / "imports"
    for folder in (exports, imports):
        folder.mkdir()
    put(programs, "EXPORT", program("CCMDIR.EXP", RECORD, "1 entries", 0))
    put(programs, "IMPORT", program("CCMAIL.UND", b"Name: Doe, Jane\r\n", "1 undeliverable", 5))
    (programs.base / "programs" / "DROP.BAT").write_bytes(batch("DROP.BAT"))
    for name in ("CCMDEL.IMP", "CCMDIR.IMP"):
        (imports / name).write_bytes(RECORD)
    mounts = {"e": exports, "i": imports, "m": tmp_path / "po 1", "p": tmp_path / "programs"}
    typed = [f'mount {drive} "{folder}"' for drive, folder in mounts.items()] + ["call p:\\drop.bat PO1 geheim", "exit"]
    subprocess.run(
        ["dosbox", "-noconsole", *(part for line in typed for part in ("-c", line))],
        env={**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    options = DropOptions(exports=str(exports), imports=str(imports), manifest="RUN.RC")
    drop = DropPrograms(options=options, base=tmp_path, now=time.time)
    exported, results = drop.export(), drop.results()

    assert exported is not None, drop.warnings()
    assert {Kind.DIRECTORY: RECORD} == exported.files
    assert [(Mode.DELETE, 5, b"Name: Doe, Jane\r\n"), (Mode.ADD, 5, b"Name: Doe, Jane\r\n")] == [
        (each.mode, each.code, each.undeliverable) for each in results
    ]
    assert ["1 undeliverable\r\n"] * 2 == [each.console for each in results]
    assert [] == [path.name for path in imports.iterdir() if path.suffix == ".IMP"]
