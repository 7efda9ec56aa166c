"""MAILDATA on a disk: one lock, and changes of many files that happen together or not at all.

A change collects what is to be written, and its end commits it (see `dxa_msmail.postoffice.commit`). So a kill anywhere
leaves the files of before or, after the next look, those of after; and a reader that does not know of our lock sees
each file whole, in the order in which they were written (a mailbag's header behind the mail that it names).

The lock is the documented one: GLB/FLAG.GLB is held (KB Q148705, error 91). What dxa needs beside MS Mail's own files
lies in the folder DXA.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import attrs

from dxa.errors import TransportError
from dxa_msmail.postoffice.commit import FLAG as FLAG
from dxa_msmail.postoffice.commit import JOURNAL, Commit
from dxa_msmail.postoffice.commit import OWN as OWN
from dxa_msmail.postoffice.disk import Found, Step, held, is_at, put, said, write_all

#: A log that has grown beyond this is cut to its last quarter (KB Q296255, dx:T-176).
LOG_SIZE = 1 << 20


class Files(Protocol):
    """The files of a postoffice while it is locked, by names like ``GLB/MASTER.GLB``, in upper case."""

    def read(self, name: str) -> bytes | None:
        """All bytes; None when there is no such file. Raises `TransportError` that names it."""

    def names(self, folder: str) -> list[str]:
        """The names in a folder (``NME``), in upper case and sorted; none when there is no such folder."""


class Changing(Files, Protocol):
    """Files that can be changed; what is written can be read at once, and is on the disk when the change has ended."""

    def write(self, name: str, data: bytes) -> None:
        """Replace the file as a whole. Files appear in the order in which they were written last."""

    def remove(self, name: str) -> None:
        """Remove the file; nothing happens when there is none."""


@attrs.define
class MemoryFiles:
    """Files in this process, for tests."""

    files: dict[str, bytes] = attrs.field(factory=dict)

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        return self.files.get(name)

    def names(self, folder: str) -> list[str]:
        """See `Files`."""
        return sorted({name[len(folder) + 1 :].split("/")[0] for name in self.files if name.startswith(f"{folder}/")})

    def write(self, name: str, data: bytes) -> None:
        """See `Changing`."""
        self.files.pop(name, None)
        self.files[name] = data

    def remove(self, name: str) -> None:
        """See `Changing`."""
        self.files.pop(name, None)


@attrs.define
class Maildata:
    """A postoffice's folder. `patience` is how many seconds to wait for the lock; `step` is called before each write,
    rename and removal with its name, so that tests can end the process there. Without `durable` nothing is synced.
    """

    root: Path
    patience: float = 10.0
    durable: bool = True
    step: Step = lambda _what: None

    @contextmanager
    def look(self) -> Iterator[Files]:
        """The files while nobody changes them; raises `LockedError` 91 when somebody else does for too long."""
        while True:
            with self._lock(fcntl.LOCK_SH):
                found = Found(self.root)
                if found.path(JOURNAL) is None:
                    yield found
                    return
            with self._lock(fcntl.LOCK_EX):
                self._commit.recover()

    @contextmanager
    def change(self) -> Iterator[Changing]:
        """The files to be changed: all of what was written and removed is done at the end, nothing after an error."""
        with self._lock(fcntl.LOCK_EX) as lock:
            self._commit.recover()
            change = _Change(Found(self.root))
            yield change
            self._commit.write(change.found, change.new, lambda: is_at(lock, self._flag()))

    def log(self, name: str, data: bytes) -> None:
        """Add to the end of a log (``LOG/DIRSYNC.LOG``), which never grows without bound.

        The log has a lock of its own: what is wrong with the postoffice, or that it is held, can be told all the same.
        """
        path = Found(self.root).place(name)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with said(f"write {path}"), held(lambda: path, flags, fcntl.LOCK_EX, self.patience) as log:
            if os.fstat(log).st_size <= LOG_SIZE:
                write_all(log, data)
                return
            kept = path.read_bytes()[-LOG_SIZE // 4 :].partition(b"\n")[2]
            new = path.with_suffix(".NEW")
            put(new, kept + data, durable=self.durable, step=self.step, like=path)
            new.replace(path)

    @property
    def _commit(self) -> Commit:
        return Commit(self.root, self.durable, self.step)

    @contextmanager
    def _lock(self, kind: int) -> Iterator[int]:
        flags = os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY
        with held(self._flag, flags, kind, self.patience) as handle:
            yield handle

    def _flag(self) -> Path:
        path = Found(self.root).path(FLAG)
        if path is None:
            raise TransportError(
                f"{self.root} is not a postoffice: it has no {FLAG}; is the disk or share mounted that it lies on?"
            )
        return path


class _Change:
    """What is to be written and removed (None), in order, over what is there."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.new: dict[str, bytes | None] = {}

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        return self.new[name] if name in self.new else self.found.read(name)

    def names(self, folder: str) -> list[str]:
        """See `Files`."""
        there = set(self.found.names(folder))
        for name, data in self.new.items():
            parent, _, last = name.rpartition("/")
            if parent == folder:
                there.discard(last) if data is None else there.add(last)
        return sorted(there)

    def write(self, name: str, data: bytes) -> None:
        """See `Changing`."""
        self.new.pop(name, None)
        self.new[name] = data

    def remove(self, name: str) -> None:
        """See `Changing`."""
        self.new.pop(name, None)
        if self.found.path(name) is not None:
            self.new[name] = None
