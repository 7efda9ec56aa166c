"""Whose an address is among the objects of a directory: dxa writes to nobody's but its own."""

from __future__ import annotations

import attrs

from dxa.entry import Entry
from dxa_exchange import names
from dxa_exchange.directory import Record
from dxa_exchange.people.codec import People, Refused
from dxa_exchange.people.faces import Faces
from dxa_exchange.people.reader import Person


@attrs.frozen
class Holder:
    """An object that has an address: the key under which it is told (``""``: not at all), and whether dxa made it."""

    record: Record
    key: str
    ours: bool


@attrs.define
class Holders:
    """Who has which address, of the objects that were looked at."""

    people: People
    faces: Faces
    _found: dict[str, list[Holder]] = attrs.field(factory=dict, init=False)

    def remember(self, record: Record) -> None:
        """An object is there, with all its addresses."""
        told = self.people.read(record)
        main = told.entry.key if isinstance(told, Person) else ""
        holder = Holder(record, main, self.people.marked(record))
        for key in {main, *self.faces.keys(record)} - {""}:
            self._found.setdefault(key, []).append(holder)

    def forget(self, record: Record) -> None:
        """An object is not there any more, or not as it was."""
        dn = names.key(record.dn)
        for key, found in self._found.items():
            self._found[key] = [each for each in found if names.key(each.record.dn) != dn]

    def clear(self) -> None:
        """Nothing was looked at."""
        self._found.clear()

    def foreign(self, entry: Entry) -> list[Record]:
        """The objects with the entry's address that dxa has not made."""
        return [each.record for each in self._found.get(self.faces.key(entry), ()) if not each.ours]

    def mine(self, entry: Entry) -> Record | None:
        """Our object with this address, whoever has it as well."""
        key = self.faces.key(entry)
        return next((each.record for each in self._found.get(key, ()) if each.ours and each.key == key), None)

    def ours(self, entry: Entry) -> Record | None:
        """Our object with this address; None when nobody has it.

        Raises:
            Refused: when somebody else has.
        """
        for record in self.foreign(entry):
            raise Refused(
                f"the address {entry.type}:{entry.address} is that of {record.dn}, which dxa has not made; "
                "it is not changed"
            )
        return self.mine(entry)
