"""MAILDATA on a disk: names in any case, one lock, and changes of many files that happen together or not at all.

A change collects what is to be written. Its end writes every new file aside and makes it durable, then puts a journal
beside them, which is the commit point, then renames the files into their places in the order in which they were
written, and removes the journal. Whoever takes the lock next finishes what the journal says. So a kill anywhere leaves
the files of before or, after the next look, those of after; and a reader that does not know of our lock sees each file
whole, in the order in which they were written (a mailbag's header behind the mail that it names).

The lock is the documented one: GLB/FLAG.GLB is held (KB Q148705, error 91). What dxa needs beside MS Mail's own files
lies in the folder DXA.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import attrs

from dxa.errors import LockedError, TransportError
from dxa_msmail.errors import message as error_text
from dxa_msmail.folder import sync_folder

#: Our own corner of the tree: new files on their way into place, the journal, digests of the mail that was taken.
OWN = "DXA"
FLAG = "GLB/FLAG.GLB"
#: A log that has grown beyond this is cut to its last quarter (KB Q296255, dx:T-176).
LOG_SIZE = 1 << 20

_JOURNAL = f"{OWN}/JOURNAL"
_HEAD = "dxa journal 1"
_LOCKED = 91
#: So often a lock that somebody else holds is looked at again, in seconds.
_PAUSE = 0.05


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
    step: Callable[[str], None] = lambda _what: None

    @contextmanager
    def look(self) -> Iterator[Files]:
        """The files while nobody changes them; raises `LockedError` 91 when somebody else does for too long."""
        while True:
            with self._lock(fcntl.LOCK_SH):
                found = _Found(self.root)
                if found.path(_JOURNAL) is None:
                    yield found
                    return
            with self._lock(fcntl.LOCK_EX):
                self._recover()

    @contextmanager
    def change(self) -> Iterator[Changing]:
        """The files to be changed: all of what was written and removed is done at the end, nothing after an error."""
        with self._lock(fcntl.LOCK_EX):
            self._recover()
            change = _Change(_Found(self.root))
            yield change
            self._commit(change)

    def log(self, name: str, data: bytes) -> None:
        """Add to the end of a log (``LOG/DIRSYNC.LOG``), which never grows without bound."""
        path = _Found(self.root).place(name)
        with _said(f"write {path}"):
            if path.exists() and path.stat().st_size > LOG_SIZE:
                kept = path.read_bytes()[-LOG_SIZE // 4 :].partition(b"\n")[2]
                self._put(path.with_suffix(".NEW"), kept)
                path.with_suffix(".NEW").replace(path)
            with path.open("ab") as log:
                log.write(data)

    # -- the lock --------------------------------------------------------------------------------------------------

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        path = _Found(self.root).path(FLAG)
        if path is None:
            raise TransportError(
                f"{self.root} is not a postoffice: it has no {FLAG}; is the disk or share mounted that it lies on?"
            )
        with _said(f"open {path}"):
            handle = os.open(path, os.O_RDWR if kind == fcntl.LOCK_EX else os.O_RDONLY)
        try:
            self._wait(handle, kind, path)
            yield
        finally:
            os.close(handle)

    def _wait(self, handle: int, kind: int, path: Path) -> None:
        until = time.monotonic() + self.patience
        while True:
            try:
                fcntl.flock(handle, kind | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    hint = "wait until it is done, and try again"
                    raise LockedError(f"[{_LOCKED}] {error_text(_LOCKED)}: {path} is held; {hint}") from None
            time.sleep(_PAUSE)

    # -- committing ------------------------------------------------------------------------------------------------

    def _commit(self, change: _Change) -> None:
        if not change.new:
            return
        found = change.found
        with _said(f"write to {self.root}"):
            lines = self._write_aside(change)
            if len(lines) > 1:
                self._write_journal(found, lines)
            self._finish(found, lines)

    def _write_aside(self, change: _Change) -> list[str]:
        """Write the new files into our corner; returns the journal's lines."""
        lines = []
        own = change.found.place(_JOURNAL).parent
        if not own.is_dir():
            self.step("make DXA")
            own.mkdir()
        for n, (name, data) in enumerate(change.new.items()):
            if data is None:
                lines.append(f"remove {name}")
                continue
            self._put(own / f"{n:08X}.NEW", data)
            lines.append(f"rename {n:08X}.NEW {name}")
        if any(name.startswith("NME/") for name in change.new):
            lines.append(f"raise {FLAG}")
        if self.durable:
            sync_folder(own)
        return lines

    def _write_journal(self, found: _Found, lines: list[str]) -> None:
        body = "".join(f"{line}\n" for line in lines).encode()
        path = found.place(_JOURNAL)
        self._put(path.with_name("JOURNAL.NEW"), f"{_HEAD} {zlib.crc32(body):08X}\n".encode() + body)
        self.step("rename JOURNAL")
        path.with_name("JOURNAL.NEW").rename(path)
        if self.durable:
            sync_folder(path.parent)

    def _put(self, path: Path, data: bytes) -> None:
        self.step(f"write {path.name}")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            rest = memoryview(data)
            # In two parts, so that a test can end the process in between.
            for part in (rest[: len(rest) // 2], rest[len(rest) // 2 :]):
                while part:
                    part = part[os.write(handle, part) :]
                self.step(f"go on with {path.name}")
            if self.durable:
                os.fsync(handle)
        finally:
            os.close(handle)

    def _finish(self, found: _Found, lines: list[str]) -> None:
        """Do what the journal says and has not been done yet, then remove it."""
        own = found.place(_JOURNAL).parent
        folders = set()
        for line in lines:
            verb, *rest = line.split(" ")
            target = found.place(rest[-1])
            folders.add(target.parent)
            self.step(line)
            if verb == "remove":
                target.unlink(missing_ok=True)
            elif verb == "raise":
                _raise(target)
            elif (own / rest[0]).exists():  # else it has been renamed before the crash
                target.parent.mkdir(parents=True, exist_ok=True)
                (own / rest[0]).rename(target)
        if self.durable:
            for folder in folders:
                sync_folder(folder)
        if (own / "JOURNAL").exists():
            self.step("remove JOURNAL")
            (own / "JOURNAL").unlink()

    def _recover(self) -> None:
        """Finish or forget what an interrupted change has left behind (dx:T-193)."""
        found = _Found(self.root)
        if not found.names(OWN):
            return
        journal = found.path(_JOURNAL)
        with _said(f"write to {self.root}"):
            if journal is not None:
                self._finish(found, _journal_lines(journal))
            for name in found.names(OWN):
                if name.endswith(".NEW"):
                    self.step(f"remove {name}")
                    found.place(f"{OWN}/{name}").unlink(missing_ok=True)


def _raise(path: Path) -> None:
    """KB Q77926: FLAG.GLB changes when lists change. Two bytes in place, for the file is the lock."""
    with path.open("r+b", buffering=0) as file:
        count = int.from_bytes(file.read(2), "little")
        file.seek(0)
        file.write(((count + 1) & 0xFFFF).to_bytes(2, "little"))


def _journal_lines(path: Path) -> list[str]:
    head, _, body = path.read_bytes().partition(b"\n")
    if head.decode("ascii", "replace") != f"{_HEAD} {zlib.crc32(body):08X}":
        raise TransportError(
            f"{path} is damaged: its check does not match. Nobody can tell what it was to change; restore the "
            "postoffice from a backup, or remove the file and have `dxa msmail check` look at the rest"
        )
    return body.decode().splitlines()


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Say the file and the operating system's own reason (dx:T-188, T-196)."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        name = f" ({error.filename})" if error.filename else ""
        raise TransportError(f"cannot {what}: {reason}{name}; the next run tries again") from None


class _Found:
    """Where files are, whatever the case of their names; a folder is listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, Mapping[str, str]] = {}

    def path(self, name: str) -> Path | None:
        """The file's own path, None when there is no such file."""
        path = self.place(name)
        return path if path.name in self._list(path.parent).values() else None

    def place(self, name: str) -> Path:
        """The path of the file that is there, or where a new one goes."""
        path = self.root
        for part in name.split("/"):
            path = path / self._list(path).get(part.upper(), part)
        return path

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        path = self.place(name)
        with _said(f"read {path}"):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def names(self, folder: str) -> list[str]:
        """See `Files`."""
        return sorted(self._list(self.place(folder)))

    def _list(self, folder: Path) -> Mapping[str, str]:
        if folder not in self._listed:
            names: dict[str, str] = {}
            with _said(f"list {folder}"), suppress(FileNotFoundError, NotADirectoryError):
                for actual in os.listdir(folder):  # noqa: PTH208 - names are all that is wanted, and many
                    upper = actual.upper()
                    if upper in names:
                        both = f"{names[upper]} and {actual}"
                        raise TransportError(f"{folder} has {both}, which are one name to MS Mail; remove one of them")
                    names[upper] = actual
            self._listed[folder] = names
        return self._listed[folder]


class _Change:
    """What is to be written and removed (None), in order, over what is there."""

    def __init__(self, found: _Found) -> None:
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
