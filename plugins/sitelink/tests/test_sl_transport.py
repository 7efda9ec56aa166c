"""The folder between sites carries files as the conformance kit wants it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path

import attrs

from dxa.errors import TransportError
from dxa.testing import FaultyDisk, Transport, TransportHarness
from dxa.testing.pytest_skin import transport_suite
from dxa_sitelink.folder import DiskFolder


@attrs.frozen
class Shared:
    """The folder as both sites have it; what is written is durable at once."""

    folder: DiskFolder

    def write(self, name: str, data: bytes) -> None:
        self.folder.write(name, data)

    def flush(self) -> None:
        """Nothing waits."""

    def names(self) -> list[str]:
        return self.folder.names()

    def read(self, name: str) -> bytes:
        data = self.folder.read(name)
        if data is None:
            raise TransportError(f"{name} has gone")
        return data

    def remove(self, name: str) -> None:
        self.folder.remove(name)


class SharedHarness(TransportHarness):
    """Files in a folder that two sites share, in the order of their names."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, self.root)
        self.path = self.root / "a" / "site" / "sitelink"
        self.disk = FaultyDisk(self.path)

    def open(self) -> Transport:
        return Shared(DiskFolder(self.path, create=True))

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def leave_half(self, name: str, data: bytes) -> None:
        (self.path / f".{name.partition('.')[0]}.tmp").write_bytes(data[: len(data) // 2])

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.path) for path in self.root.rglob("*") if path.is_file()]


test_shared_folder = transport_suite(SharedHarness)
