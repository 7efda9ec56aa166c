"""What ends a program of a world in the middle of its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from dxa.store import Store
from dxa_msmail.folder import MemoryFolder
from dxa_msmail.requestor.state import MemoryStorage


class Crash(BaseException):
    """The process ends here."""


@attrs.define
class Fuse:
    """Ends a process after so many steps; None is never."""

    left: int | None = None

    def tick(self) -> None:
        """One step: before and after every write, remove and commit."""
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise Crash


def fuse_store(store: Store, fuse: Fuse) -> None:
    """Let whoever uses a store crash before and after each of its transactions."""
    plain, db = store.transaction, store._db

    @contextmanager
    def fused() -> Iterator[None]:
        inner = db._inside or db.rehearsing
        if not inner:
            fuse.tick()
        with plain():
            yield
        if not inner:
            fuse.tick()

    store.transaction = fused  # type: ignore[method-assign]


@attrs.define
class FusedFolder(MemoryFolder):
    """A folder whose user may crash before and after every change."""

    fuse: Fuse = attrs.field(factory=Fuse)

    def write(self, name: str, data: bytes) -> None:
        """See `MemoryFolder`."""
        self.fuse.tick()
        MemoryFolder.write(self, name, data)
        self.fuse.tick()

    def remove(self, name: str) -> None:
        """See `MemoryFolder`."""
        self.fuse.tick()
        MemoryFolder.remove(self, name)
        self.fuse.tick()


@attrs.define
class FusedStorage(MemoryStorage):
    """A state file whose user may crash before and after it is written."""

    fuse: Fuse = attrs.field(factory=Fuse)

    def save(self, state: Any) -> None:
        """See `MemoryStorage`."""
        self.fuse.tick()
        MemoryStorage.save(self, state)
        self.fuse.tick()
