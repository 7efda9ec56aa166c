"""From the objects of a directory to what a report says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import attrs

from dxa.entry import CONTAINER, Entry, Reject, Transaction, Verb, anchored
from dxa_exchange import names
from dxa_exchange.directory import Bad, Record
from dxa_exchange.live import filters
from dxa_exchange.live.identity import Identity
from dxa_exchange.live.reading import MEMBERS, Gone, Reading, Upsert
from dxa_exchange.people.codec import People
from dxa_exchange.people.faces import Faces
from dxa_exchange.people.members import Members
from dxa_exchange.people.reader import Person


@attrs.define
class Told:
    """What objects mean: transactions, keys that bear our mark, and what could not be used or was odd."""

    transactions: list[Transaction] = attrs.field(factory=list)
    marked: set[str] = attrs.field(factory=set)
    rejects: list[Reject] = attrs.field(factory=list)
    remarks: list[Reject] = attrs.field(factory=list)
    #: Objects that are no recipients.
    skipped: int = 0

    def entries(self) -> Iterator[Entry]:
        """What is there."""
        return (each.new for each in self.transactions if each.new is not None)

    def rivals(self) -> set[str]:
        """The anchors of entries that have one address among them."""
        first: dict[str, str] = {}
        found = set[str]()
        for entry in self.entries():
            other = first.setdefault(entry.key, entry.anchor)
            if other != entry.anchor:
                found |= {other, entry.anchor}
        return found

    def release(self, rivals: Collection[str]) -> None:
        """Let go of what these objects were told as before: who does not get the address is not told at all.

        So it is in a full read, too. Who keeps its address stays who it was.
        """
        again = [entry.anchor for entry in self.entries() if entry.anchor in rivals]
        self.transactions[:0] = [Transaction(0, Verb.DELETE, anchored(anchor), None) for anchor in again]


@attrs.define(kw_only=True)
class Telling:
    """Tells what the objects of each container are; `people` and `places` are by the container's index.

    `members` resolves the members of lists for all of `people`; None leaves lists without them.
    """

    people: Sequence[People]
    places: Sequence[str]
    identity: Identity
    members: Members | None = None

    def everything(self, objects: Iterable[Upsert]) -> Told:
        """All objects of a full read; lists last, for their members are among the others."""
        told, lists = Told(), list[Upsert]()
        seen: list[tuple[str, Entry]] = []
        add, sight = told.transactions.append, seen.append
        people, places, of = self.people, self.places, self.identity.of
        for each in objects:
            record, index = each.record, each.container
            if "member" in record.attributes or "uniqueMember" in record.attributes:
                lists.append(each)
                continue
            anchor = of(record)
            found = people[index].read(record, anchor)
            if type(found) is Person and not (places[index] or found.marked or found.remarks):
                add(Transaction(0, Verb.ADD, None, found.entry))
                sight((record.dn, found.entry))
            elif (entry := self._take(told, each, found)) is not None:
                sight((record.dn, entry))
        if lists:
            self._learn((dn, entry) for dn, entry in seen)
            self._tell_lists(told, lists)
        return told

    def changes(self, objects: Sequence[Upsert | Gone], reading: Reading) -> Told:
        """Objects that changed, and the lists that tell of them.

        Raises:
            StartOver: when that takes more than to read everything.
        """
        upserts = [each for each in objects if isinstance(each, Upsert)]
        gone = [each.anchor for each in objects if isinstance(each, Gone)]
        told = Told([Transaction(0, Verb.DELETE, anchored(anchor), None) for anchor in gone])
        if self.members is not None and objects:
            upserts = self._with_lists(upserts, bool(gone) or not reading.server.keeps_members, reading)
        lists = [each for each in upserts if _is_list(each.record)]
        for each in upserts:
            if not _is_list(each.record):
                self._tell(told, each)
        if lists:
            self._look_up(lists, reading)
            self._tell_lists(told, lists)
        return told

    def rivals(self, told: Told, reading: Reading, faces: Faces) -> set[str]:
        """The anchors of what was told and of whatever else in the directory has the address of one of these.

        The core takes the first of them. When that goes away, the other one has not changed, and would not be told.
        """
        wanted = {entry.key: entry for entry in told.entries()}
        asked = [
            filters.any_of(filters.equal(name, value) for name, value in faces.wanted(entry))
            for entry in wanted.values()
        ]
        found = told.rivals()
        for each in reading.holders(asked):
            person = self.people[each.container].read(each.record, self.identity.of(each.record))
            if isinstance(person, Person) and (entry := wanted.get(person.entry.key)) is not None:
                other = person.entry.anchor
                found |= {other, entry.anchor} if other != entry.anchor else set()
        return found

    def _with_lists(self, upserts: Sequence[Upsert], every: bool, reading: Reading) -> list[Upsert]:
        """What changed, and the lists that it stands in; every list when it may stand there under another name."""
        found = {names.key(each.record.dn): each for each in upserts}
        members = None if every else [each.record.dn for each in upserts]
        for each in reading.lists(members):
            found.setdefault(names.key(each.record.dn), each)
        return [*found.values()]

    def _look_up(self, lists: Sequence[Upsert], reading: Reading) -> None:
        if self.members is None:
            return
        dns = [dn for each in lists for name in MEMBERS for dn in each.record.texts(name)]
        self.members.forget()
        for each in reading.named(dns).values():
            found = self.people[each.container].read(each.record, self.identity.of(each.record))
            if isinstance(found, Person):
                self._learn([(each.record.dn, found.entry)])

    def _tell_lists(self, told: Told, lists: Sequence[Upsert]) -> None:
        """Twice, for lists have addresses and are members, too."""
        for each in lists:
            found = self.people[each.container].read(each.record)
            if isinstance(found, Person):
                self._learn([(each.record.dn, found.entry)])
        for each in lists:
            self._tell(told, each)

    def _learn(self, seen: Iterable[tuple[str, Entry]]) -> None:
        if self.members is not None:
            for dn, entry in seen:
                self.members.learn(dn, entry)

    def _tell(self, told: Told, each: Upsert) -> None:
        """An object that changed and is no recipient (any more) is taken back."""
        anchor = self.identity.of(each.record)
        found = self.people[each.container].read(each.record, anchor)
        if self._take(told, each, found) is None and not isinstance(found, Bad):
            told.transactions.append(Transaction(0, Verb.DELETE, anchored(anchor), None))

    def _take(self, told: Told, each: Upsert, found: object) -> Entry | None:
        """The entry of an object, with its place; None for one that is none."""
        record = each.record
        if isinstance(found, Bad):
            told.rejects.append(Reject(0, found.line, record.dn, found.code, f"{found.field}: {found.reason}"))
            return None
        if not isinstance(found, Person):
            told.skipped += 1
            return None
        entry = found.entry
        if found.marked:
            told.marked.add(entry.key)
        elif place := self.places[each.container]:
            entry = _placed(entry, place)
        told.remarks += [Reject(0, 0, record.dn, 0, f"{record.dn}: {remark}") for remark in found.remarks]
        told.transactions.append(Transaction(0, Verb.ADD, None, entry))
        return entry


def _is_list(record: Record) -> bool:
    return any(name in record.attributes for name in MEMBERS)


def _placed(entry: Entry, place: str) -> Entry:
    """The entry below the place that its container goes to."""
    path = next((value for name, value in entry.fields if name == CONTAINER), "")
    rest = tuple(field for field in entry.fields if field[0] != CONTAINER)
    return entry._replace(fields=(*rest, (CONTAINER, f"{place}/{path}".rstrip("/"))))
