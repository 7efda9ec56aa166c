"""Connectors that break a rule of delivering."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from dxa.connector import Outcome, Parcel, ParcelKind, Result
from dxa.entry import Transaction, Verb
from dxa.errors import TransportError
from tests.kit.broken import Wrapped, breaks, breaks_memory
from tests.kit.letterbox import Letterbox, letter


@breaks("entries_survive_delivery")
class CutsNames(Letterbox):
    def line(self, row: Transaction) -> str:
        return super().line(row._replace(new=row.new and row.new._replace(name=row.new.name[:20])))


@breaks("changes_arrive")
class KeepsDeletedEntries(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return (row for row in super().rows(parcel) if row.verb is not Verb.DELETE)


@breaks("a_full_answer_replaces")
class OnlyAdds(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return (row for row in super().rows(parcel) if row.verb is not Verb.REPLACE)


@breaks("delivered_twice_is_delivered_once")
class DeliversAgain(Letterbox):
    count = itertools.count()

    def file(self, id_: str) -> str:
        return f"{next(self.count)}.letter"


@breaks("delivered_twice_says_the_same")
class SaysSomethingElse(Letterbox):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        there = self.file(parcel.id) in self.box.outbox
        for outcome in super().deliver(parcel):
            yield attrs.evolve(outcome, result=Result.DONE) if there else outcome


@breaks("delivery_is_whole_or_not_at_all")
class WritesHalfAFile(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        self.box.write(self.file(parcel.id), letter(lines[:1]))
        self.box.write(self.file(parcel.id), letter(lines))


@breaks("a_broken_delivery_can_be_repeated")
class NotesBeforeWriting(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        if parcel.id not in self.box.done:
            self.box.done.add(parcel.id)
            super().put(parcel, lines)


@breaks("deliver_says_what_it_cannot_reach")
class PostsIntoTheVoid(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        try:
            super().put(parcel, lines)
        except TransportError:
            return


@breaks("deliver_says_what_it_cannot_reach")
class RaisesOSError(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        try:
            super().put(parcel, lines)
        except TransportError:
            raise OSError("disk") from None


@breaks("own_lists_are_not_delivered")
class SendsOwnLists(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return parcel.content.without(frozenset())


@breaks("own_lists_are_not_delivered")
class CachesByContentAlone(Letterbox):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.cache: dict[str, list[Transaction]] = {}

    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return self.cache.setdefault(parcel.content.key, list(super().rows(parcel)))


@breaks("parcels_are_kept_apart")
class FlattensIds(Letterbox):
    def file(self, id_: str) -> str:
        return "".join(char if char.isalnum() else "_" for char in id_.lower())


@breaks("no_file_outside_the_folder")
class BelievesIds(Letterbox):
    def file(self, id_: str) -> str:
        return id_


@breaks("a_bad_entry_is_refused_alone")
class RaisesAtAnEntry(Letterbox):
    def line(self, row: Transaction) -> str:
        json.dumps(row.new and row.new.name).encode("ascii")
        (row.new.name if row.new else "").encode("latin-1")
        return super().line(row)


@breaks("a_bad_entry_is_refused_alone")
class DropsTheOthersToo(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        rows = list(super().rows(parcel))
        return rows if all(row.new is None or row.new.name.isprintable() for row in rows) else []


@breaks("a_bad_entry_is_refused_alone")
class DropsBlankNames(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return (row for row in super().rows(parcel) if row.new is None or row.new.name.strip())


@breaks("outcomes_name_their_entries")
class NamesNoKeys(Letterbox):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from super().deliver(parcel)
        yield Outcome(result=Result.DONE, key="Person 1")


@breaks("outcomes_name_their_entries")
class RefusesWhatArrived(Letterbox):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from super().deliver(parcel)
        yield Outcome(result=Result.REFUSED, reason="bad mood")


@breaks("a_notice_changes_no_list")
class ReadsNotices(Letterbox):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if parcel.kind is ParcelKind.NOTICE:
            self.box.outbox.clear()
        yield from super().deliver(parcel)


@breaks_memory("delivered_twice_is_delivered_once")
class WritesTwice(Wrapped):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        for row in parcel.transactions():
            if row.new and parcel.id in self.inner.system.outcomes:
                self.inner.system.put(f"{row.new.name} (2)", row.new.address)
        yield from self.inner.deliver(parcel)


@breaks("a_delivery_that_was_not_settled_is_made_again")
class AcknowledgesBeforeItCommits(Letterbox):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.later: list[tuple[str, bytes]] = []

    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        if parcel.id not in self.box.done:
            self.box.done.add(parcel.id)
            self.later.append((self.file(parcel.id), letter(lines)))

    def settle(self, receipts: Sequence[str]) -> None:
        for name, data in self.later:
            self.box.write(name, data)
        self.later.clear()
        super().settle(receipts)


@breaks("a_delivery_that_is_broken_off_can_be_repeated")
class NotesBetweenOutcomes(Letterbox):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        if parcel.id in self.box.done:
            yield Outcome(result=Result.POSTED)
            return
        if parcel.kind is not ParcelKind.NOTICE:
            self.box.done.add(parcel.id)
            yield Outcome(result=Result.POSTED)
        for outcome in super().deliver(parcel):
            if outcome.key:
                yield outcome


@breaks("an_empty_parcel_changes_nothing")
class WantsARow(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        rows = list(super().rows(parcel))
        return [rows[0], *rows[1:]]


@breaks("a_long_parcel_arrives")
class WritesOnePage(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        return itertools.islice(super().rows(parcel), 1000)


@breaks("a_name_can_change_hands")
class KnowsPeopleByName(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        rows = list(super().rows(parcel))
        there = {row.new.name for row in rows if row.new}
        return [row for row in rows if row.verb is not Verb.DELETE or (row.old and row.old.name not in there)]


@breaks("a_deleted_entry_can_come_back")
class NeverForgetsADelete(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        rows = [row for row in super().rows(parcel) if not (row.verb is Verb.ADD and row.side.key in self.box.done)]
        self.box.done |= {row.side.key for row in rows if row.verb is Verb.DELETE}
        return rows


@breaks("deleting_what_is_gone_stops_nothing")
class RaisesAtWhatIsGone(Letterbox):
    def rows(self, parcel: Parcel) -> Iterable[Transaction]:
        for row in super().rows(parcel):
            if row.verb is Verb.DELETE and row.side.key not in self.box.done:
                raise TransportError(f"{row.side.key}: no such object")
            self.box.done.add(row.side.key)
            yield row


@breaks("delivering_takes_nothing_away")
class EmptiesTheInbox(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        super().put(parcel, lines)
        self.box.inbox.clear()
