"""Records of fixed size as attrs classes: each field says where it lies, how that is known, and by which source.

The same table reads and writes records, prints them (`dxa dump`) and documents them (docs/formats/msmail.md). Bytes
that no field covers, and those behind the end of a text, are kept: what is read and written back is the same bytes.
Where no public source gives the bytes the layout is ours. Such records carry a mark, and one without it is refused
rather than misread: nobody may take ours for Microsoft's bytes, nor Microsoft's for ours.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, TypeVar

import attrs

from dxa.errors import FormatError
from dxa_msmail.errors import message as error_text

R = TypeVar("R")

#: Database text of PC Mail is code page 850 (KB Q87432), in which every byte is a character.
CODE_PAGE = "cp850"
#: What our own layouts carry in bytes whose meaning nobody has published; short records have room for its beginning.
MARK = b"DXA1"
#: KB Q96001 #40: the number for files that are not what they should be.
CORRUPT = 40


class Basis(Enum):
    """How the place and meaning of bytes are known."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    OURS = "ours"


@attrs.frozen
class Spot:
    """Where a field lies, how its bytes become a value, and how that is known."""

    at: int
    size: int
    kind: str
    unpack: Callable[[bytes], Any]
    pack: Callable[[Any], bytes]
    basis: Basis
    source: str
    doc: str


@attrs.frozen
class Layout:
    """The size of a record, and its fields by name in the order of their places; `check` names the checksum's."""

    title: str
    size: int
    source: str
    spots: dict[str, Spot]
    mark: str = ""
    check: str = ""


# -- fields --------------------------------------------------------------------------------------------------------


def number(at: int, size: int, basis: Basis, source: str, doc: str, *, signed: bool = False, default: int = 0) -> Any:
    """A little-endian whole number of 1, 2 or 4 bytes (KB Q87388)."""
    code = {1: "b", 2: "h", 4: "i"}[size]
    form = struct.Struct(f"<{code if signed else code.upper()}")

    def pack(value: int) -> bytes:
        try:
            return form.pack(value)
        except struct.error:
            raise FormatError("number out of range", expected=f"{size} bytes", got=str(value)) from None

    kind = f"{'signed ' if signed else ''}number"
    spot = Spot(at, size, kind, lambda data: form.unpack(data)[0], pack, basis, source, doc)
    return attrs.field(default=default, metadata={"spot": spot})


def flag(at: int, basis: Basis, source: str, doc: str, *, default: bool = False) -> Any:
    """One byte, 0 for no; every other value is yes and is kept."""
    spot = Spot(at, 1, "flag", lambda data: data != b"\0", lambda value: b"\1" if value else b"\0", basis, source, doc)
    return attrs.field(default=default, metadata={"spot": spot})


def text(at: int, size: int, basis: Basis, source: str, doc: str) -> Any:
    """A text of up to size - 1 characters of code page 850, ended by a NUL; what lies behind the NUL is kept."""

    def pack(value: str) -> bytes:
        try:
            data = value.encode(CODE_PAGE)
        except UnicodeEncodeError as error:
            got = error.object[error.start : error.end]
            raise FormatError("a character outside the code page", expected=CODE_PAGE, got=got) from None
        if len(data) >= size or b"\0" in data:
            raise FormatError("text does not fit", expected=f"up to {size - 1} characters without NUL", got=value)
        return data.ljust(size, b"\0")

    spot = Spot(at, size, "text", lambda data: data.partition(b"\0")[0].decode(CODE_PAGE), pack, basis, source, doc)
    return attrs.field(default="", metadata={"spot": spot})


def blob(at: int, size: int, basis: Basis, source: str, doc: str) -> Any:
    """Bytes whose meaning is the user's own business."""

    def pack(value: bytes) -> bytes:
        if len(value) != size:
            raise FormatError("wrong number of bytes", expected=str(size), got=str(len(value)))
        return value

    spot = Spot(at, size, "bytes", bytes, pack, basis, source, doc)
    return attrs.field(default=bytes(size), metadata={"spot": spot}, repr=False)


def mark(at: int, size: int = len(MARK)) -> Any:
    """The mark of our own layouts, or its first bytes; a record without it is refused."""
    spot = Spot(at, size, "mark", bytes, bytes, Basis.OURS, "", "says that dxa chose the layout of this record")
    return attrs.field(default=MARK[:size], metadata={"spot": spot}, repr=False)


def check(at: int) -> Any:
    """A CRC-32 over the record with these four bytes as zeros; it is computed when the record is written."""
    form = struct.Struct("<I")
    doc = "CRC-32 of the record, these four bytes taken as zeros"
    spot = Spot(at, 4, "check", lambda data: form.unpack(data)[0], form.pack, Basis.OURS, "", doc)
    return attrs.field(default=0, metadata={"spot": spot}, repr=False, eq=False)


def record(size: int, title: str, source: str = "") -> Callable[[type[R]], type[R]]:
    """Make an attrs class a record of `size` bytes. It must have the field ``raw: bytes = layout.raw()``."""

    def made(cls: type[R]) -> type[R]:
        fields = attrs.fields_dict(cls) if attrs.has(cls) else {}
        if "raw" not in fields:
            raise TypeError(f"{cls.__name__} is no attrs class with the field raw, so it cannot be a record")
        spots = {name: field.metadata["spot"] for name, field in fields.items() if "spot" in field.metadata}
        ordered = dict(sorted(spots.items(), key=lambda item: item[1].at))
        end = 0
        for name, spot in ordered.items():
            if spot.at < end or spot.at + spot.size > size:
                raise ValueError(f"{cls.__name__}.{name} overlaps its neighbour or the end")
            end = spot.at + spot.size
        kinds = {spot.kind: name for name, spot in ordered.items()}
        cls.layout = Layout(title, size, source, ordered, kinds.get("mark", ""), kinds.get("check", ""))  # type: ignore[attr-defined]
        return cls

    return made


def raw() -> Any:
    """The bytes that a record was read from; empty for one that is new."""
    return attrs.field(default=b"", repr=False, eq=False)


def layout_of(cls: type[Any]) -> Layout:
    """The layout of a record class."""
    found: Layout = cls.layout
    return found


def place(cls: type[Any], field: str, n: int = 0, *, head: int = 0) -> int:
    """Where a field of the n-th record of a file begins, behind a head of so many bytes."""
    layout = layout_of(cls)
    return head + n * layout.size + layout.spots[field].at


# -- one record ----------------------------------------------------------------------------------------------------


def corrupt(source: str, at: int, field: str, expected: str, got: str) -> FormatError:
    """The error for bytes that are not what they should be."""
    return FormatError(
        error_text(CORRUPT), source=source, offset=at, field=field, expected=expected, got=got, code=CORRUPT
    )


def decode(cls: type[R], data: bytes, *, source: str = "", at: int = 0) -> R:
    """The record that begins at `at`; raises `FormatError` 40 that names source, offset and field."""
    layout = layout_of(cls)
    piece = bytes(data[at : at + layout.size])
    if len(piece) != layout.size:
        raise corrupt(source, at, "record", f"{layout.size} bytes", f"{len(piece)} bytes")
    values = {name: spot.unpack(piece[spot.at : spot.at + spot.size]) for name, spot in layout.spots.items()}
    if layout.mark and values[layout.mark] != _mark_of(layout):
        where = at + layout.spots[layout.mark].at
        raise corrupt(source, where, layout.mark, f"{_mark_of(layout)!r}, as dxa writes", repr(values[layout.mark]))
    if layout.check and values[layout.check] != _checksum(layout, piece):
        where = at + layout.spots[layout.check].at
        expected = f"{_checksum(layout, piece):08X}"
        raise corrupt(source, where, layout.check, expected, f"{values[layout.check]:08X}")
    make: Callable[..., R] = cls
    return make(raw=piece, **values)


def decode_plain(cls: type[R], data: bytes, *, source: str = "", at: int = 0) -> R:
    """The record, when its bytes are those of its fields and zeros; raises `FormatError` 40 for any other byte.

    For records that are written from their fields alone, by which other bytes would be lost without a word.
    """
    value, layout = decode(cls, data, source=source, at=at), layout_of(cls)
    piece = bytes(data[at : at + layout.size])
    try:
        plain = _packed(value, b"")
    except FormatError as error:
        field = error.field.partition(".")[2]
        raise corrupt(source, at + layout.spots[field].at, field, error.expected, error.got) from None
    for n in (n for n, pair in enumerate(zip(piece, plain, strict=True)) if pair[0] != pair[1]):
        field = next(
            (name for name, spot in layout.spots.items() if spot.at <= n < spot.at + spot.size), "unused bytes"
        )
        if field != layout.check:
            raise corrupt(source, at + n, field, f"{plain[n]:#04x}, as dxa writes", f"{piece[n]:#04x}")
    return value


def encode(value: Any) -> bytes:
    """The record's bytes: those that it was read from, with the fields that have changed; raises `FormatError`."""
    return _packed(value, value.raw)


def _packed(value: Any, raw: bytes) -> bytes:
    layout = layout_of(type(value))
    data = bytearray(raw or bytes(layout.size))
    for name, spot in layout.spots.items():
        new, where = getattr(value, name), slice(spot.at, spot.at + spot.size)
        if name == layout.check or (raw and spot.unpack(bytes(data[where])) == new):
            continue
        try:
            data[where] = spot.pack(new)
        except FormatError as error:
            field = f"{type(value).__name__}.{name}"
            raise FormatError(error.reason, field=field, expected=error.expected, got=error.got) from None
    if layout.check:
        spot = layout.spots[layout.check]
        data[spot.at : spot.at + 4] = spot.pack(_checksum(layout, bytes(data)))
    return bytes(data)


def _mark_of(layout: Layout) -> bytes:
    return MARK[: layout.spots[layout.mark].size]


def _checksum(layout: Layout, data: bytes) -> int:
    at = layout.spots[layout.check].at
    return zlib.crc32(data[at + 4 :], zlib.crc32(bytes(4), zlib.crc32(data[:at])))


# -- files of records ----------------------------------------------------------------------------------------------


def decode_all(cls: type[R], data: bytes, *, source: str = "", head: int = 0) -> list[R]:
    """All records of a file behind a head of so many bytes; raises `FormatError` 40 when a part of one is left."""
    check_size(cls, data, source=source, head=head)
    size = layout_of(cls).size
    return [decode(cls, data, source=source, at=at) for at in range(head, len(data), size)]


def encode_all(values: Iterable[Any], head: bytes = b"") -> bytes:
    """A file of records behind a head."""
    return b"".join([head, *map(encode, values)])


def check_size(cls: type[Any], data: bytes, *, source: str = "", head: int = 0) -> None:
    """Raise `FormatError` 40 unless the file is a head and whole records (the documented sizes are the check)."""
    size = layout_of(cls).size
    if len(data) < head or (len(data) - head) % size:
        expected = f"{head} + n × {size} bytes" if head else f"n × {size} bytes"
        raise corrupt(source, len(data) - (len(data) - head) % size, "size", expected, f"{len(data)} bytes")


def packer(cls: type[Any]) -> tuple[struct.Struct, tuple[str, ...]]:
    """For files of many records: a struct of the fields' plain bytes and numbers, and their names in its order.

    Texts and marks are bytes in it; bytes that no field covers are skipped, and zeros when packed. A record with a
    check cannot be packed so.
    """
    layout = layout_of(cls)
    form, at = "<", 0
    for spot in layout.spots.values():
        form += f"{spot.at - at}x" if spot.at > at else ""
        form += {1: "B", 2: "H", 4: "I"}[spot.size] if spot.kind in ("number", "flag") else f"{spot.size}s"
        at = spot.at + spot.size
    return struct.Struct(f"{form}{layout.size - at}x"), tuple(layout.spots)
