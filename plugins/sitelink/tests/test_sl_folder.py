"""The shared folder on a disk: whole files, and nothing that somebody else may have put there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dxa.errors import TransportError
from dxa_sitelink import folder as folders
from dxa_sitelink.folder import DiskAside, DiskFolder


def test_a_file_appears_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file is written aside first; what a crash left there is in nobody's way."""
    (tmp_path / ".a.tmp").write_bytes(b"half a fi")
    folder = DiskFolder(tmp_path, create=False)
    folder.write("a.b.0000000001.dxs", b"one")
    folder.write("a.b.0000000001.dxs", b"two")

    assert ["a.b.0000000001.dxs"] == folder.names() == [path.name for path in tmp_path.iterdir()]
    assert b"two" == folder.read("a.b.0000000001.dxs")
    folder.remove("a.b.0000000001.dxs")
    folder.remove("a.b.0000000001.dxs")
    assert (None, float("-inf")) == (folder.read("a.b.0000000001.dxs"), folder.modified("a.b.0000000001.dxs"))


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    """A link leads nowhere, a pipe keeps nobody waiting, a folder is no file."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link").symlink_to(secret)
    os.mkfifo(shared / "pipe")
    (shared / "folder").mkdir()
    folder = DiskFolder(shared, create=False)

    assert [] == folder.names()
    for name in ("link", "pipe", "folder"):
        with pytest.raises(TransportError):
            folder.read(name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody fills the memory of a site with one file."""
    monkeypatch.setattr(folders, "LARGEST", 10)
    (tmp_path / "big").write_bytes(b"x" * 11)

    with pytest.raises(TransportError, match="at most 10 bytes"):
        DiskFolder(tmp_path, create=False).read("big")


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_is_made_or_waited_for(tmp_path: Path, create: bool) -> None:
    """A folder of the site is made; one outside of it has to be mounted."""
    folder = DiskFolder(tmp_path / "x" / "y", create=create)
    if create:
        assert [] == folder.names()
    else:
        with pytest.raises(TransportError, match="mounted"):
            folder.names()
        with pytest.raises(TransportError, match="mounted"):
            folder.write("a", b"")


def test_only_the_latest_copies_of_bad_files_are_kept(tmp_path: Path) -> None:
    """Whoever writes bad files without end does not fill the disk."""
    aside = DiskAside(tmp_path / "aside", most=2)
    for number in range(4):
        aside.keep(f"f{number}", b"data", f"reason {number}")
        os.utime(tmp_path / "aside" / f"f{number}", (number, number))
    aside.keep("f3", b"other", "another reason")

    assert {"f2", "f2.why", "f3", "f3.why"} == {path.name for path in (tmp_path / "aside").iterdir()}
    assert (b"data", "reason 3\n") == (
        (tmp_path / "aside" / "f3").read_bytes(),
        (tmp_path / "aside" / "f3.why").read_text(),
    )
