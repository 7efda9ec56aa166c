"""Where each address list is kept, and the rows of its files; `dxa_msmail.postoffice.book` adds their values.

Every address has a tuple id that no other has. Those of other postoffices and gateways begin at `EXTERNAL_TIDS`; a new
one is above all that are in use.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress, repeat
from operator import itemgetter
from typing import Any, NamedTuple

import attrs

from dxa.address import AddressTypes
from dxa.bulk import made
from dxa.entry import Entry, Reject
from dxa.errors import FormatError
from dxa.ledger.answer import ListKey
from dxa.standard import ADDRESS_LENGTH
from dxa_msmail.addresses import ELEMENT_LENGTH
from dxa_msmail.errors import format_error
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import NAME_LENGTH
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import read_columns, write_columns
from dxa_msmail.postoffice.identity import EXTERNAL_TIDS
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import (
    EXTERNAL,
    GATEWAY_LISTS,
    HEAD,
    NETPO,
    AddressRow,
    NmeRecord,
    UsrRecord,
    gateway_files,
    read_addresses,
    read_netpo,
    usr_columns,
    usr_file,
    write_addresses,
    write_usr,
)
from dxa_msmail.postoffice.networkbook import Networks
from dxa_msmail.postoffice.networks import gateways

# KB Q94410: each of these begins a line of its own, with a blank in front.
_MCI_PART = re.compile(" (?=(?:EMS|MBX):)")
_LAST_TID = 0xFFFFFFFF
_NO_TID, _NO_ADDRESS, _CORRUPT_INPUT = 39, 48, 21


class Place(NamedTuple):
    """Where a list is kept: `stem` is the hexid of its files, empty for a gateway's list."""

    type: str
    list: str
    stem: str
    mailbag: int

    @property
    def is_gateway(self) -> bool:
        """Whether its addresses are free text in a GLB file."""
        return not self.list

    @property
    def file(self) -> str:
        """The file that says who is in the list."""
        return gateway_files(self.type)[0] if self.is_gateway else usr_file(self.stem)

    @property
    def addresses(self) -> str:
        """The file with the addresses of a gateway's list."""
        return gateway_files(self.type)[1]


class Refused(NamedTuple):
    """An entry, or one value of it, that could not be written, and the number of the error."""

    list: ListKey
    entry: Entry
    code: int
    reason: str


@attrs.define
class Rows:
    """A list as its files have it: entries without values and tuple ids, both by key, and what could not be read."""

    entries: dict[str, Entry] = attrs.field(factory=dict)
    tids: dict[str, int] = attrs.field(factory=dict)
    problems: list[Reject] = attrs.field(factory=list)


def places(files: Files) -> dict[ListKey, Place]:
    """Where each list is but the postoffice's own; raises `FormatError` 40 when the networks cannot be read."""
    nets = Networks.load(files)
    found = {}
    for row in nets.rows():
        if row.full.casefold() != nets.own.casefold():
            found[row.type, row.full.casefold()] = Place(row.type, row.full, row.hexid, _number(row.mailbag))
    for gate in gateways(files):
        if gate.kind in GATEWAY_LISTS:
            found[gate.kind, ""] = Place(gate.kind, "", "", _number(gate.mailbag))
    return found


def _number(hexid: str) -> int:
    try:
        return int(hexid, 16)
    except ValueError:
        return 0


# -- reading -------------------------------------------------------------------------------------------------------


def read_rows(files: Files, place: Place, types: AddressTypes) -> Rows | None:
    """The rows of a list, None when it has no file; raises `FormatError` 40 when one is damaged."""
    data = files.read(place.file)
    if data is None:
        return None
    return _gateway_rows(files, place, data, types) if place.is_gateway else _usr_rows(place, data)


def _usr_rows(place: Place, data: bytes) -> Rows:
    columns = usr_columns(data, place.file)
    names, mailboxes = columns["name"], columns["mailbox"]
    head, prefix = f"{place.type}:{place.list.casefold()}/", f"{place.list}/"
    # All mailboxes at once are folded many times as fast as one by one.
    keys = [head + mailbox for mailbox in "\0".join(mailboxes).casefold().split("\0")] if mailboxes else []
    addresses = [prefix + mailbox for mailbox in mailboxes]
    return _rows(place, keys, names, addresses, columns["tid"])


def _rows(
    place: Place, keys: Sequence[str], names: Sequence[str], addresses: Sequence[str], tids: Sequence[int]
) -> Rows:
    entries = made(Entry, keys, repeat(place.type), repeat(place.list), names, addresses, repeat(()), repeat(""))
    return Rows(dict(zip(keys, entries, strict=True)), dict(zip(keys, tids, strict=True)))


def _gateway_rows(files: Files, place: Place, data: bytes, types: AddressTypes) -> Rows:
    addresses = read_addresses(files.read(place.addresses) or HEAD, place.addresses)
    if not data and addresses:  # KB Q119240
        raise layout.corrupt(place.file, 0, "size", f"the names of {len(addresses)} addresses", "nothing")
    columns = read_columns(NmeRecord, data, place.file)
    found = list(map(addresses.get, columns["pointer"]))
    names, tids, problems = columns["name"], columns["tid"], []
    if None in found:
        for at in (at for at, address in enumerate(found) if address is None):
            # KB Q119240: a name whose address is gone.
            text = f"{error_text(_NO_ADDRESS)}: {names[at]}; {place.addresses} has none at {columns['pointer'][at]}"
            problems.append(Reject(0, 0, place.file, _NO_ADDRESS, text))
        names, tids = (list(compress(column, found)) for column in (names, tids))
    values = [from_database(place.type, address.address) for address in found if address]
    rows = _rows(place, _keys(types, place.type, values), names, values, tids)
    return attrs.evolve(rows, problems=problems)


def _keys(types: AddressTypes, type_: str, values: Sequence[str]) -> list[str]:
    fold = types.get(type_).fold if type_ in types else str.casefold
    if fold is str.casefold:
        return [f"{type_}:{value}" for value in "\0".join(values).casefold().split("\0")] if values else []
    return [f"{type_}:{fold(value)}" for value in values]


def from_database(type_: str, address: str) -> str:
    """A gateway's address as the Import text has it, on one line.

    KB Q96001 #26: the database has carriage returns where the text has tildes (FAX), and line ends in front of the
    blanks of an MCI address.
    """
    if type_ == "FAX":
        return address.replace("\r", "~")
    return address.replace("\r\n", "") if type_ == "MCI" else address


# -- writing -------------------------------------------------------------------------------------------------------


def unusable(place: Place, entries: Mapping[str, Entry]) -> dict[str, tuple[int, str]]:
    """The entries that the files cannot hold, by key, with number and text."""
    names = [entry.name for entry in entries.values()]
    texts = [_to_database(place, entry.address) for entry in entries.values()]
    longest = ADDRESS_LENGTH if place.is_gateway else ELEMENT_LENGTH
    if all(_fit(column, size) for column, size in ((names, NAME_LENGTH), (texts, longest))):
        return {}
    bad = {}
    for (key, entry), text in zip(entries.items(), texts, strict=True):
        code = _fault(entry.name, NAME_LENGTH, 46, 72) or _fault(text, longest, 48, 25 if place.is_gateway else 20)
        if code:
            bad[key] = code, f"{error_text(code)}: {entry.name} {entry.type}:{entry.address}"
    return bad


def _fit(texts: list[str], size: int) -> bool:
    return all(texts) and max(map(len, texts), default=0) <= size and _is_storable("".join(texts))


def _fault(text: str, size: int, empty: int, long: int) -> int:
    if not text:
        return empty
    if len(text) > size:
        return long
    return 0 if _is_storable(text) else _CORRUPT_INPUT


def _is_storable(text: str) -> bool:
    try:
        return b"\0" not in text.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False


def put_rows(
    change: Changing, place: Place, entries: Mapping[str, Entry], tids: Mapping[str, int], values: Collection[int]
) -> None:
    """Write a list sorted by name; files that stay the same are not written. `values` says who has some in the INF."""
    if not entries and not place.is_gateway:
        _replace(change, place.file, write_usr(()))
        return
    folded = "\0".join([entry.name for entry in entries.values()]).casefold().split("\0")
    ordered = [key for _, key in sorted(zip(folded, entries, strict=bool(entries)), key=itemgetter(0))]
    texts = [_to_database(place, entries[key].address) for key in ordered]
    columns: dict[str, Sequence[Any]] = {"name": [entries[key].name for key in ordered]}
    columns["tid"] = [tids[key] for key in ordered]
    count = len(ordered)
    if place.is_gateway:
        rows = map(AddressRow, texts, repeat(place.mailbag), columns["tid"])
        data, offsets = write_addresses(rows)
        _replace(change, place.addresses, data)
        columns |= {"kind": [EXTERNAL] * count, "own": [False] * count, "pointer": offsets}
        _replace(change, place.file, write_columns(NmeRecord, columns) if count else b"")
        return
    columns |= {"mailbox": texts, "mailbag": [place.mailbag] * count, "template": [t in values for t in columns["tid"]]}
    _replace(change, place.file, write_columns(UsrRecord, columns))


def _to_database(place: Place, address: str) -> str:
    """KB Q96001 #26; of a 10/10/10 address only the mailbox is kept with the name."""
    if not place.is_gateway:
        return address.rpartition("/")[2]
    if place.type == "FAX":
        return address.replace("~", "\r")
    return _MCI_PART.sub("\r\n ", address) if place.type == "MCI" else address


def _replace(change: Changing, name: str, data: bytes) -> None:
    if change.read(name) != data:
        change.write(name, data)


# -- tuple ids -----------------------------------------------------------------------------------------------------


class Tids:
    """Gives tuple ids; the files are looked through when the first new one is needed."""

    def __init__(self, files: Files, where: Iterable[Place]) -> None:
        self._files, self._places, self._next = files, where, 0

    def of(self, rows: Rows, entries: Iterable[str]) -> dict[str, int]:
        """The tuple id of each entry: the one that it has, or a new one; raises `FormatError` 39."""
        known = rows.tids
        tids = {key: known.get(key, 0) for key in entries}
        new = [key for key, tid in tids.items() if tid < EXTERNAL_TIDS]
        if new:
            first = self._next or self._free()
            self._next = first + len(new)
            if self._next > _LAST_TID:
                raise format_error(_NO_TID, field="tid", expected=f"below {_LAST_TID:08X}", got=f"{self._next:08X}")
            tids.update(zip(new, range(first, self._next), strict=True))
        return tids

    def _free(self) -> int:
        """One above the highest in use, also by names of the own list whose address is gone from here (KB Q137865)."""
        highest = max([EXTERNAL_TIDS - 1, *_netpo_tids(self._files)])
        for place in self._places:
            data = self._files.read(place.addresses if place.is_gateway else place.file) or b""
            highest = max([highest, *(_gateway_tids(place, data) if place.is_gateway else _usr_tids(data))])
        return highest + 1


def _netpo_tids(files: Files) -> list[int]:
    try:
        return [row.tid for row in read_netpo(files.read(NETPO) or HEAD, NETPO).values()]
    except FormatError:
        return []  # who looks at the own list says what is wrong with it


def _usr_tids(data: bytes) -> list[int]:
    spec = layout.layout_of(UsrRecord)
    at = spec.spots["tid"].at
    form = struct.Struct(f"<{at}xI{spec.size - at - 4}x")
    return [tid for (tid,) in form.iter_unpack(data[: len(data) // spec.size * spec.size])]


def _gateway_tids(place: Place, data: bytes) -> list[int]:
    try:
        return [row.tid for row in read_addresses(data, place.addresses).values()]
    except FormatError:
        return []  # that file is replaced when its list is
