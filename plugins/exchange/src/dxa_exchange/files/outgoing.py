"""What a parcel becomes: a file that the directory's own tools import, and what it cannot hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError, FormatError
from dxa_exchange import names
from dxa_exchange.files.batches import Object, batch
from dxa_exchange.files.options import FilesOptions
from dxa_exchange.files.state import State
from dxa_exchange.people.codec import People, Refused
from dxa_exchange.people.faces import Faces
from dxa_exchange.people.holders import Holders

_PLAIN = re.compile(r"[^A-Za-z0-9-]+")
_ENDINGS = {"csv55": "csv", "csv40": "csv", "ldif": "ldf", "dsml1": "xml", "dsml2": "xml"}


@attrs.define
class Written:
    """The bytes of a file (empty: nothing to write), and what is refused, by key."""

    data: bytes = b""
    refused: dict[str, str] = attrs.field(factory=dict)


def file_name(parcel: str, format_: str) -> str:
    """The name of the file of a parcel: the same for the same parcel, and another for every other one."""
    digest = blake2b(parcel.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    plain = _PLAIN.sub("-", parcel).strip("-")[:40] or "parcel"
    return f"{plain}-{digest}.{_ENDINGS[format_]}"


@attrs.define
class Outgoing:
    """Makes the files of one link; `state` is what the directory is known to have."""

    options: FilesOptions
    people: People
    state: State
    types: AddressTypes
    _holders: Holders = attrs.field(init=False)
    _taken: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._holders = Holders(self.people, Faces((self.options.people.spoken(), self.people.dialect), self.types))
        for key, record in self.state.records.items():
            self._taken.add(key)
            self._holders.remember(record)

    def write(self, transactions: Iterable[Transaction]) -> Written:
        """The file for these transactions, in their order."""
        written = Written()
        format_ = batch(self.options, self.people, self.state)
        objects = []
        for each in transactions:
            entry = each.new or each.old
            if each.verb is Verb.REPLACE or entry is None:
                continue
            try:
                found = self._object(each.old, each.new)
                format_.check(found)
            except (AddressError, FormatError, Refused) as error:
                written.refused[entry.key] = str(error)
            else:
                objects.append(found)
        written.data = format_.write(objects)
        return written

    def _object(self, old: Entry | None, new: Entry | None) -> Object:
        if old is None:
            assert new is not None
            return self._new(new)
        dn = self._ours(old)
        before = self.people.write(old, dn).record
        if new is None:
            return Object(old.key, before, None)
        if new.key != old.key:
            self._holders.ours(new)
        return Object(new.key, before, self.people.made(new, dn))

    def _new(self, entry: Entry) -> Object:
        """An object that is to be made, unless it is there: then it is as it was left by an earlier file."""
        before = self._holders.ours(entry)
        if before is not None:
            return Object(entry.key, before, self.people.made(entry, before.dn))
        dn = self._named(entry)
        found = Object(entry.key, None, self.people.made(entry, dn))
        self._taken.add(names.key(dn))
        return found

    def _named(self, entry: Entry) -> str:
        """The name of a new object: the one that the entry had there before, or a new one."""
        known = entry.anchor
        if known and names.within(known, self.options.people.sync_container) and names.key(known) not in self._taken:
            return known
        return self.people.dn(entry, self._taken.__contains__)

    def _ours(self, entry: Entry) -> str:
        """The name of an object of ours; only those are changed and deleted."""
        present = self._holders.mine(entry) or self._holders.ours(entry)
        dn = present.dn if present is not None else entry.anchor
        container = self.options.people.sync_container
        if not dn:
            raise Refused("no export has shown this object; the next one does, if it is there")
        if not names.within(dn, container):
            raise Refused(f"{dn} is not one of the objects that dxa has made in {container}")
        return dn
