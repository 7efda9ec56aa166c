"""The shared folder: whole files that appear under their names with all their bytes, as far as dxa writes them.

Whatever else moves files there (a synchronising program, somebody with a stick) may show half of one; that is what the
trailer of each file is for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

import attrs

from dxa.disk import TEMPORARY, trying, write_whole
from dxa.errors import TransportError

#: Larger files are not read, so that nobody fills the memory with one.
LARGEST = 2**30


class Folder(Protocol):
    """A folder of files with plain names. What cannot be reached now raises `TransportError` that names it."""

    def names(self) -> list[str]:
        """The files that are there, in the order of their names."""

    def read(self, name: str) -> bytes | None:
        """All bytes of a file; None when it has gone."""

    def modified(self, name: str) -> float:
        """When the file was last written, in seconds since 1970; minus infinity when it has gone."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, durable and at once; the same name twice has the same effect as once."""

    def remove(self, name: str) -> None:
        """Take a file away; nothing happens when it is gone already."""


@attrs.frozen
class DiskFolder:
    """A folder of a disk. With `create` it is made at its first use; without, it must be there (a mounted share)."""

    path: Path
    create: bool

    def names(self) -> list[str]:
        """See `Folder`."""
        self._ready()
        with trying(f"list {self.path}"), os.scandir(self.path) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and _is_plain(entry))

    def read(self, name: str) -> bytes | None:
        """See `Folder`."""
        with trying(f"read {self.path / name}"):
            try:
                # A link or a pipe that somebody put there must lead nowhere, and must not make the site wait.
                handle = os.open(self._place(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except FileNotFoundError:
                return None
            with os.fdopen(handle, "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
                    raise TransportError(f"{self.path / name} is no file of at most {LARGEST} bytes; remove it")
                return file.read()

    def modified(self, name: str) -> float:
        """See `Folder`."""
        with trying(f"look at {self.path / name}"):
            try:
                return self._place(name).stat().st_mtime
            except FileNotFoundError:
                return float("-inf")

    def write(self, name: str, data: bytes) -> None:
        """See `Folder`."""
        self._ready()
        with trying(f"write {self.path / name}"):
            write_file(self._place(name), data)

    def remove(self, name: str) -> None:
        """See `Folder`."""
        with trying(f"remove {self.path / name}"):
            self._place(name).unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        """Where a file of that name lies; a path would lead out of the folder."""
        if name in ("", ".", "..") or {*name} & {*"/\\\0"}:
            raise TransportError(f"{name!r} is not the name of a file in {self.path}")
        return self.path / name

    def _ready(self) -> None:
        if self.path.is_dir():
            return
        if not self.create:
            raise TransportError(
                f"there is no folder {self.path}; is its share or disk mounted? The next run looks again"
            )
        with trying(f"make the folder {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)


def write_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file aside and rename it into its place; its bytes and its name are durable when this returns."""
    # One for each writer: what a crash leaves behind is in the way of the next file, and goes.
    write_whole(path, data, mode=mode, aside=f".{path.name.partition('.')[0]}{TEMPORARY}")


def _is_plain(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False)


class Aside(Protocol):
    """Where copies of files are kept that could not be used."""

    def keep(self, name: str, data: bytes, reason: str) -> None:
        """Keep a copy with its reason; the same one twice is one."""


@attrs.frozen
class DiskAside:
    """A folder of the site for such copies; only the latest so many stay."""

    path: Path
    most: int = 100

    def keep(self, name: str, data: bytes, reason: str) -> None:
        """See `Aside`; the reason stands in a file of the same name with ``.why`` at its end."""
        place = self.path / name
        if place.exists():
            return
        with trying(f"keep a copy in {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)
            write_file(self.path / f"{name}.why", f"{reason}\n".encode("utf-8", "replace"), 0o600)
            write_file(place, data, 0o600)
            copies = [path for path in self.path.iterdir() if path.suffix != ".why"]
            for old in sorted(copies, key=lambda path: path.stat().st_mtime)[: -self.most]:
                old.unlink(missing_ok=True)
                old.with_name(f"{old.name}.why").unlink(missing_ok=True)
