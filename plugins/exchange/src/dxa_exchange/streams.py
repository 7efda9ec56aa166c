"""What the codecs of this plugin read from: a binary stream, or pieces of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias, runtime_checkable

CHUNK = 1 << 18


@runtime_checkable
class Readable(Protocol):
    """A binary stream."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


Bytes: TypeAlias = Readable | Iterable[bytes]


def chunks(source: Bytes) -> Iterator[bytes]:
    """The bytes of a stream, or of lines or pieces, in pieces."""
    if not isinstance(source, Readable):
        yield from source
        return
    while data := source.read(CHUNK):
        yield data
