"""The lists of names: NME, USR, NETPO and the addresses of gateways; all of a file's rows at once, in both directions.

No public source gives the places in these records but for those of an NME record's type, name and pointer. The order
of the others is ours. All numbers of mailbags are those of hexids (``0000000A`` is 10).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK, Basis

T = TypeVar("T", bound="NameRow | UserRow | NetpoRow")

#: What an NME record's pointer leads to. 2 and 4 are documented (KB Q119563, Q107767), 1 is ours.
LOCAL, EXTERNAL, GROUP = 1, 2, 4
#: NETPO.GLB, GALNETPO.GLB and <gateway>.GLB begin with the chain of their deleted records (KB Q77926); ours have none.
HEAD = bytes(4)
#: KB Q116436: the numbers of addresses in GALNETPO.GLB start here.
FIRST_GAL_TID = 0x7F67697F
#: A gateway's address without its head, and all of GALNETPO's text, is no longer than this.
ADDRESS_SIZE = 0xFFFF - 12

_OURS = "place chosen by dxa"


@layout.record(45, "Name in an address list", "KB Q77926, Q119563, Q107767")
class NmeRecord:
    """One name of ADMIN.NME, GAL.NME, ``<gateway>.NME`` or a personal list."""

    kind: int = layout.number(
        0, 1, Basis.DOCUMENTED, "KB Q107767, Q119563", "1 local user (ours), 2 external address, 4 group"
    )
    name: str = layout.text(2, 31, Basis.INFERRED, "KB Q119563", "the name, the key of the list")
    tid: int = layout.number(33, 4, Basis.OURS, "KB Q107767", "tuple id: the address's number, for good")
    mark: bytes = layout.mark(37)
    pointer: int = layout.number(
        41,
        4,
        Basis.DOCUMENTED,
        "KB Q119563, Q107767",
        "hexid of a local user's mailbag, or offset in NETPO, GALNETPO or <gateway>.GLB, or in ADMIN.GRP for a group",
    )
    raw: bytes = layout.raw()


@layout.record(53, "Name in an external postoffice's list", "KB Q77926")
class UsrRecord:
    """One name of an external postoffice or node."""

    name: str = layout.text(0, 31, Basis.OURS, _OURS, "the name; empty in a record that stands for no name")
    mailbox: str = layout.text(31, 11, Basis.OURS, _OURS, "mailbox, or the user of a node")
    mailbag: int = layout.number(42, 4, Basis.OURS, _OURS, "hexid of the postoffice's mailbag, as a number")
    tid: int = layout.number(46, 4, Basis.OURS, _OURS, "tuple id")
    template: bool = layout.flag(50, Basis.OURS, _OURS, "whether the list's INF file holds values for it")
    mark: bytes = layout.mark(51, 2)
    raw: bytes = layout.raw()


@layout.record(43, "External address of the postoffice's own list", "KB Q77926, Q110100, Q107767")
class NetpoRecord:
    """One address of NETPO.GLB, behind four bytes for the chain of deleted ones."""

    network: str = layout.text(0, 11, Basis.OURS, _OURS, "network")
    postoffice: str = layout.text(11, 11, Basis.OURS, _OURS, "postoffice")
    mailbox: str = layout.text(22, 11, Basis.OURS, _OURS, "mailbox")
    mailbag: int = layout.number(33, 4, Basis.OURS, _OURS, "hexid of the postoffice's mailbag, as a number")
    tid: int = layout.number(37, 4, Basis.OURS, _OURS, "tuple id")
    mark: bytes = layout.mark(41, 2)
    raw: bytes = layout.raw()


@layout.record(12, "Address of any length", "KB Q123856, Q96060")
class AddressHead:
    """What stands before an address in ``<gateway>.GLB`` and GALNETPO.GLB; the address ends with a NUL."""

    size: int = layout.number(0, 2, Basis.OURS, _OURS, "bytes of head, address and NUL")
    mark: bytes = layout.mark(2, 2)
    mailbag: int = layout.number(4, 4, Basis.OURS, _OURS, "hexid of the gateway's or postoffice's mailbag")
    tid: int = layout.number(8, 4, Basis.OURS, _OURS, "tuple id")
    raw: bytes = layout.raw()


# -- rows ----------------------------------------------------------------------------------------------------------


class NameRow(NamedTuple):
    """What one NME record says; see `NmeRecord`."""

    kind: int
    name: str
    tid: int
    pointer: int


class UserRow(NamedTuple):
    """What one USR record says; see `UsrRecord`."""

    name: str
    mailbox: str
    mailbag: int = 0
    tid: int = 0
    template: bool = False


class NetpoRow(NamedTuple):
    """What one NETPO record says; see `NetpoRecord`."""

    network: str
    postoffice: str
    mailbox: str
    mailbag: int = 0
    tid: int = 0


class AddressRow(NamedTuple):
    """An address of any length: as it is in ``<gateway>.GLB``, and with its type (``SMTP:jo@x``) in GALNETPO.GLB."""

    address: str
    mailbag: int = 0
    tid: int = 0


def read_nme(data: bytes, source: str) -> list[NameRow]:
    """The rows of an NME file in their order; raises `FormatError` 40 with file, offset and field."""
    return _read(NmeRecord, NameRow, data, source)


def write_nme(rows: Iterable[NameRow]) -> bytes:
    """An NME file; raises `FormatError` for a text or number that does not fit."""
    return _write(NmeRecord, NameRow, rows)


def read_usr(data: bytes, source: str) -> list[UserRow]:
    """The rows of a USR file, without records that stand for no name; raises `FormatError` 40."""
    return [row for row in _read(UsrRecord, UserRow, data, source) if row.name]


def write_usr(rows: Iterable[UserRow]) -> bytes:
    """A USR file; raises `FormatError`.

    A list without names has one record without a name: an empty file is a damaged one (KB Q119018, dx:T-241).
    """
    return _write(UsrRecord, UserRow, list(rows) or [UserRow("", "")])


def read_netpo(data: bytes, source: str) -> dict[int, NetpoRow]:
    """The rows of NETPO.GLB by their offsets, which NME records point to; raises `FormatError` 40."""
    rows = _read(NetpoRecord, NetpoRow, data, source, len(HEAD))
    return dict(zip(range(len(HEAD), len(data), layout.layout_of(NetpoRecord).size), rows, strict=True))


def write_netpo(rows: Iterable[NetpoRow]) -> tuple[bytes, list[int]]:
    """NETPO.GLB and the offset of each row; raises `FormatError`."""
    data = HEAD + _write(NetpoRecord, NetpoRow, rows)
    return data, list(range(len(HEAD), len(data), layout.layout_of(NetpoRecord).size))


# -- whole files of records ----------------------------------------------------------------------------------------


def _read(cls: type[Any], row: type[T], data: bytes, source: str, head: int = 0) -> list[T]:
    spots = layout.layout_of(cls).spots
    rows = list(layout.unpacked(cls, data, source=source, head=head))
    columns: dict[str, Iterable[Any]] = dict(zip(spots, zip(*rows, strict=True), strict=False))
    if not rows:
        return []
    for name, spot in spots.items():
        if spot.kind == "text":
            columns[name] = _texts(columns[name])
        elif spot.kind == "flag":
            columns[name] = map(bool, columns[name])
    make: Callable[[Iterable[Any]], Any] = row._make
    return list(map(make, zip(*(columns[name] for name in row._fields), strict=True)))


def _write(cls: type[Any], row: type[T], rows: Iterable[T]) -> bytes:
    rows = list(rows)
    if not rows:
        return b""
    form, fields = layout.packer(cls)
    spots = layout.layout_of(cls).spots
    columns: dict[str, Iterable[Any]] = dict(zip(row._fields, zip(*rows, strict=True), strict=True))
    columns["mark"] = repeat(MARK[: spots["mark"].size], len(rows))
    try:
        for name, spot in spots.items():
            if spot.kind == "text":
                columns[name] = _cells(columns[name], spot.size)
        return b"".join(map(form.pack, *(columns[name] for name in fields)))
    except (FormatError, UnicodeEncodeError, struct.error):
        # One of them does not fit; this way is slower and says which.
        return layout.encode_all(cls(**row._asdict()) for row in rows)


def _texts(cells: Iterable[bytes]) -> list[str]:
    """A column of texts: decoding all at once is several times as fast as one by one."""
    return b"\0".join([cell.partition(b"\0")[0] for cell in cells]).decode(CODE_PAGE).split("\0")


def _cells(texts: Iterable[str], size: int) -> Sequence[bytes]:
    texts = list(texts)
    cells = "\0".join(texts).encode(CODE_PAGE).split(b"\0")
    if len(cells) != len(texts) or max(map(len, cells)) >= size:
        raise FormatError("text does not fit")
    return cells


# -- addresses of any length ---------------------------------------------------------------------------------------


def read_addresses(data: bytes, source: str) -> dict[int, AddressRow]:
    """The rows of ``<gateway>.GLB`` or GALNETPO.GLB by their offsets, which NME records point to.

    Raises `FormatError` 40 with file, offset and field.
    """
    rows = list(_addresses(data, source))
    if not rows:
        return {}
    offsets, addresses, mailbags, tids = zip(*rows, strict=True)
    return dict(zip(offsets, map(AddressRow, _texts(addresses), mailbags, tids), strict=True))


def _addresses(data: bytes, source: str) -> Iterator[tuple[int, bytes, int, int]]:
    head = layout.packer(AddressHead)[0]
    if len(data) < len(HEAD):
        raise layout.corrupt(source, 0, "size", f"at least {len(HEAD)} bytes", f"{len(data)} bytes")
    at, end = len(HEAD), len(data)
    while at < end:
        if end - at <= head.size:
            raise layout.corrupt(source, at, "record", f"more than {head.size} bytes", f"{end - at} bytes")
        size, mark, mailbag, tid = head.unpack_from(data, at)
        if mark != MARK[:2]:
            raise layout.corrupt(source, at + 2, "mark", f"{MARK[:2]!r}, as dxa writes", repr(mark))
        if not head.size < size <= end - at:
            raise layout.corrupt(source, at, "size", f"{head.size + 1} to {end - at}", str(size))
        text = data[at + head.size : at + size]
        if text.find(b"\0") != size - head.size - 1:
            raise layout.corrupt(source, at + head.size, "address", "a NUL at its end, and only there", repr(text))
        yield at, text, mailbag, tid
        at += size


def write_addresses(rows: Iterable[AddressRow]) -> tuple[bytes, list[int]]:
    """``<gateway>.GLB`` or GALNETPO.GLB, and the offset of each row; raises `FormatError` for what does not fit."""
    pack, mark = layout.packer(AddressHead)[0].pack, MARK[:2]
    parts, offsets, at = [HEAD], [], len(HEAD)
    for address, mailbag, tid in rows:
        text = _address(address)
        size = len(text) + 13
        offsets.append(at)
        try:
            parts += (pack(size, mark, mailbag, tid), text, b"\0")
        except struct.error:
            raise FormatError(
                "number out of range", field=address, expected="4 bytes", got=f"{mailbag}, {tid}"
            ) from None
        at += size
    return b"".join(parts), offsets


def _address(address: str) -> bytes:
    try:
        text = address.encode(CODE_PAGE)
    except UnicodeEncodeError as error:
        got = error.object[error.start : error.end]
        raise FormatError("a character outside the code page", field=address, expected=CODE_PAGE, got=got) from None
    if b"\0" in text or len(text) >= ADDRESS_SIZE:
        raise FormatError("text does not fit", field="address", expected=f"less than {ADDRESS_SIZE} bytes", got=address)
    return text
