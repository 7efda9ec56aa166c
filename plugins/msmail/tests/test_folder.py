from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxa.errors import TransportError
from dxa_msmail.folder import BAD, DiskFolder, Folder, MemoryFolder, file_name

Make = Callable[[], Folder]


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """A folder of each kind."""
    return DiskFolder(tmp_path / "mail") if request.param == "disk" else MemoryFolder()


def test_what_is_written_can_be_read(folder: Folder) -> None:
    """A file holds the bytes that were put into it, and is listed once."""
    folder.write("a.msg", b"one")

    assert ["a.msg"] == folder.names()
    assert b"one" == folder.read("a.msg")


def test_the_same_name_twice_has_the_effect_of_once(folder: Folder) -> None:
    """A file that is written again is one file, with the bytes of the second time."""
    folder.write("a.msg", b"one")
    folder.write("a.msg", b"two")

    assert ["a.msg"] == folder.names()
    assert b"two" == folder.read("a.msg")


def test_the_oldest_comes_first(folder: Folder) -> None:
    """Files are listed in the order in which they were written; of one instant, by name."""
    for name in ("c.msg", "d.msg", "e.msg"):
        folder.write(name, b"")

    assert ["c.msg", "d.msg", "e.msg"] == folder.names()


def test_an_older_file_comes_first_whatever_its_name(tmp_path: Path) -> None:
    """On a disk the time of a file decides, not its name."""
    import os

    folder = DiskFolder(tmp_path)
    folder.write("a.msg", b"")
    folder.write("b.msg", b"")
    os.utime(tmp_path / "b.msg", (1, 1))

    assert ["b.msg", "a.msg"] == folder.names()


def test_removing_can_be_repeated(folder: Folder) -> None:
    """What is gone can be removed again without an error."""
    folder.write("a.msg", b"")
    folder.remove("a.msg")
    folder.remove("a.msg")

    assert [] == folder.names()


def test_parking_takes_a_file_out_of_the_way_and_keeps_it(tmp_path: Path) -> None:
    """A file that nobody can use lies in a subfolder with the reason beside it; parking it again does nothing."""
    folder = DiskFolder(tmp_path)
    folder.write("a.msg", b"rubbish")
    folder.park("a.msg", "no header")
    folder.park("a.msg", "another reason")

    assert [] == folder.names()
    assert b"rubbish" == (tmp_path / BAD / "a.msg").read_bytes()
    assert "no header\n" == (tmp_path / BAD / "a.msg.why").read_text()


def test_parking_in_memory() -> None:
    """A folder in memory keeps what was parked, with the reason."""
    folder = MemoryFolder()
    folder.write("a.msg", b"rubbish")
    folder.park("a.msg", "no header")
    folder.park("a.msg", "another reason")

    assert {"a.msg": ("no header", b"rubbish")} == folder.parked


@pytest.mark.dx("T-193")
def test_temporary_files_are_not_mail(tmp_path: Path) -> None:
    """What a write that was interrupted has left is not listed, and the next write of that name does away with it."""
    folder = DiskFolder(tmp_path)
    (tmp_path / ".a.msg.tmp").write_bytes(b"hal")
    (tmp_path / "b.tmp").write_bytes(b"hal")
    (tmp_path / "c~").write_bytes(b"old")

    assert [] == folder.names()

    folder.write("a.msg", b"half")

    assert ["a.msg"] == folder.names()
    assert {"a.msg", "b.tmp", "c~"} == {path.name for path in tmp_path.iterdir()}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader never sees half a file: until the new one is whole the old one stands there."""
    folder = DiskFolder(tmp_path)
    folder.write("a.msg", b"old")

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(TransportError, match=r"a\.msg: No space left on device"):
        folder.write("a.msg", b"new and longer")

    assert b"old" == folder.read("a.msg")


@pytest.mark.dx("T-196")
def test_what_cannot_be_read_is_named(folder: Folder) -> None:
    """A file that has gone raises an error that names it."""
    with pytest.raises(TransportError, match=r"gone\.msg"):
        folder.read("gone.msg")


@pytest.mark.dx("T-196", "T-186")
def test_a_locked_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program holds raises an error that names it, with the system's own reason."""
    folder = DiskFolder(tmp_path)
    folder.write("a.msg", b"")

    def locked(_self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", locked)
    with pytest.raises(TransportError, match=r"a\.msg: Permission denied"):
        folder.read("a.msg")


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\\b", "/etc/passwd", "a\x00b"])
def test_a_name_that_would_be_a_path_is_refused(folder: Folder, name: str) -> None:
    """No name leads out of the folder, whatever is done with it."""
    for use in (folder.read, folder.remove, lambda n: folder.write(n, b""), lambda n: folder.park(n, "")):
        with pytest.raises(TransportError, match="not the name of a file"):
            use(name)


def test_a_folder_that_must_be_there(tmp_path: Path) -> None:
    """A share that is not mounted is not taken for an empty folder, nor made anew."""
    with pytest.raises(TransportError, match="mounted"):
        DiskFolder(tmp_path / "share", create=False).names()

    assert [] == list(tmp_path.iterdir())


def test_folders_are_not_files(tmp_path: Path) -> None:
    """A subfolder is not listed."""
    folder = DiskFolder(tmp_path)
    (tmp_path / "sub").mkdir()

    assert [] == folder.names()


@given(st.text(max_size=150))
def test_every_text_makes_a_plain_name(text: str) -> None:
    """A name made from any text is a name of a file in the folder, and of no temporary one."""
    folder = MemoryFolder()
    folder.write(file_name(text), b"")

    assert [file_name(text)] == folder.names()
    assert set(file_name(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789$_.-")


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_texts_make_different_names(one: str, other: str) -> None:
    """Two texts have one name only if they are one text, also where case does not count."""
    assert (one == other) == (file_name(one).lower() == file_name(other).lower())


def test_a_name_that_is_safe_stays() -> None:
    """A parcel's id can be told from the name of its file."""
    assert "0000000123-ab12.msg" == file_name("0000000123-ab12")
