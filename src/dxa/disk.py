"""Files that change hands with other programs: whole or not at all, and on the disk when it is said that they are.

Whoever reads a file that `write_whole` writes sees all of it, or the one before. A name that came, changed or went in a
folder outlasts a power failure with `sync_folder`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dxa.errors import TransportError

#: What a file is called while it is written: hidden, and with this ending.
TEMPORARY = ".tmp"


@contextmanager
def trying(what: str) -> Iterator[None]:
    """What the file system refuses meanwhile keeps from doing `what` (``read a.txt``) now; the next run tries again.

    Raises:
        TransportError: for every `OSError`, with what was tried and the reason.
    """
    try:
        yield
    except OSError as error:
        raise TransportError(f"cannot {what}: {error.strerror or error}; the next run tries again") from error


def write_whole(path: Path, data: bytes, *, mode: int = 0o666, sync: bool = True, aside: str = "") -> None:
    """Put a file in place: all of it, or the one that was there stays.

    It is written under a name that begins with a dot, or as `aside`, and renamed. Its bytes are durable when this
    returns, and so is its name; without `sync` its name becomes so by `sync_folder`, one for many files. With one name
    `aside` for all files of a writer, what a crash leaves goes with the next file. Raises `OSError`.
    """
    new = path.with_name(aside or f".{path.name}{TEMPORARY}")
    # Anew: a crash may have left one, and what somebody else puts there may be a link.
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    if sync:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Wait until it is on the disk which files a folder has. Raises `OSError`."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
