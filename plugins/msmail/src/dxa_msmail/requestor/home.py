"""The files that a requestor shares with people: its address list, the global address list, its log."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import attrs

from dxa.disk import trying, write_whole
from dxa.errors import TransportError

#: A log that has grown beyond this is cut to its last quarter (KB Q296255, dx:T-176).
LOG_SIZE = 1 << 20


class Home(Protocol):
    """Where a requestor's files are, by the names that its configuration gives them."""

    def read(self, name: str) -> bytes | None:
        """All bytes; None when there is no such file. Raises `TransportError` that names it."""

    def write(self, name: str, data: bytes) -> None:
        """Replace the file as a whole, so that no reader sees half of it (KB Q96060 #4, dx:T-192)."""

    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a log, which never grows without bound."""


@attrs.frozen
class DiskHome:
    """Files in a folder; a name may be a path from there."""

    path: Path

    def read(self, name: str) -> bytes | None:
        """See `Home`."""
        path = self.path / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TransportError(f"cannot read {path}: {error.strerror}") from None

    def write(self, name: str, data: bytes) -> None:
        """See `Home`."""
        path = self.path / name
        with trying(f"write {path}"):
            write_whole(path, data)

    def append(self, name: str, data: bytes) -> None:
        """See `Home`."""
        path = self.path / name
        try:
            if path.exists() and path.stat().st_size > LOG_SIZE:
                write_whole(path, _last_lines(path.read_bytes()))
            with path.open("ab") as log:
                log.write(data)
        except OSError as error:
            raise TransportError(f"cannot write {path}: {error.strerror}") from None


@attrs.define
class MemoryHome:
    """Files in this process, for tests and simulations."""

    files: dict[str, bytes] = attrs.field(factory=dict)

    def read(self, name: str) -> bytes | None:
        """See `Home`."""
        return self.files.get(name)

    def write(self, name: str, data: bytes) -> None:
        """See `Home`."""
        self.files[name] = data

    def append(self, name: str, data: bytes) -> None:
        """See `Home`."""
        old = self.files.get(name, b"")
        self.files[name] = (_last_lines(old) if len(old) > LOG_SIZE else old) + data


def _last_lines(log: bytes) -> bytes:
    return log[-LOG_SIZE // 4 :].partition(b"\n")[2]
