"""What a parcel becomes: records to be deleted, records to be added, and what is refused before anything is written.

Everything is measured by what the post office has now. So a parcel that comes again does nothing twice, and somebody
who came to cc:Mail meanwhile is neither overwritten nor deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import attrs

from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError, FormatError
from dxa_ccmail.entries import Meaning, record_for
from dxa_ccmail.listing import listed
from dxa_ccmail.names import fold
from dxa_ccmail.offices import owner_comment
from dxa_ccmail.record import DIRECT, INDIRECT, Record, same

#: KB Q167830: the number of the warning that a name is somebody else's.
CONFLICT = 14013


@attrs.define(kw_only=True)
class Wanted:
    """What is to be imported, by folded name; `keys` has the key of the entry that each name is about.

    `refused` has the reason by key.
    """

    deletes: dict[str, Record] = attrs.field(factory=dict)
    adds: dict[str, Record] = attrs.field(factory=dict)
    offices: list[Record] = attrs.field(factory=list)
    keys: dict[str, str] = attrs.field(factory=dict)
    refused: dict[str, str] = attrs.field(factory=dict)
    #: Names that are taken by others, of `refused`.
    conflicts: list[str] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Present:
    """What the post office has: its entries by folded name, and what they mean; `titles` are names of lists, boards."""

    entries: Mapping[str, Record]
    meaning: Meaning

    def is_ours(self, record: Record) -> bool:
        """Whether dxa has written it: it stands behind a post office that dxa has made."""
        return self.meaning.told(record).ours

    def key(self, record: Record) -> str:
        """The key of the entry that a record is; empty when it is none."""
        entry = self.meaning.told(record).entry
        return entry.key if entry else ""

    def is_called(self, record: Record, key: str) -> bool:
        """Whether the record is the entry of this key; one of ours whose address is another one's goes by its name."""
        told = self.meaning.told(record)
        candidates = (told, self.meaning.by_name(record)) if told.ours else (told,)
        return any(each.entry is not None and each.entry.key == key for each in candidates)

    def described(self, record: Record) -> str:
        """An entry of somebody else, for people."""
        office = listed(record, self.meaning.offices, self.meaning.home).post_office
        return f"{record.name.strip()!r} (Locn {record.locn}{f', at {office}' if office else ''})"


def wanted(
    transactions: Iterable[Transaction],
    present: Present,
    *,
    offices: Sequence[str],
    server: str,
    check: Callable[[Record], None],
) -> Wanted:
    """What has to be imported for these transactions to be true.

    Args:
        offices: the site's post offices, the connected one first.
        check: raises for a record that cannot be written.
    """
    return _Planning(present, offices, check).run(transactions, server)


class _Planning:
    def __init__(self, present: Present, offices: Sequence[str], check: Callable[[Record], None]) -> None:
        self.present, self.offices, self.check = present, offices, check
        self.wanted = Wanted()
        self.addresses: dict[str, Record] | None = None

    def run(self, transactions: Iterable[Transaction], server: str) -> Wanted:
        self.wanted.offices = list(missing_offices(self.present.entries, self.offices, server))
        for transaction in transactions:
            if transaction.verb is Verb.REPLACE:
                continue
            old, new = transaction.old, transaction.new
            if old is not None and (new is None or fold(new.name) != fold(old.name)):
                self.delete(old)
            if new is not None and (old is None or old.key not in self.wanted.refused):
                self.add(new)
        return self.wanted

    def delete(self, entry: Entry) -> None:
        """Only what dxa has written goes; what is gone is gone, whoever has its name now."""
        record = self.present.entries.get(fold(entry.name))
        if record is None or not self.present.is_called(record, entry.key):
            return
        if not self.present.is_ours(record):
            self.conflict(entry, f"{self.present.described(record)} was not written by dxa, and is not deleted")
            return
        self.wanted.deletes[fold(entry.name)] = record
        self.wanted.keys[fold(entry.name)] = entry.key

    def add(self, entry: Entry) -> None:
        try:
            record = record_for(entry, self.offices)
            self.check(record)
        except (AddressError, FormatError) as error:
            self.wanted.refused[entry.key] = str(error)
            return
        name = fold(record.name)
        there = self.present.entries.get(name)
        if why := self.why_taken(entry, name, there):
            self.conflict(entry, why)
        elif there is None or name in self.wanted.deletes or not same(there, record):
            self.wanted.adds[name] = record
            self.wanted.keys[name] = entry.key

    def why_taken(self, entry: Entry, name: str, there: Record | None) -> str:
        """Who has the name, or the address; names are unique whatever their case and post office (KB Q156063)."""
        advice = "give one of them another name"
        if name in map(fold, self.offices):
            return "the name is that of a post office of the site; give the entry another one"
        if name in self.wanted.adds:
            return f"dxa has another entry of the name {self.wanted.adds[name].name!r}; {advice}"
        if there is not None and not self.present.is_ours(there):
            return f"the name is that of {self.present.described(there)} in cc:Mail; {advice}"
        if entry.name in self.present.meaning.titles:
            return f"the name is that of a mailing list or bulletin board in cc:Mail; {advice}"
        if there is not None and name not in self.wanted.deletes and not self.present.is_called(there, entry.key):
            return f"dxa has another entry of the name {there.name!r} there; {advice}"
        if (holder := self.holder(entry)) is not None and not self.present.is_ours(holder):
            return f"the address is that of {self.present.described(holder)} in cc:Mail"
        return ""

    def holder(self, entry: Entry) -> Record | None:
        """Who has the address there; behind our own post offices only we have any."""
        if fold(entry.list) in map(fold, self.offices):
            return None
        if self.addresses is None:
            self.addresses = {self.present.key(record): record for record in self.present.entries.values()}
        return self.addresses.get(entry.key)

    def conflict(self, entry: Entry, why: str) -> None:
        self.wanted.refused[entry.key] = f"[{CONFLICT}] {why}"
        self.wanted.conflicts.append(entry.name)


def missing_offices(present: Mapping[str, Record], offices: Sequence[str], server: str) -> Iterable[Record]:
    """The entries of those post offices of the site that are not there; one that is there is never changed.

    KB Q197255: administrators may have made their own changes. The first is connected, the others are behind it.
    """
    for office in offices:
        if fold(office) not in present:
            first = office == offices[0]
            yield Record(office, DIRECT if first else INDIRECT, "" if first else offices[0], owner_comment(server))


def unused_offices(owned: Collection[str], offices: Sequence[str]) -> list[str]:
    """The folded names of post offices that dxa has made and the site does not have any more."""
    return sorted(set(owned) - set(map(fold, offices)))
