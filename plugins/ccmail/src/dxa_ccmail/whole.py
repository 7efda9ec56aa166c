"""A whole export as a full list."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from dxa.entry import Entry, Reject, Transaction, Verb
from dxa_ccmail import addresses
from dxa_ccmail.entries import Meaning, Told
from dxa_ccmail.findings import Findings, Titles, remark
from dxa_ccmail.kept import Cursor
from dxa_ccmail.listing import listed
from dxa_ccmail.lookup import Read
from dxa_ccmail.names import fold
from dxa_ccmail.offices import PostOffices, owned
from dxa_ccmail.record import POST_OFFICES, Record


def everything(meaning: Meaning, server: str, read: Read, titles: Titles, cursor: Cursor) -> Findings:
    """All entries of an export; `meaning` is of a post office that has no entries yet."""
    return _Whole(meaning, server, read, titles).findings(cursor)


class _Whole:
    def __init__(self, meaning: Meaning, server: str, read: Read, titles: Titles) -> None:
        self.read, self.titles = read, titles
        self.offices = [record for record in read.entries.values() if record.locn in POST_OFFICES]
        self.meaning = attrs.evolve(
            meaning,
            offices=PostOffices.of(self.offices),
            owned=owned(self.offices, server),
            titles=titles.by_name(),
            named=self.named,
        )
        self.entries: dict[str, Entry] = {}
        self.marked: set[str] = set()
        self.remarks: list[Reject] = []
        #: Two people would have one address: what a record means depends on others then.
        self.collided = False
        #: Folded names and post offices of addresses that several would have by the form of their names.
        self.twins: set[tuple[str, str]] = set()

    def named(self, name: str, office: str) -> bool:
        record, meaning = self.read.entries.get(name), self.meaning
        there = record is not None and listed(record, meaning.offices, meaning.home).post_office == office
        there |= name in meaning.titles.lists and office == meaning.offices.spelled(meaning.home)
        there |= (name, fold(office)) in self.twins
        self.collided |= there
        return there

    def findings(self, cursor: Cursor) -> Findings:
        known = -1
        while known < len(self.twins):
            # Who would have one address keep their own names, so once more when such have been found.
            known = len(self.twins)
            self.entries, self.marked, self.remarks = {}, set(), []
            for record, told in self.told():
                self.take(record, told)
        rejects = [*self.read.rejects, *self.titles.rejects]
        return Findings(
            whole=True,
            transactions=[Transaction(0, Verb.ADD, None, entry) for entry in self.entries.values()],
            marked=frozenset(self.marked),
            rejects=rejects,
            remarks=[*self.read.twice, *self.remarks],
            unknown=self.read.unknown,
            cursor=attrs.evolve(
                cursor,
                offices=[record.name for record in self.offices],
                owned=sorted(self.meaning.owned),
                whole=bool(rejects or self.read.twice or self.collided),
                ours=len(self.marked),
                theirs=len(self.entries) - len(self.marked),
                records=self.read.count,
            ),
        )

    def told(self) -> Iterator[tuple[Record, Told]]:
        # Titles come first: they have files of their own, and at the end is who stood at the end of the directory.
        yield from ((Record(title), self.meaning.mailing_list(title)) for title in self.titles.lists)
        yield from ((Record(title), self.meaning.board(title)) for title in self.titles.boards)
        yield from ((record, self.meaning.told(record)) for record in self.read.entries.values())

    def take(self, record: Record, told: Told) -> None:
        self.collided |= self.meaning.is_odd(record, told)
        if told.entry is not None and told.entry.key in self.entries:
            self.collided = True
            if not told.ours:
                address = addresses.parse(told.entry.address)
                self.twins.add((fold(address.name), fold(address.post_office)))
            told = self.meaning.by_name(record) if told.ours else Told(why=f"{told.entry.address} is somebody else's")
        if told.entry is not None and told.entry.key not in self.entries:
            self.entries[told.entry.key] = told.entry
            if told.ours:
                self.marked.add(told.entry.key)
        elif why := told.why or (told.entry and f"{told.entry.address} is somebody else's"):
            self.remarks.append(remark(record, why))
