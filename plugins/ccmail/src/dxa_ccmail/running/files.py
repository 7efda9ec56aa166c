"""Files that change hands with other programs: found in any case, written in one go, moved and never lost on the way.

KB Q202178, Q295812: with a damaged folder files stayed where they were, without any error. So every move is looked at.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from dxa.disk import sync_folder, trying, write_whole
from dxa.errors import LockedError, TransportError

LOCK = ".lock"


def make_folder(path: Path) -> None:
    """The folder is there when this returns."""
    with trying(f"make the folder {path}"):
        path.mkdir(parents=True, exist_ok=True)


def matching(folder: Path, pattern: str) -> list[Path]:
    """The files in a folder whose names fit a pattern (``*.UND``), whatever their case, by name; none without it."""
    with trying(f"list {folder}"):
        if not folder.is_dir():
            return []
        found = [path for path in folder.iterdir() if fnmatchcase(path.name.upper(), pattern.upper())]
        return sorted(path for path in found if path.is_file())


def find(folder: Path, name: str) -> Path | None:
    """The file of that name in any case; raises `TransportError` when there are two, which are one name to DOS."""
    found = [path for path in matching(folder, "*") if path.name.upper() == name.upper()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise TransportError(f"{folder} has {names}, which are one name to DOS; remove one of them")
    return found[0] if found else None


def read(path: Path) -> bytes:
    """All bytes of a file that nobody changes meanwhile."""
    with trying(f"read {path}"):
        before = stamp(path)
        data = path.read_bytes()
        if before != stamp(path) or before[0] != len(data):
            raise TransportError(f"{path} was changed while it was read; the next run tries again")
        return data


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file: what tells one version of it from the next."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def write(path: Path, data: bytes) -> None:
    """Put a file in place, whole or not at all; durable when this returns."""
    with trying(f"write {path}"):
        write_whole(path, data)
        _check_size(path, len(data))


def move(source: Path, target: Path) -> None:
    """Rename a file, and see that it has arrived and is gone where it was (cc:Mail T45)."""
    with trying(f"move {source} to {target}"):
        size = source.stat().st_size
        source.replace(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
        _check_size(target, size)
        _check_gone(source)


def remove(path: Path) -> None:
    """Remove a file, and see that it is gone; nothing happens when it is gone already."""
    with trying(f"remove {path}"):
        path.unlink(missing_ok=True)
        _check_gone(path)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[int]:
    """Hold the lock of a folder; the handle may be passed to a program, which then holds it as long as it runs.

    Raises `LockedError` at once when somebody else has it.
    """
    path = folder / LOCK
    with trying(f"lock {path}"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(f"{what}; {path} is held") from None
        yield handle
    finally:
        os.close(handle)


def _check_size(path: Path, size: int) -> None:
    there = path.stat().st_size if path.exists() else None
    if there != size:
        got = "is not there" if there is None else f"has {there} bytes"
        raise TransportError(f"{path} {got} and should have {size} bytes; is the folder damaged?")


def _check_gone(path: Path) -> None:
    if os.path.lexists(path):
        raise TransportError(f"{path} is still there after it was taken away; is the folder damaged?")
