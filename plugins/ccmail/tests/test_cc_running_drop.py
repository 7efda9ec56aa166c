import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxa.config.secrets import Secret
from dxa.errors import TransportError
from dxa_ccmail.running.drop import DropPrograms
from dxa_ccmail.running.events import RunError
from dxa_ccmail.running.interface import Exported, Kind, Mode, State
from dxa_ccmail.running.manifest import Manifest, NotYet, exit_code, read_manifest
from dxa_ccmail.running.options import DropOptions

RECORD = b"Name: Doe, Jane\r\nLocn: L\r\nAddr:\r\nCmts:\r\n"
MANIFEST = "EXPORT.RC"
Make = Callable[..., DropPrograms]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Folders where somebody else leaves and takes files; `later` is how far the clock is ahead of the files."""

    def made(later: float = 1000.0, **options: Any) -> DropPrograms:
        def now() -> float:
            times = [path.stat().st_ctime for path in tmp_path.rglob("*")]
            return max(times, default=0.0) + later

        return DropPrograms(options=DropOptions(**options), base=tmp_path, now=now)

    return made


def leave(programs: DropPrograms, **files: bytes) -> None:
    """Somebody leaves exports, in this order; `rc` is the manifest."""
    programs.exports.mkdir(parents=True, exist_ok=True)
    for n, (name, data) in enumerate(files.items()):
        path = programs.exports / (MANIFEST if name == "rc" else f"{name.upper()}.EXP")
        path.write_bytes(data)
        os.utime(path, (1000 + n, 1000 + n))


def answer(programs: DropPrograms, **files: bytes) -> None:
    """Somebody tells what became of an import file: ``ccmdel_rc=b"0"``."""
    for name, data in files.items():
        (programs.imports / name.upper().replace("_", ".")).write_bytes(data)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def taken(programs: DropPrograms) -> Exported:
    """An export that is taken."""
    exported = programs.export()
    assert exported is not None, programs.warnings()
    return exported


def why_not(programs: DropPrograms) -> str:
    """Why no export is taken."""
    assert None is programs.export()
    return "".join(programs.warnings()).partition(": ")[2]


def test_a_quiet_export_is_taken(make: Make) -> None:
    """An export to which nobody wrote for some time comes back until it is settled."""
    programs = make()
    leave(programs, ccmdir=RECORD, ccmlist=b"Name: Staff\r\n")

    assert {Kind.DIRECTORY: RECORD} == taken(programs).files
    receipt = taken(programs).receipt
    programs.settle([receipt])
    assert ["CCMLIST.EXP"] == names(programs.exports)
    programs.settle([receipt])


def test_nothing_new_is_no_trouble(make: Make) -> None:
    """Where there is no export there is nothing to say."""
    assert "" == why_not(make())
    assert "" == why_not(make(manifest=MANIFEST))


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (100.0, "CCMDIR.EXP was written 100 seconds ago and may still grow"),
        (-5.0, "CCMDIR.EXP was written 5 seconds in"),
    ],
)
def test_a_file_that_may_grow_is_not_taken(make: Make, later: float, expected: str) -> None:
    """The time at which the disk saw the last write counts, not the one that a copy brought along."""
    programs = make(later, quiet=120.0)
    leave(programs, ccmdir=RECORD)

    assert expected == why_not(programs)[: len(expected)]


def test_an_export_is_taken_whole(make: Make) -> None:
    """While one of the wanted files is missing nothing is taken."""
    programs = make(kinds=("directory", "boards"))
    leave(programs, ccmdir=RECORD)
    assert "CCMBB.EXP is not there yet" == why_not(programs)

    leave(programs, ccmbb=b"")
    assert {Kind.DIRECTORY: RECORD, Kind.BOARDS: b""} == taken(programs).files


@pytest.mark.cc("T37")
@pytest.mark.parametrize(
    ("data", "expected"), [(b"", "the export is empty"), (RECORD[:-8], "ends inside"), (RECORD[:-2], "inside a line")]
)
@pytest.mark.parametrize("manifest", ["", MANIFEST])
def test_a_finished_export_that_is_cut_is_a_failure(make: Make, manifest: str, data: bytes, expected: str) -> None:
    """It will not get better; once that was told, its receipt takes it away."""
    programs = make(manifest=manifest)
    leave(programs, ccmdir=data, rc=b"0\r\n")
    with pytest.raises(RunError, match=expected) as error:
        programs.export()

    assert (65, 0) == (error.value.event.number, error.value.code)
    programs.settle([error.value.receipt])
    assert ([] if manifest else [MANIFEST]) == names(programs.exports)


def test_a_manifest_says_that_it_is_finished(make: Make) -> None:
    """With a manifest nobody waits; sizes and counts in it are those of the files."""
    programs = make(0.0, manifest=MANIFEST)
    leave(programs, ccmdir=RECORD)
    assert "EXPORT.RC is not there yet" == why_not(programs)

    leave(programs, ccmdir=RECORD, rc=b"text\r\nccmdir.exp %d 1\r\n0\r\n" % len(RECORD))
    exported = taken(programs)
    assert ({Kind.DIRECTORY: 1}, "text") == (exported.counts, exported.console)
    programs.settle([exported.receipt])
    assert [] == names(programs.exports)


def test_a_manifest_may_say_that_there_are_none(make: Make) -> None:
    """No board is a count, too: then none can have been cut off."""
    programs = make(manifest=MANIFEST, kinds=("directory", "boards"))
    leave(programs, ccmdir=RECORD, ccmbb=b"", rc=b"CCMDIR.EXP %d\r\nCCMBB.EXP 0 0\r\n0\r\n" % len(RECORD))

    assert {Kind.BOARDS: 0} == taken(programs).counts


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"ccmdir": RECORD, "rc": b""}, "EXPORT.RC has no exit code yet"),
        ({"ccmdir": RECORD, "rc": b"0"}, "EXPORT.RC has no exit code yet"),
        ({"ccmdir": RECORD, "rc": b"CCMDIR.EXP 99\r\n0\r\n"}, "CCMDIR.EXP has 40 bytes, and 99 by EXPORT.RC"),
        ({"rc": b"CCMDIR.EXP 99\r\n0\r\n"}, "CCMDIR.EXP is not there yet"),
        ({"rc": b"0\r\n", "ccmdir": RECORD}, "CCMDIR.EXP is newer than EXPORT.RC: somebody writes a new export"),
    ],
)
def test_a_manifest_that_does_not_fit_yet(make: Make, files: dict[str, bytes], expected: str) -> None:
    """A manifest that is half written, or older than the files, stands for no export."""
    programs = make(manifest=MANIFEST)
    leave(programs, **files)

    assert expected == why_not(programs)


@pytest.mark.cc("T36", "T37")
def test_a_manifest_of_a_failure(make: Make) -> None:
    """A code other than 0 is an error with its event, and so is success without a file; each is told once."""
    programs = make(manifest=MANIFEST)
    for manifest, number in ((b"locked\r\n4\r\n", 71), (b"0\r\n", 65)):
        leave(programs, rc=manifest)
        with pytest.raises(RunError) as error:
            programs.export()
        assert number == error.value.event.number
        programs.settle([error.value.receipt])
        assert [] == names(programs.exports)


def test_a_newer_export_is_not_taken_away(make: Make) -> None:
    """What was written behind our back stays for the next run."""
    programs = make()
    leave(programs, ccmdir=RECORD)
    receipt = taken(programs).receipt
    leave(programs, ccmdir=RECORD + RECORD)
    programs.settle([receipt])

    assert ["CCMDIR.EXP"] == names(programs.exports)


def test_import_files_are_left(make: Make) -> None:
    """They appear whole, the deletes first, and older ones are withdrawn; nothing to import leaves nothing."""
    programs = make()
    assert State.POSTED == programs.import_(b"old", Mode.DELETE).state
    assert State.POSTED == programs.import_(b"old", Mode.ADD).state
    assert ["CCMDEL.IMP", "CCMDIR.IMP"] == names(programs.imports)

    programs.import_(b"new", Mode.DELETE)
    assert ["CCMDEL.IMP"] == names(programs.imports)
    assert b"new" == (programs.imports / "CCMDEL.IMP").read_bytes()
    assert State.NOTHING == programs.import_(b"", Mode.DELETE).state
    assert [] == names(programs.imports)


@pytest.mark.cc("T38", "T40")
def test_results_are_picked_up_later(make: Make) -> None:
    """Code, text and what was refused come back until they are settled; an input that was left there is taken away."""
    programs = make()
    programs.import_(b"text", Mode.DELETE)
    programs.import_(b"text", Mode.ADD)
    assert [] == programs.results()

    answer(programs, ccmdel_rc=b"5\r\n", ccmdel_out=b"1 undeliverable\r\n", ccmdel_und=b"Name: A\r\n", ccmdir_rc=b"")
    (result,) = programs.results()
    assert (Mode.DELETE, State.DONE, 5, b"Name: A\r\n") == (
        result.mode,
        result.state,
        result.code,
        result.undeliverable,
    )
    assert result.event is not None
    assert '[63] IMPORT ended with code 5: some updates were refused. The program said: "1 undeliverable"' == str(
        result.event
    )
    assert programs.results() == [result]

    programs.settle([result.receipt, ""])
    assert ["CCMDIR.IMP", "CCMDIR.RC"] == names(programs.imports)
    assert [] == programs.results()


@pytest.mark.cc("T38")
def test_a_failed_import_is_told_and_not_raised(make: Make) -> None:
    """What somebody else's run ended with is news, and the exports of today can still be used."""
    programs = make()
    programs.import_(b"text", Mode.ADD)
    answer(programs, ccmdir_rc=b"1\r\n")
    (result,) = programs.results()

    assert (1, False) == (result.code, result.applied)


def test_new_files_forget_old_results(make: Make) -> None:
    """A result stands beside the file that it is about, never beside the next one."""
    programs = make()
    programs.import_(b"old", Mode.ADD)
    answer(programs, ccmdir_rc=b"1\r\n", ccmdir_out=b"no")
    programs.import_(b"new", Mode.ADD)

    assert [] == programs.results()
    assert ["CCMDIR.IMP"] == names(programs.imports)


def test_import_files_that_nobody_takes_are_told(make: Make) -> None:
    """After some hours an administrator should hear of it."""
    make().import_(b"text", Mode.ADD)

    assert [] == make(3600.0, overdue=2.0).warnings()
    (warning,) = make(3 * 3600.0 + 1, overdue=2.0).warnings()
    assert "has been waiting for 3 hours; does somebody run IMPORT?" in warning


def test_a_folder_elsewhere_must_be_there(make: Make, tmp_path: Path) -> None:
    """A share that is not mounted is an error, and no empty folder in its place."""
    programs = make(exports=str(tmp_path / "share"), imports=str(tmp_path / "share"))

    with pytest.raises(TransportError, match="is the disk or share that it lies on mounted"):
        programs.export()
    with pytest.raises(TransportError, match="is the disk or share that it lies on mounted"):
        programs.import_(b"text", Mode.ADD)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"0 \r\n", Manifest(0)),
        (b"3\x1a", Manifest(3)),
        (b"a b\n\nCCMBB.EXP 12\n5\nEXPORT ended\n", Manifest(5, {"CCMBB.EXP": 12}, {}, b"a b\nEXPORT ended")),
    ],
)
def test_what_stands_in_a_manifest(data: bytes, expected: Manifest) -> None:
    """The exit code is a number on a line of its own; other lines are what the program said."""
    assert expected == read_manifest(data, "X")
    assert expected.code == exit_code(data)


@pytest.mark.parametrize("data", [b"", b"0", b"text\r\n", b"-1\r\n", b"CCMDIR.EXP 1\r\n"])
def test_a_manifest_without_a_code(data: bytes) -> None:
    """A line that has not ended may go on."""
    assert None is exit_code(data)
    with pytest.raises(NotYet, match="X has no exit code yet"):
        read_manifest(data, "X")


def test_a_password_in_what_somebody_left_is_not_shown(make: Make) -> None:
    """Who runs the programs may have kept their command lines."""
    programs = make(manifest=MANIFEST)
    programs.secrets = [Secret("Geheim")]
    leave(programs, ccmdir=RECORD, rc=b"EXPORT /NPO1 /PGEHEIM\r\n1\r\n")
    with pytest.raises(RunError, match=r"/NPO1 /P\*\*\*") as error:
        programs.export()
    programs.import_(RECORD, Mode.ADD)
    answer(programs, ccmdir_rc=b"1\r\n", ccmdir_out=b"/Pgeheim\r\n")
    (result,) = programs.results()

    assert "/P***\r\n" == result.console
    assert "geheim" not in f"{error.value} {error.value.console} {result.event}".lower()
