"""The three files of the global address list, GAL.NME, GALINDEX.GLB and GALNETPO.GLB, as one value and back.

GAL.NME has the names, sorted by the collation of `galindex`. Names of local users lead to their mailbag, of groups into
ADMIN.GRP, and all others into GALNETPO.GLB, where each address stands with its type, like ``SMTP:jo@example.com``, in
the order of GAL.NME. Same names, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress
from operator import itemgetter
from typing import Any

import attrs

from dxa.ledger.answer import ListKey
from dxa_msmail.addresses import MS
from dxa_msmail.postoffice import layout
from dxa_msmail.postoffice.columns import BYTES, read_columns, write_columns
from dxa_msmail.postoffice.galindex import GALINDEX, LOWER, build_index, fold, translated
from dxa_msmail.postoffice.layout import CODE_PAGE
from dxa_msmail.postoffice.maildata import Files
from dxa_msmail.postoffice.names import (
    EXTERNAL,
    AddressRow,
    NmeRecord,
    address_at,
    read_address_columns,
    write_address_columns,
)

GAL, GALNETPO = "NME/GAL.NME", "GLB/GALNETPO.GLB"
#: In the order in which they are written: who does not take the lock finds no name whose address is not there yet.
FILES = (GALNETPO, GAL, GALINDEX)

SIZE = layout.layout_of(NmeRecord).size


@attrs.frozen
class Rows:
    """Names as columns, texts as `BYTES`.

    `kinds` are those of NME records; `owns` says which come from the postoffice's own list; `texts` are the addresses
    with their types, empty for local users and groups; `numbers` are hexids, for groups offsets in ADMIN.GRP.
    """

    kinds: Sequence[int] = ()
    owns: Sequence[bool] = ()
    names: Sequence[str] = ()
    texts: Sequence[str] = ()
    numbers: Sequence[int] = ()
    tids: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.names)

    def only(self, wanted: Sequence[Any]) -> Rows:
        """Those for which `wanted` is true."""
        if all(wanted):
            return self
        return Rows(*(list(compress(column, wanted)) for column in self._columns()))

    def at(self, places: Sequence[int]) -> Rows:
        """Those at these places, in that order."""
        if len(places) < 2:
            return Rows(*([column[place] for place in places] for column in self._columns()))
        take = itemgetter(*places)
        return Rows(*map(take, self._columns()))

    def _columns(self) -> tuple[Sequence[Any], ...]:
        return self.kinds, self.owns, self.names, self.texts, self.numbers, self.tids

    @staticmethod
    def joined(all_rows: Iterable[Rows]) -> Rows:
        """All rows in one."""
        columns = zip(*(rows._columns() for rows in all_rows), strict=True)
        return Rows(*(list(chain.from_iterable(column)) for column in columns))


def prefix_of(key: ListKey) -> str:
    """What the addresses of a list begin with, as `BYTES`: ``PCM:NET/PO/``, ``SMTP:``.

    The files call Microsoft Mail's own type PCM, as its programs do (KB Q156730).
    """
    kind, name = key
    text = f"{'PCM' if kind == MS.name else kind}:{name}{'/' if name else ''}"
    return text.encode(CODE_PAGE).decode(BYTES)


def lowered(texts: Sequence[str]) -> list[str]:
    """The texts, `BYTES`, with small letters for capitals."""
    return translated(texts, LOWER)


def write_set(rows: Rows) -> dict[str, bytes]:
    """The bytes of `FILES`; rows of equal names and addresses stay in their order."""
    keys = list(map("\0".join, zip(fold(rows.names), rows.names, rows.texts, strict=True)))
    rows = rows.at(sorted(range(len(keys)), key=keys.__getitem__))
    external = [kind == EXTERNAL for kind in rows.kinds]
    far = rows.only(external)
    addresses, offsets = write_address_columns(far.texts, far.numbers, far.tids, encoding=BYTES)
    places = iter(offsets)
    pointers = [next(places) if far else number for far, number in zip(external, rows.numbers, strict=True)]
    columns = {"kind": rows.kinds, "own": rows.owns, "name": rows.names, "tid": rows.tids, "pointer": pointers}
    names = write_columns(NmeRecord, columns, encoding=BYTES)
    return {GALNETPO: addresses, GAL: names, GALINDEX: build_index(rows.names, SIZE)}


def read_set(files: Files) -> Rows:
    """The global list in its order, none when it was never built; raises `FormatError` 40 when it is damaged."""
    data = files.read(GAL)
    if data is None:
        return Rows()
    far = files.read(GALNETPO) or b""
    columns = read_address_columns(far, GALNETPO, encoding=BYTES)
    addresses = dict(zip(columns.offsets, map(AddressRow, *columns[1:]), strict=True))
    if addresses and not data:
        raise layout.corrupt(GAL, 0, "size", f"the names of {len(addresses)} addresses in {GALNETPO}", "0 bytes")
    return _rows(data, addresses.get)


def read_some(files: Files, names: bytes) -> Rows:
    """Some records of GAL.NME with their addresses; raises `FormatError` 40."""
    far = files.read(GALNETPO) or b""
    return _rows(names, lambda pointer: address_at(far, pointer, GALNETPO, encoding=BYTES))


def _rows(data: bytes, address: Callable[[int], AddressRow | None]) -> Rows:
    columns = read_columns(NmeRecord, data, GAL, encoding=BYTES)
    texts, numbers = [], []
    for n, (kind, pointer) in enumerate(zip(columns["kind"], columns["pointer"], strict=True)):
        row = address(pointer) if kind == EXTERNAL else AddressRow("", pointer)
        if row is None:
            at = n * SIZE + layout.layout_of(NmeRecord).spots["pointer"].at
            raise layout.corrupt(GAL, at, "pointer", f"the offset of an address in {GALNETPO}", str(pointer))
        texts.append(row.address)
        numbers.append(row.mailbag)
    return Rows(columns["kind"], columns["own"], columns["name"], texts, numbers, columns["tid"])
