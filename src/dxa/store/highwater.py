"""The highest numbers ever handed out, kept outside the store: a store restored from a backup goes on above them.

Were a number issued twice, for different things, a peer that quotes it could not be understood any more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from dxa.errors import StoreError

#: So many numbers are reserved at once, so that the file is not written for each.
BLOCK = 1000

#: What the names of sequences begin with that are `asked`.
ASKED = "ask:"

_TITLE = "dxa: highest numbers issued; never set them back"


def asked(peer: str) -> str:
    """The name of the sequence of what is sent to this server, a peer of a link on which dxa is the requestor."""
    return f"{ASKED}{peer}"


class HighWater(Protocol):
    """The highest numbers handed out, by the name of their sequence."""

    def reserve(self, name: str, upto: int, *, exact: bool = False) -> None:
        """Numbers up to `upto` are about to be handed out. Durable when it returns; never goes down.

        With `exact` nothing is reserved ahead, so that the value always is the highest number handed out.
        """

    def value(self, name: str) -> int:
        """No number up to this one may be handed out (any more)."""

    def close(self) -> None:
        """Give back what was reserved ahead and not handed out."""


class MemoryHighWater:
    """High water that lasts as long as the process."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}

    def reserve(self, name: str, upto: int, *, exact: bool = False) -> None:
        """See `HighWater`."""
        self._values[name] = max(upto, self.value(name))

    def value(self, name: str) -> int:
        """See `HighWater`."""
        return self._values.get(name, 0)

    def close(self) -> None:
        """See `HighWater`."""


class FileHighWater:
    """High water in a file: a title, a line ``name number`` for each sequence, a checksum.

    The file is ahead of the numbers handed out by less than `BLOCK`. A process that ended without `close` leaves the
    rest of its block unused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: What the file says, and what this process has handed out; None until it is needed.
        self._reserved: dict[str, int] | None = None
        self._issued: dict[str, int] = {}

    def reserve(self, name: str, upto: int, *, exact: bool = False) -> None:
        """See `HighWater`."""
        before = self.value(name)
        if upto > self._on_disk().get(name, 0):
            self._write({name: upto if exact else upto + BLOCK - 1})
        self._issued[name] = max(upto, before)

    def value(self, name: str) -> int:
        """See `HighWater`."""
        return self._issued[name] if name in self._issued else self._on_disk().get(name, 0)

    def all(self) -> dict[str, int]:
        """What the file says, by the name of the sequence; raises `StoreError` when it is damaged."""
        return dict(self._read())

    def close(self) -> None:
        """See `HighWater`; nothing is given back of what another process has reserved since."""
        if self._issued and self._read() == self._reserved:
            self._replace({**self._on_disk(), **self._issued})
        self._issued = {}
        self._reserved = None

    def _on_disk(self) -> dict[str, int]:
        if self._reserved is None:
            self._reserved = self._read()
        return self._reserved

    def _write(self, values: Mapping[str, int]) -> None:
        known = self._read()
        self._replace({**known, **{name: max(value, known.get(name, 0)) for name, value in values.items()}})

    def _read(self) -> dict[str, int]:
        try:
            text = self.path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read: {error.strerror}") from error
        body, _, check = text.rstrip("\n").rpartition("\n")
        if check != _checksum(body):
            raise StoreError(
                f"{self.path} is damaged. Put back a copy of it that is not older than the database. If there is none, "
                "and the database was not restored from a backup, remove the file: the database knows its numbers"
            )
        pairs = (line.rpartition(" ") for line in body.split("\n")[1:])
        return {name: int(value) for name, _, value in pairs}

    def _replace(self, values: dict[str, int]) -> None:
        """Write the file so that a crash at any moment leaves the old one or the new one."""
        body = "\n".join([_TITLE, *(f"{name} {value}" for name, value in sorted(values.items()))])
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            with fresh.open("wb") as file:
                file.write(f"{body}\n{_checksum(body)}\n".encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}; no number is issued") from error
        self._reserved = values


def _checksum(body: str) -> str:
    return "checksum " + blake2b(body.encode(), digest_size=8).hexdigest()
