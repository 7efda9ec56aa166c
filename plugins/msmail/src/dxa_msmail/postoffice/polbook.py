"""The external addresses that somebody has put into the Postoffice Address List, as entries and back.

Each is a row of ADMIN.NME that leads to one of NETPO.GLB, with the tuple id that the address has in its own list. An
address of a gateway has no room in NETPO.GLB: the row there names the type, and the address is that of the gateway's
list with this tuple id. Where the list has it no more, the name is all that is left (KB Q137865).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from dxa.address import Address, AddressTypes
from dxa.entry import Entry, Reject
from dxa.rules.naming import name_key
from dxa_msmail.addresses import MS
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice.book import Book
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.names import EXTERNAL, HEAD, NETPO, NameRow, NetpoRow, read_netpo, write_netpo
from dxa_msmail.postoffice.pol import read_pol, write_pol
from dxa_msmail.postoffice.shelves import Rows
from dxa_msmail.requestor.lists import list_key

_NO_ADDRESS = 48


@attrs.define
class PolBook:
    """The external entries by key. Users and groups are beside them; their names are not given to anybody else.

    `lost` are names whose addresses are gone; they stay until an entry takes the name.
    """

    entries: dict[str, Entry] = attrs.field(factory=dict)
    _fixed: list[NameRow] = attrs.field(factory=list, alias="fixed")
    _rows: dict[str, NetpoRow] = attrs.field(factory=dict, init=False)
    _lost: dict[str, tuple[str, NetpoRow]] = attrs.field(factory=dict, init=False)
    _names: dict[str, str] = attrs.field(factory=dict, init=False)
    _before: dict[str, Entry] = attrs.field(factory=dict, init=False)

    @classmethod
    def load(cls, files: Files, book: Book, types: AddressTypes) -> PolBook:
        """Read them; raises `FormatError` 40 for damaged files."""
        rows = read_pol(files)
        netpo = read_netpo(files.read(NETPO) or HEAD, NETPO)
        made, known = cls(fixed=[row for row in rows if row.kind != EXTERNAL]), _Known(book, types)
        made._names = {name_key(row.name): "" for row in made._fixed}
        for row in (row for row in rows if row.kind == EXTERNAL):
            there = netpo.get(row.pointer, NetpoRow("", "", "", 0, row.tid))
            entry = known.entry(row, there)
            if entry is None:
                made._lost[name_key(row.name)] = row.name, there
            else:
                made._rows[entry.key] = there
                made.put(entry)
        made._before = dict(made.entries)
        return made

    @property
    def lost(self) -> list[Reject]:
        """The names without addresses, as rejects 48."""
        where = "in the postoffice's own list; its address is gone"
        names = (name for name, _ in self._lost.values())
        return [Reject(0, 0, name, _NO_ADDRESS, f"{error_text(_NO_ADDRESS)}: {name} {where}") for name in names]

    def is_free(self, entry: Entry) -> bool:
        """Whether the entry can have its name here."""
        return self._names.get(name_key(entry.name), entry.key) == entry.key

    def named(self, name: str) -> Entry | None:
        """The external entry of that name."""
        return self.entries.get(self._names.get(name_key(name), ""))

    def put(self, entry: Entry) -> None:
        """Add an entry whose name is free, or give an address its new name."""
        self.drop(entry.key)
        self._lost.pop(name_key(entry.name), None)
        self.entries[entry.key] = entry
        self._names[name_key(entry.name)] = entry.key

    def drop(self, key: str) -> None:
        """Take an address out; nothing happens when it is not there."""
        old = self.entries.pop(key, None)
        if old is not None:
            self._names.pop(name_key(old.name), None)

    def save(self, change: Changing, book: Book) -> bool:
        """Write both files, if the entries have changed; returns whether they had.

        `book` are the lists as they are now. An entry that stands in none of them, because it could not be written
        there, does not come into this list either.
        """
        if self.entries == self._before:
            return False
        rows = [*self._kept(book), *self._lost.values()]
        data, offsets = write_netpo(there for _, there in rows)
        if change.read(NETPO) != data:
            change.write(NETPO, data)
        external = [
            NameRow(EXTERNAL, name, there.tid, offset) for (name, there), offset in zip(rows, offsets, strict=True)
        ]
        write_pol(change, [*self._fixed, *external])
        return True

    def _kept(self, book: Book) -> Iterator[tuple[str, NetpoRow]]:
        for key, entry in self.entries.items():
            place, shelf = book.places.get(list_key(entry)), book.shelf(list_key(entry))
            tid = shelf.rows.tids.get(key) if shelf else None
            if place is not None and tid is not None:
                yield entry.name, _row(entry, place.mailbag, tid)
            elif key in self._rows:
                yield entry.name, self._rows[key]


class _Known:
    """What rows of NETPO.GLB lead to."""

    def __init__(self, book: Book, types: AddressTypes) -> None:
        self._book, self._types = book, types
        self._kinds = {list_: type_ for type_, list_ in book.places}
        self._gateways: dict[str, Mapping[int, Entry]] = {}

    def entry(self, row: NameRow, there: NetpoRow) -> Entry | None:
        """The entry of a name; None when its address is gone."""
        if not there.postoffice:
            found = self._gateway(there.network).get(there.tid)
            return found and found._replace(name=row.name)
        list_ = f"{there.network}/{there.postoffice}"
        type_ = self._kinds.get(list_.casefold(), MS.name)
        address = f"{list_}/{there.mailbox}"
        return Entry(self._types.key(Address(type_, address)), type_, list_, row.name, address)

    def _gateway(self, type_: str) -> Mapping[int, Entry]:
        """The entries of a gateway's list by tuple id."""
        if type_ not in self._gateways:
            shelf = self._book.shelf((type_, ""))
            rows = shelf.rows if shelf else Rows()
            self._gateways[type_] = {rows.tids[key]: each for key, each in rows.entries.items()}
        return self._gateways[type_]


def _row(entry: Entry, mailbag: int, tid: int) -> NetpoRow:
    if not entry.list:
        return NetpoRow(entry.type, "", "", mailbag, tid)
    network, postoffice, mailbox = entry.address.split("/", 2)
    return NetpoRow(network, postoffice, mailbox, mailbag, tid)
