"""Files that change hands with other programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dxa.disk import sync_folder, trying, write_whole
from dxa.errors import TransportError


def test_a_file_is_there_whole_with_its_mode(tmp_path: Path) -> None:
    """In the place of the one before, and nothing else is left in the folder."""
    place = tmp_path / "a.txt"
    write_whole(place, b"old")
    write_whole(place, b"new", mode=0o600)

    assert b"new" == place.read_bytes()
    assert 0o600 == place.stat().st_mode & 0o777
    assert [place] == [*tmp_path.iterdir()]


def test_what_a_crash_or_somebody_else_left_aside_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the file that is written aside leads nowhere, and is not in the way."""
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    (tmp_path / ".a.txt.tmp").symlink_to(other)
    write_whole(tmp_path / "a.txt", b"ours")

    assert (b"theirs", b"ours") == (other.read_bytes(), (tmp_path / "a.txt").read_bytes())


def test_bytes_come_before_names_onto_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synchronised under the name that it has aside, and its folder behind the renaming, once for many."""
    seen: list[str] = []

    def synced(handle: int) -> None:
        folder = Path(f"/proc/self/fd/{handle}").resolve() == tmp_path
        seen.append("folder" if folder else "file " + ",".join(sorted(path.name for path in tmp_path.iterdir())))

    monkeypatch.setattr(os, "fsync", synced)
    write_whole(tmp_path / "a", b"1")
    write_whole(tmp_path / "b", b"2", sync=False)
    sync_folder(tmp_path)

    assert ["file .a.tmp", "folder", "file .b.tmp,a", "folder"] == seen


def test_the_file_systems_reason_is_told(tmp_path: Path) -> None:
    """With what was tried; errors of another kind go through."""
    said = "cannot read the list: No such file or directory; the next run tries again"
    with pytest.raises(TransportError, match=said), trying("read the list"):
        (tmp_path / "none").read_bytes()
    with pytest.raises(ValueError, match="mine"), trying("read the list"):
        raise ValueError("mine")
