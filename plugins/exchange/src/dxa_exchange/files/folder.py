"""The folders in which files change hands: taken when they are complete, written in one go, never lost on the way."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import attrs

from dxa.disk import TEMPORARY, sync_folder, trying, write_whole
from dxa.errors import TransportError


class Waiting(NamedTuple):
    """A file that is there: its name, its size, and the time that it bears, in nanoseconds.

    `touched` is the latest time at which anything was done to it: a copy may bear the time of its original.
    """

    name: str
    size: int
    time: int
    touched: int


@attrs.define
class Folder:
    """One folder. `configured` is its path as in the configuration: one of the site's own is made when it is missing,
    one elsewhere must be there, for it may be a share that is not mounted.
    """

    path: Path
    configured: str = ""

    def ready(self) -> None:
        """The folder is there when this returns."""
        if self.configured and Path(self.configured).is_absolute():
            if not self.path.is_dir():
                raise TransportError(f"there is no folder {self.path}; is the disk or share that it lies on mounted?")
            return
        with trying(f"make the folder {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)

    def files(self) -> list[Waiting]:
        """The files, oldest first; hidden ones, links, and those that are being written are not told."""
        self.ready()
        with trying(f"list {self.path}"):
            found = [_waiting(entry) for entry in os.scandir(self.path) if _counts(entry)]
        return sorted(found, key=lambda each: (each.time, each.name))

    def read(self, name: str) -> bytes:
        """All bytes of a file that nobody changes meanwhile."""
        path = self.path / name
        # Others may write there: a link would lead to files of dxa's own, and a pipe make it wait.
        with (
            trying(f"read {path}"),
            os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file,
        ):
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise TransportError(f"{path} is no file; remove it")
            data = file.read()
            after = path.lstat()
        if _state(before) != _state(after) or before.st_size != len(data):
            raise TransportError(f"{path} was changed while it was read; the next run tries again")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place, whole or not at all; durable when this returns."""
        self.ready()
        with trying(f"write {self.path / name}"):
            write_whole(self.path / name, data)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens when it is gone already."""
        with trying(f"remove {self.path / name}"):
            (self.path / name).unlink(missing_ok=True)

    def move(self, name: str, target: Folder, called: str) -> None:
        """Move a file into another folder, even on another disk; nothing happens when it is gone already."""
        target.ready()
        source, path = self.path / name, target.path / called
        with trying(f"move {source} to {path}"):
            if not source.exists():
                return
            if source.stat().st_dev == target.path.stat().st_dev:
                source.replace(path)
                sync_folder(target.path)
                return
        target.write(called, self.read(name))
        self.remove(name)


def complete(
    folder: Folder, *, ending: str, quiet: float, now: Callable[[], float]
) -> tuple[list[tuple[Waiting, bool]], str]:
    """The files that nobody writes any more, each with whether its size was told, and why the oldest other one waits.

    What is newer than a file that waits still is taken in its turn, behind it.
    """
    there = folder.files()
    companions = {each.name.removesuffix(ending): each for each in there if ending and each.name.endswith(ending)}
    found: list[tuple[Waiting, bool]] = []
    for each in there:
        if ending and each.name.endswith(ending):
            continue
        companion = companions.get(each.name)
        if ending and companion is None:
            return found, f"{each.name}{ending} is not there yet"
        if companion is not None:
            size = folder.read(companion.name).strip()
            if size.isdigit() and int(size) != each.size:
                return found, f"{each.name} has {each.size} bytes, and {int(size)} by {companion.name}"
            found.append((each, size.isdigit()))
            continue
        passed = now() - each.touched / 1e9 if quiet else 0.0
        if passed < 0:
            return found, f"{each.name} was written {-passed:.0f} seconds in the future; is a clock wrong?"
        if passed < quiet:
            return found, f"{each.name} was written {passed:.0f} seconds ago and may still grow"
        found.append((each, False))
    return found, ""


def _counts(entry: os.DirEntry[str]) -> bool:
    return (
        not entry.name.startswith(".") and not entry.name.endswith(TEMPORARY) and entry.is_file(follow_symlinks=False)
    )


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _waiting(entry: os.DirEntry[str]) -> Waiting:
    status = entry.stat(follow_symlinks=False)
    return Waiting(entry.name, status.st_size, status.st_mtime_ns, max(status.st_mtime_ns, status.st_ctime_ns))
