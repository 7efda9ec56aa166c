import os
from pathlib import Path

import pytest

from dxa.errors import LockedError, TransportError
from dxa_ccmail.running import checks, files
from dxa_ccmail.running.events import Program, RunError
from dxa_ccmail.running.profiles import PROFILES, Version, missing


def refused(error: pytest.ExceptionInfo[RunError]) -> tuple[int, str]:
    """Number and text of an event."""
    return error.value.event.number, error.value.event.text


@pytest.mark.cc("T45")
def test_a_move_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that takes a file and does not have it is reported, with both names."""
    source, target = tmp_path / "A", tmp_path / "B"
    source.write_bytes(b"text")
    files.move(source, target)
    assert [b"text", False] == [target.read_bytes(), source.exists()]

    monkeypatch.setattr(Path, "replace", lambda self, target: self)
    with pytest.raises(TransportError, match="is not there and should have 4 bytes; is the folder damaged"):
        files.move(target, source)


@pytest.mark.cc("T45")
def test_a_move_that_copies_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is still where it was would be imported again."""
    source, target = tmp_path / "A", tmp_path / "B"
    source.write_bytes(b"text")
    monkeypatch.setattr(Path, "replace", lambda self, target: target.write_bytes(self.read_bytes()))

    with pytest.raises(TransportError, match="is still there after it was taken away"):
        files.move(source, target)


@pytest.mark.cc("T45")
def test_a_file_that_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an error of the system it is told all the same."""
    (tmp_path / "A").write_bytes(b"")
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok: None)

    with pytest.raises(TransportError, match="A is still there"):
        files.remove(tmp_path / "A")


@pytest.mark.cc("T45")
def test_a_file_that_did_not_arrive_whole_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that loses bytes is found before a program reads the file."""
    monkeypatch.setattr(Path, "replace", lambda self, target: target.write_bytes(b"te"))

    with pytest.raises(TransportError, match="has 2 bytes and should have 4"):
        files.write(tmp_path / "A", b"text")


def test_a_file_appears_at_once(tmp_path: Path) -> None:
    """Nothing but the whole file is left."""
    files.write(tmp_path / "A", b"one")
    files.write(tmp_path / "A", b"two")

    assert {"A": b"two"} == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_names_in_any_case(tmp_path: Path) -> None:
    """DOS knows one name where a disk may have two, which are reported."""
    (tmp_path / "ccmdir.exp").write_bytes(b"")

    assert tmp_path / "ccmdir.exp" == files.find(tmp_path, "CCMDIR.EXP")
    assert None is files.find(tmp_path / "none", "CCMDIR.EXP")
    (tmp_path / "CCMDIR.EXP").write_bytes(b"")
    with pytest.raises(TransportError, match="which are one name to DOS"):
        files.find(tmp_path, "CCMDIR.EXP")


def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the old and half of the new one is no export."""
    path = tmp_path / "A"
    path.write_bytes(b"one")

    def read(self: Path) -> bytes:
        with path.open("ab") as file:
            file.write(b"more")
        return b"one"

    monkeypatch.setattr(Path, "read_bytes", read)
    with pytest.raises(TransportError, match="was changed while it was read"):
        files.read(path)


def test_the_lock_of_a_folder(tmp_path: Path) -> None:
    """Two cannot have it at once; whoever inherits the handle keeps it."""
    with files.locked(tmp_path, "busy") as handle:
        kept = os.dup(handle)
        with pytest.raises(LockedError, match=r"^busy; .* is held$"), files.locked(tmp_path, "busy"):
            pass
    with pytest.raises(LockedError), files.locked(tmp_path, "busy"):
        pass
    os.close(kept)
    with files.locked(tmp_path, "busy"):
        pass


@pytest.mark.parametrize(
    ("version", "program", "expected"),
    [
        ("DB6", Program.EXPORT, ["EXPORT.EXE"]),
        ("DB8", Program.EXPORT, ["EXPORT.EXE", "IE.RI"]),
        ("DB8", Program.IMPORT, ["IMPORT.EXE", "IE.RI"]),
        ("8.5", Program.EXPORT, ["EXPORT32.EXE", "IMPEXP.RI"]),
        ("8.5", Program.IMPORT, ["IMPORT32.EXE", "IMPEXP.RI"]),
    ],
)
@pytest.mark.cc("T44")
def test_files_of_a_version(tmp_path: Path, version: Version, program: Program, expected: list[str]) -> None:
    """Each version has its programs and resource file; what is missing is told one by one, whatever the case."""
    told = []
    while name := missing(version, program, tmp_path):
        told.append(name)
        (tmp_path / name.lower()).write_bytes(b"")

    assert expected == told
    assert {"DB6", "DB8", "8.5"} == PROFILES.keys()


@pytest.mark.cc("T44")
def test_a_missing_resource_file_is_told_before_the_run(tmp_path: Path) -> None:
    """KB Q233164: the event says which file, where, and for which version."""
    (tmp_path / "EXPORT.EXE").write_bytes(b"")
    with pytest.raises(RunError) as error:
        checks.check_programs(Program.EXPORT, "DB8", tmp_path)

    assert (43, f"IE.RI was not found in {tmp_path}; a DB8 post office needs it for EXPORT") == refused(error)


@pytest.mark.cc("T36", "T50")
@pytest.mark.parametrize(("program", "wrong", "down"), [(Program.EXPORT, 68, 71), (Program.IMPORT, 59, 62)])
def test_the_post_office_is_looked_at(tmp_path: Path, program: Program, wrong: int, down: int) -> None:
    """KB Q170011, Q282172: a wrong path and a post office that is shut down are known without the program."""
    with pytest.raises(RunError) as error:
        checks.check_postoffice(program, tmp_path)
    assert wrong == error.value.event.number
    assert "has no CCPOMBOX.*" in str(error.value)

    (tmp_path / "ccpombox.dbf").write_bytes(b"")
    checks.check_postoffice(program, tmp_path)
    (tmp_path / "ccpodown").write_bytes(b"")
    with pytest.raises(RunError) as error:
        checks.check_postoffice(program, tmp_path)
    assert (down, 4) == (error.value.event.number, error.value.code)


@pytest.mark.cc("T46")
@pytest.mark.parametrize("free", [5 << 30, (4 << 30) + 1, 1 << 50, 1 << 70])
def test_much_room_is_room(tmp_path: Path, free: int) -> None:
    """KB Q178758: more than 4 GB of free space are not taken for few."""
    checks.check_room(Program.EXPORT, tmp_path, 4096, lambda _: free)


@pytest.mark.cc("T46")
def test_little_room_is_told(tmp_path: Path) -> None:
    """The event 98 says how much there is, and how much is asked for."""
    with pytest.raises(RunError) as error:
        checks.check_room(Program.EXPORT, tmp_path, 5000, lambda _: (4 << 30) + 5)

    expected = f"EXPORT was not run: only 4096 MB are free for {tmp_path}, and 5000 MB are asked for"
    assert (98, expected) == refused(error)
    checks.check_room(Program.EXPORT, tmp_path, 0)
