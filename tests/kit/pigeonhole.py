"""A small transport that keeps every rule, made to be broken in one place by a subclass: files in a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from dxa.errors import TransportError
from dxa.testing import FaultyDisk, Transport, TransportHarness


class Pigeonhole:
    """The transport. Each method that a subclass breaks does one thing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        self.doing(f"write {name}", lambda: self.put(path, data))

    def put(self, path: Path, data: bytes) -> None:
        aside = path.with_name(f".{path.name}")
        self.store(aside, data)
        aside.replace(path)

    def store(self, path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def flush(self) -> None:
        self.doing("flush", self.sync)

    def sync(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def names(self) -> list[str]:
        found: list[str] = []
        self.doing("list", lambda: found.extend(self.listed()))
        return found

    def listed(self) -> list[str]:
        there = [path for path in self.folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        return [path.name for path in sorted(there, key=lambda path: (path.stat().st_mtime_ns, path.name))]

    def read(self, name: str) -> bytes:
        found: list[bytes] = []
        path = self.path(name)
        self.doing(f"read {name}", lambda: found.append(path.read_bytes()))
        return found[0]

    def remove(self, name: str) -> None:
        path = self.path(name)
        self.doing(f"remove {name}", lambda: path.unlink(missing_ok=True))

    def park(self, name: str, reason: str) -> None:
        path, bad = self.path(name), self.folder / "bad"
        if path.exists():
            bad.mkdir(exist_ok=True)
            (bad / f"{name}.why").write_text(reason, encoding="utf-8")
            path.replace(bad / name)

    def path(self, name: str) -> Path:
        if not name.isprintable() or not name or name.startswith(".") or {*name} & {*"/\\:"} or len(name) > 100:
            raise TransportError(f"{name!r} is no name of a message")
        return self.folder / name

    def doing(self, what: str, do: Callable[[], object]) -> None:
        """Do it, and say what the disk says."""
        try:
            do()
        except OSError as error:
            raise TransportError(f"cannot {what} in {self.folder}: {error}") from None


class PigeonHarness(TransportHarness):
    """The kit's side of it; `transport` is the class to try."""

    transport: ClassVar[type[Pigeonhole]] = Pigeonhole

    def __init__(self) -> None:
        root = Path(tempfile.mkdtemp(prefix="dxa-kit-"))
        weakref.finalize(self, shutil.rmtree, root)
        self.root, self.folder = root, root / "a" / "site" / "hole"
        self.folder.mkdir(parents=True)
        self.disk = FaultyDisk(self.folder)

    def open(self) -> Transport:
        return self.transport(self.folder)

    def fail(self, after: int = 0) -> None:
        self.disk.fail(after)

    def heal(self) -> None:
        self.disk.heal()

    def leave_half(self, name: str, data: bytes) -> None:
        (self.folder / f".{name}").write_bytes(data[: len(data) // 2])

    def files(self) -> Iterable[str]:
        return [os.path.relpath(path, self.folder) for path in self.root.rglob("*") if path.is_file()]

    def park(self, transport: Transport, name: str, reason: str) -> None:
        assert isinstance(transport, Pigeonhole)
        transport.park(name, reason)

    def parked(self) -> Mapping[bytes, str]:
        bad = self.folder / "bad"
        names = [path.name for path in bad.glob("*") if path.suffix != ".why"]
        return {(bad / name).read_bytes(): (bad / f"{name}.why").read_text(encoding="utf-8") for name in names}
