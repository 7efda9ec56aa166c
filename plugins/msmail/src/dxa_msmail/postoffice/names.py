"""The lists of names: NME, USR, NETPO and the addresses of gateways; all of a file's rows at once, in both directions.

No public source gives the places in these records but for those of an NME record's type, name and pointer. The order
of the others is ours. All numbers of mailbags are those of hexids (``0000000A`` is 10).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple, TypeVar

import attrs

from dxa.errors import FormatError
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import cells_of, read_columns, texts_of, write_columns
from dxa_msmail.postoffice.layout import CODE_PAGE, MARK, Basis

T = TypeVar("T", "NameRow", "UserRow", "NetpoRow")

#: What an NME record's pointer leads to. 2 and 4 are documented (KB Q119563, Q107767), 1 is ours.
LOCAL, EXTERNAL, GROUP = 1, 2, 4
#: NETPO.GLB, GALNETPO.GLB and <gateway>.GLB begin with the chain of their deleted records (KB Q77926); ours have none.
HEAD = bytes(4)
#: The external addresses of the postoffice's own list.
NETPO = "GLB/NETPO.GLB"
#: Bytes of an address in ``<gateway>.GLB`` and GALNETPO.GLB are fewer.
ADDRESS_SIZE = 0xFFFF - 12
#: The gateways whose addresses are not 10/10/10; the others' are in USR files (KB Q123856).
GATEWAY_LISTS = ("3COM", "FAX", "MCI", "MHS", "MSA", "MSMAIL", "SMTP", "X400")

_OURS = "place chosen by dxa"


@layout.record(45, "Name in an address list", "KB Q77926, Q119563, Q107767")
@attrs.frozen(kw_only=True)
class NmeRecord:
    """One name of ADMIN.NME, GAL.NME, ``<gateway>.NME`` or a personal list."""

    kind: int = layout.number(
        0, 1, Basis.DOCUMENTED, "KB Q107767, Q119563", "1 local user (ours), 2 external address, 4 group"
    )
    own: bool = layout.flag(1, Basis.OURS, _OURS, "in GAL.NME: the name comes from the postoffice's own list")
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
@attrs.frozen(kw_only=True)
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
@attrs.frozen(kw_only=True)
class NetpoRecord:
    """One address of NETPO.GLB, behind four bytes for the chain of deleted ones."""

    network: str = layout.text(0, 11, Basis.OURS, _OURS, "network; of a gateway's address its type")
    postoffice: str = layout.text(11, 11, Basis.OURS, _OURS, "postoffice; empty: the gateway's list has the address")
    mailbox: str = layout.text(22, 11, Basis.OURS, _OURS, "mailbox")
    mailbag: int = layout.number(33, 4, Basis.OURS, _OURS, "hexid of the postoffice's mailbag, as a number")
    tid: int = layout.number(37, 4, Basis.OURS, _OURS, "tuple id")
    mark: bytes = layout.mark(41, 2)
    raw: bytes = layout.raw()


@layout.record(12, "Address of any length", "KB Q123856, Q96060")
@attrs.frozen(kw_only=True)
class AddressHead:
    """What stands before an address in ``<gateway>.GLB`` and GALNETPO.GLB; the address ends with a NUL."""

    size: int = layout.number(0, 2, Basis.OURS, _OURS, "bytes of head, address and NUL")
    mark: bytes = layout.mark(2, 2)
    mailbag: int = layout.number(4, 4, Basis.OURS, _OURS, "hexid of the gateway's or postoffice's mailbag")
    tid: int = layout.number(8, 4, Basis.OURS, _OURS, "tuple id")
    raw: bytes = layout.raw()


_ADDRESS = layout.packer(AddressHead)[0]

# -- rows ----------------------------------------------------------------------------------------------------------


class NameRow(NamedTuple):
    """What one NME record says; see `NmeRecord`."""

    kind: int
    name: str
    tid: int
    pointer: int
    own: bool = False


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
    """The rows of a USR file; raises `FormatError` 40."""
    return _rows(UserRow, usr_columns(data, source))


def usr_columns(data: bytes, source: str, *, encoding: str = CODE_PAGE) -> dict[str, Sequence[Any]]:
    """The same as columns: an empty file is damaged, and so is a record without a name that is not alone."""
    columns = read_columns(UsrRecord, data, source, encoding=encoding)
    if data == _NOBODY:
        return dict.fromkeys(columns, ())
    if not data or not all(columns["name"]):
        where = list(columns["name"]).index("") * layout.layout_of(UsrRecord).size if data else 0
        raise layout.corrupt(source, where, "name", "a name; one record without, when the list has none", "none")
    return columns


def write_usr(rows: Iterable[UserRow]) -> bytes:
    """A USR file; raises `FormatError`.

    A list without names has one record without a name: an empty file is a damaged one (KB Q119018, dx:T-241).
    """
    return _write(UsrRecord, UserRow, rows) or _NOBODY


def read_netpo(data: bytes, source: str) -> dict[int, NetpoRow]:
    """The rows of NETPO.GLB by their offsets, which NME records point to; raises `FormatError` 40."""
    _check_head(data, source)
    rows = _read(NetpoRecord, NetpoRow, data, source, len(HEAD))
    return dict(zip(range(len(HEAD), len(data), layout.layout_of(NetpoRecord).size), rows, strict=True))


def _check_head(data: bytes, source: str) -> None:
    if data[: len(HEAD)] != HEAD:
        raise layout.corrupt(source, 0, "chain", "four zeros, for dxa deletes nothing", repr(data[: len(HEAD)]))


def write_netpo(rows: Iterable[NetpoRow]) -> tuple[bytes, list[int]]:
    """NETPO.GLB and the offset of each row; raises `FormatError`."""
    data = HEAD + _write(NetpoRecord, NetpoRow, rows)
    return data, list(range(len(HEAD), len(data), layout.layout_of(NetpoRecord).size))


# The file of a list without names.
_NOBODY = layout.encode(UsrRecord())

# -- whole files of records ----------------------------------------------------------------------------------------


def _read(cls: type[Any], row: type[T], data: bytes, source: str, head: int = 0) -> list[T]:
    return _rows(row, read_columns(cls, data, source, head=head))


def _rows(row: type[T], columns: Mapping[str, Sequence[Any]]) -> list[T]:
    return list(map(row._make, zip(*(columns[name] for name in row._fields), strict=True)))


def _write(cls: type[Any], row: type[T], rows: Iterable[T]) -> bytes:
    rows = list(rows)
    if not rows:
        return b""
    return write_columns(cls, dict(zip(row._fields, zip(*rows, strict=True), strict=True)))


def usr_file(hexid: str) -> str:
    """The list of a postoffice or node: ``USR/0000000A.USR``."""
    return f"USR/{hexid}.USR"


def gateway_files(kind: str) -> tuple[str, str]:
    """The names and the addresses of a gateway of `GATEWAY_LISTS`: ``NME/SMTP.NME``, ``GLB/SMTP.GLB``."""
    return f"NME/{kind}.NME", f"GLB/{kind}.GLB"


# -- addresses of any length ---------------------------------------------------------------------------------------


class AddressColumns(NamedTuple):
    """Rows of addresses as columns; 100,000 rows as tuples keep the garbage collector busy."""

    offsets: Sequence[int]
    addresses: Sequence[str]
    mailbags: Sequence[int]
    tids: Sequence[int]


def read_addresses(data: bytes, source: str) -> dict[int, AddressRow]:
    """The rows of ``<gateway>.GLB`` or GALNETPO.GLB by their offsets, which NME records point to.

    Raises `FormatError` 40 with file, offset and field.
    """
    offsets, *columns = read_address_columns(data, source)
    return dict(zip(offsets, map(AddressRow, *columns), strict=True))


def read_address_columns(data: bytes, source: str, *, encoding: str = CODE_PAGE) -> AddressColumns:
    """The same as columns."""
    _check_head(data, source)
    offsets, texts, mailbags, tids = [], [], [], []
    at = len(HEAD)
    while at < len(data):
        text, mailbag, tid = _address(data, at, source)
        offsets.append(at)
        texts.append(text)
        mailbags.append(mailbag)
        tids.append(tid)
        at += _ADDRESS.size + len(text)
    return AddressColumns(offsets, texts_of(texts, encoding) if texts else [], mailbags, tids)


def address_at(data: bytes, at: int, source: str, *, encoding: str = CODE_PAGE) -> AddressRow:
    """The row at one offset; raises `FormatError` 40."""
    text, mailbag, tid = _address(data, at, source)
    return AddressRow(text[:-1].decode(encoding), mailbag, tid)


def _address(data: bytes, at: int, source: str) -> tuple[bytes, int, int]:
    """Text with its NUL, mailbag, tuple id."""
    rest = len(data) - at
    if rest <= _ADDRESS.size:
        raise layout.corrupt(source, at, "record", f"more than {_ADDRESS.size} bytes", f"{max(rest, 0)} bytes")
    size, mark, mailbag, tid = _ADDRESS.unpack_from(data, at)
    if mark != MARK[:2]:
        raise layout.corrupt(source, at + 2, "mark", f"{MARK[:2]!r}, as dxa writes", repr(mark))
    if not _ADDRESS.size < size <= rest:
        raise layout.corrupt(source, at, "size", f"{_ADDRESS.size + 1} to {rest}", str(size))
    text = data[at + _ADDRESS.size : at + size]
    if text.find(b"\0") != len(text) - 1:
        raise layout.corrupt(source, at + _ADDRESS.size, "address", "a NUL at its end, and only there", repr(text))
    return text, mailbag, tid


def write_addresses(rows: Iterable[AddressRow]) -> tuple[bytes, list[int]]:
    """``<gateway>.GLB`` or GALNETPO.GLB, and the offset of each row; raises `FormatError` for what does not fit."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return write_address_columns(*columns)


def write_address_columns(
    addresses: Sequence[str], mailbags: Sequence[int], tids: Sequence[int], *, encoding: str = CODE_PAGE
) -> tuple[bytes, list[int]]:
    """The same from columns."""
    try:
        texts = cells_of(addresses, ADDRESS_SIZE, encoding)
        sizes = [len(text) + _ADDRESS.size + 1 for text in texts]
        heads = map(_ADDRESS.pack, sizes, repeat(MARK[:2]), mailbags, tids)
        data = b"".join([HEAD, *chain.from_iterable(zip(heads, texts, repeat(b"\0")))])
    except (FormatError, UnicodeEncodeError, struct.error):
        raise _misfit(map(AddressRow, addresses, mailbags, tids), encoding) from None
    return data, list(accumulate(sizes[:-1], initial=len(HEAD))) if sizes else []


def _misfit(rows: Iterable[AddressRow], encoding: str) -> FormatError:
    """The error for the first row that does not fit."""
    for address, mailbag, tid in rows:
        field = f"AddressHead of {address[:80]}"
        try:
            text = address.encode(encoding)
            _ADDRESS.pack(0, b"", mailbag, tid)
        except UnicodeEncodeError as error:
            got = error.object[error.start : error.end]
            return FormatError("a character outside the code page", field=field, expected=CODE_PAGE, got=got)
        except struct.error:
            return FormatError("number out of range", field=field, expected="4 bytes", got=f"{mailbag}, {tid}")
        if b"\0" in text or len(text) >= ADDRESS_SIZE:
            break
    expected = f"less than {ADDRESS_SIZE} bytes without NUL"
    return FormatError("text does not fit", field=field, expected=expected, got=f"{len(text)} bytes")
