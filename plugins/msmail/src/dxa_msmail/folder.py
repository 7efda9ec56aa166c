"""The transport: whole message files, dropped in and taken from folders.

A file appears under its name with all its bytes or not at all, so a reader never sees half of one. Names are made by
`file_name` only; what a peer sends never becomes part of a path.
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import attrs

from dxa.disk import TEMPORARY, sync_folder, trying, write_whole
from dxa.errors import TransportError

#: The subfolder for files that nobody can use.
BAD = "bad"

_UNSAFE = re.compile(r"[^A-Za-z0-9$_.-]")
_LONGEST = 100


def file_name(text: str, suffix: str = ".msg") -> str:
    """A plain file name made from any text; texts that differ get names that differ, in any case of letters."""
    safe = _UNSAFE.sub("_", text).lstrip(".")[:_LONGEST] or "_"
    if safe != text or safe != safe.lower():
        safe = f"{safe.lower()}-{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"
    return f"{safe}{suffix}"


class Folder(Protocol):
    """A folder of message files. What cannot be reached now raises `TransportError` that names the file."""

    def names(self) -> list[str]:
        """The files that are there in full, oldest first."""

    def read(self, name: str) -> bytes:
        """All bytes of a file."""

    def identity(self, name: str) -> str:
        """What a message that was read is known by for good; "" where the same bytes may be another message."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there; the same name twice has the same effect as once. `flush` makes its name durable."""

    def flush(self) -> None:
        """What was written and removed is durable when this returns: once for many files, for it costs as much as each.

        When it raises, nothing that was written since the last time can be relied on.
        """

    def remove(self, name: str) -> None:
        """Take a file away; nothing happens when it is gone already. `flush` makes it durable."""

    def park(self, name: str, reason: str) -> None:
        """Move a file that nobody can use out of the way and keep it, with the reason beside it; repeatable."""

    def modified(self, name: str) -> float:
        """When the file was last written, in seconds since 1970; minus infinity when that does not matter."""

    def warnings(self) -> Sequence[str]:
        """What an administrator should look at before it becomes a fault."""


def _is_message(name: str) -> bool:
    return not name.startswith(".") and not name.endswith((TEMPORARY, "~"))


def is_plain(name: str) -> bool:
    """Whether this can be the name of a file in a message folder; every other name would be a path out of it."""
    return bool(name) and name not in (".", "..") and not re.search(r"[/\\\x00]", name)


def take_away(inbox: Folder, outbox: Folder, receipts: Sequence[str], kept: MutableMapping[str, str]) -> None:
    """Take away the files that were read, and make durable what was written and removed.

    Those in `kept`, which nobody could read, are parked with the reason that stands there.
    """
    for name in filter(is_plain, receipts):
        if name in kept:
            inbox.park(name, kept.pop(name))
        else:
            inbox.remove(name)
    outbox.flush()
    if receipts and inbox is not outbox:
        inbox.flush()


def _plain(name: str) -> str:
    if not is_plain(name):
        raise TransportError(f"{name!r} is not the name of a file in a message folder")
    return name


@attrs.frozen
class DiskFolder:
    """A folder of a disk. With `create` it is made at its first use; without, it must be there (a mounted share)."""

    path: Path
    create: bool = True

    def names(self) -> list[str]:
        """See `Folder`; the oldest by its time, files of one instant by name."""
        self._ready()
        found = []
        with trying(f"list {self.path}"), os.scandir(self.path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # it went away while we looked
                    if _is_message(entry.name) and entry.is_file():
                        found.append((entry.stat().st_mtime_ns, entry.name))
        return [name for _, name in sorted(found)]

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        path = self.path / _plain(name)
        with trying(f"read {path}"):
            return path.read_bytes()

    def identity(self, name: str) -> str:
        """See `Folder`."""
        return ""

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`."""
        path = self.path / _plain(name)
        self._ready()
        with trying(f"write {path}"):
            write_whole(path, data, sync=False)

    def flush(self) -> None:
        """See `Folder`."""
        with trying(f"write to {self.path}"):
            if self.path.is_dir():
                sync_folder(self.path)

    def remove(self, name: str) -> None:
        """See `Folder`."""
        path = self.path / _plain(name)
        with trying(f"remove {path}"):
            path.unlink(missing_ok=True)

    def park(self, name: str, reason: str) -> None:
        """See `Folder`; the reason stands in a file of the same name with ``.why`` at its end."""
        path = self.path / _plain(name)
        bad = self.path / BAD
        with trying(f"move {path} to {bad}"):
            bad.mkdir(exist_ok=True)
            if path.exists():
                write_whole(bad / f"{name}.why", f"{reason}\n".encode())
                path.replace(bad / name)

    def modified(self, name: str) -> float:
        """See `Folder`."""
        path = self.path / _plain(name)
        with trying(f"look at {path}"):
            return path.stat().st_mtime

    def warnings(self) -> Sequence[str]:
        """See `Folder`."""
        return ()

    def _ready(self) -> None:
        if self.path.is_dir():
            return
        if not self.create:
            raise TransportError(f"there is no folder {self.path}; is the disk or share that it lies on mounted?")
        with trying(f"make the folder {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)


@attrs.define
class MemoryFolder:
    """A folder in this process, for tests and simulations. `files` are in the order in which they were written.

    A name in `locked` cannot be read now; `parked` holds what was moved away, with its reason.
    """

    files: dict[str, bytes] = attrs.field(factory=dict)
    parked: dict[str, tuple[str, bytes]] = attrs.field(factory=dict)
    locked: set[str] = attrs.field(factory=set)

    def names(self) -> list[str]:
        """See `Folder`."""
        return [name for name in self.files if _is_message(name)]

    def read(self, name: str) -> bytes:
        """See `Folder`."""
        if _plain(name) in self.locked:
            raise TransportError(f"cannot read {name}: it is locked; the next run tries again")
        if name not in self.files:
            raise TransportError(f"cannot read {name}: there is no such file; the next run tries again")
        return self.files[name]

    def identity(self, name: str) -> str:
        """See `Folder`."""
        return ""

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`."""
        self.files.pop(_plain(name), None)
        self.files[name] = data

    def flush(self) -> None:
        """See `Folder`."""

    def remove(self, name: str) -> None:
        """See `Folder`."""
        self.files.pop(_plain(name), None)

    def park(self, name: str, reason: str) -> None:
        """See `Folder`."""
        data = self.files.pop(_plain(name), None)
        if data is not None:
            self.parked[name] = reason, data

    def modified(self, name: str) -> float:
        """See `Folder`."""
        return float("-inf")

    def warnings(self) -> Sequence[str]:
        """See `Folder`."""
        return ()
