"""Connectors that break one rule each, under the name of the check that must see it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from dxa.connector import Connector, ConnectorType, Holds, Outcome, Parcel, ParcelKind, Report, Result
from dxa.dirsync.messages import Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import TransportError
from dxa.memory import key_of
from dxa.testing import ConnectorHarness
from tests.kit.letterbox import LETTERBOX, PEER, TRAITS, Letterbox, LetterHarness, entry_of, letter
from tests.kit.memory_harness import MemoryHarness

#: Check name to the harnesses of connectors that break its rule.
BROKEN: dict[str, list[type[ConnectorHarness]]] = {}


def breaks(check: str) -> Callable[[type], type]:
    """Note that a letterbox or a harness breaks that check's rule."""

    def note(broken: type) -> type:
        harness = broken
        if issubclass(broken, Letterbox):
            harness = type(broken.__name__, (LetterHarness,), {"connector": broken})
        BROKEN.setdefault(check, []).append(harness)
        return broken

    return note


# -- collecting ----------------------------------------------------------------------------------------------------


@breaks("collect_removes_nothing")
class RemovesOnCollect(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for name in self.box.names():
            yield self.report(name, self.box.read(name))
            self.box.remove(name)


@breaks("collected_again_is_the_same")
class CountsReceipts(Letterbox):
    count = itertools.count()

    def receipt(self, name: str) -> str:
        return f"{name}#{next(self.count)}"


@breaks("collected_again_is_the_same")
class ChangesContent(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        self.box.done.add(f"{name}{len(self.box.done)}")
        return attrs.evolve(super().report(name, data), title=f"{len(self.box.done)}")


@breaks("settle_takes_exactly_these")
class SettlesEverything(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        self.box.inbox.clear()


@breaks("settle_takes_exactly_these")
class SettlesNothing(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        pass


@breaks("settle_is_repeatable")
class SettlesOnce(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        for name in receipts:
            del self.box.inbox[name]


@breaks("settle_while_collecting")
class CountsPlaces(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        at = 0
        while at < len(names := self.box.names()):
            yield self.report(names[at], self.box.read(names[at]))
            at += 1


@breaks("collect_says_what_it_cannot_reach")
class SwallowsErrors(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        try:
            yield from super().collect(since)
        except TransportError:
            return


@breaks("collect_says_what_it_cannot_reach")
class RaisesAnything(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        try:
            yield from super().collect(since)
        except TransportError:
            raise OSError("disk") from None


@breaks("a_broken_read_is_not_complete")
class EmptyWhenUnreadable(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for name in self.box.names():
            try:
                yield self.report(name, self.box.read(name))
            except TransportError:
                yield Report(sender=PEER, receipt=name, lists=frozenset({("BOX", PEER)}))


@breaks("a_broken_settle_can_be_repeated")
class NotesBeforeRemoving(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        for name in receipts:
            if name not in self.box.done:
                self.box.done.add(name)
                self.box.remove(name)


@breaks("collect_is_lazy")
class Eager(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        return iter(list(super().collect(since)))


@breaks("collect_is_lazy")
class GivesAList(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Any:
        return list(super().collect(since))


# -- reading -------------------------------------------------------------------------------------------------------


class ChangesEntries(Letterbox):
    """Changes every entry that it reads."""

    def change(self, at: int, entry: Entry) -> Entry:
        raise NotImplementedError

    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return [t._replace(new=self.change(at, t.new)) for at, t in enumerate(good) if t.new], bad


@breaks("entries_survive_being_told")
class FoldsCase(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(name=entry.name.title())


@breaks("entries_survive_being_told")
class StopsAtTheComma(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(name=entry.name.partition(",")[0])


@breaks("entries_survive_being_told")
class DropsAnEntry(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return good[:-1], bad


@breaks("keys_are_stable_and_unique")
class KeysByPlace(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(key=f"BOX:{at}")


@breaks("keys_are_stable_and_unique")
class DuplicatesKeys(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(key="BOX:po1/user1")


@breaks("keys_are_those_of_addresses")
class KeysOfItsOwn(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(key=entry.address.upper())


@breaks("entries_are_canonical")
class LowersTheType(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(type="box")


@breaks("entries_are_canonical")
class LeavesAddressesUnchecked(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(address=entry.address.upper())


@breaks("entries_are_canonical")
class PutsAllInOneList(ChangesEntries):
    def change(self, at: int, entry: Entry) -> Entry:
        return entry._replace(list="")


def changing(class_name: str, **changes: Any) -> type[Letterbox]:
    """A letterbox that changes every report."""

    def report(self: Letterbox, name: str, data: bytes) -> Report:
        return attrs.evolve(Letterbox.report(self, name, data), **changes)

    return type(class_name, (Letterbox,), {"report": report})


breaks("reports_are_well_formed")(changing("NamesAnotherSender", sender="somebody"))


breaks("reports_are_well_formed")(
    changing("DisagreesWithItself", request=Request(r=1, was=0, s=0, i=0, complete=False))
)


@breaks("reports_are_well_formed")
class NumbersBackwards(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return [t._replace(number=len(good) - at) for at, t in enumerate(good)], bad


@breaks("reports_are_well_formed")
class AddsWithoutAnEntry(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return [*good, Transaction(0, Verb.ADD, None, None)], bad


breaks("a_full_report_names_its_lists")(changing("NamesNoList", lists=frozenset()))


@breaks("a_full_report_names_its_lists")
class SilentWhenEmpty(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in super().collect(since):
            yield report if report.transactions else attrs.evolve(report, lists=frozenset())


@breaks("an_unknown_cursor_means_everything")
class BelievesAnyCursor(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        last = next(iter(since.values()), "")
        return (report for report in super().collect(since) if not last.isdecimal() or report.receipt > last * 9)

    def receipt(self, name: str) -> str:
        return f"0{name}"


breaks("truncated_input_is_not_complete")(changing("AlwaysComplete", complete=True))


@breaks("truncated_input_invents_nothing")
class GuessesRecords(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        guessed = [reject.raw.split('"')[3:] for reject in bad]
        entries = [entry_of(parts[0], parts[2]) for parts in guessed if len(parts) > 2 and parts[2].count("/")]
        return [*good, *(Transaction(0, Verb.ADD, None, entry) for entry in entries)], bad

    def report(self, name: str, data: bytes) -> Report:
        try:
            return super().report(name, data)
        except Exception as error:
            return Report(sender="", receipt=name, fault=Reject(0, 0, "", 0, str(error)))


@breaks("a_bad_record_hides_no_other")
class StopsAtABadRecord(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return good[: bad[0].line - 2] if bad else good, bad


@breaks("a_bad_record_hides_no_other")
class DropsABadRecord(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        return super().records(lines)[0], []


@breaks("rubbish_hides_nothing")
class StopsAtRubbish(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in super().collect(since):
            yield report
            if report.fault:
                return


@breaks("rubbish_hides_nothing")
class KeepsRubbish(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle([receipt for receipt in receipts if receipt != "a"])


@breaks("damaged_input_raises_nothing")
class DecodesStrictly(Letterbox):
    def text(self, data: bytes) -> str:
        return data.decode()


# -- delivering ----------------------------------------------------------------------------------------------------


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


# -- a system in memory: reads that prove --------------------------------------------------------------------------


@attrs.define
class Wrapped:
    """A memory connector in which something is broken."""

    inner: Any

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        yield from self.inner.collect(since)

    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        yield from self.inner.deliver(parcel)

    def settle(self, receipts: Sequence[str]) -> None:
        self.inner.settle(receipts)


class WrappedHarness(MemoryHarness):
    wrapper: type[Wrapped]

    def open(self) -> Connector:
        return self.wrapper(super().open())


def breaks_memory(check: str) -> Callable[[type[Wrapped]], type[Wrapped]]:
    """Note that a wrapped memory connector breaks that check's rule."""

    def note(broken: type[Wrapped]) -> type[Wrapped]:
        BROKEN.setdefault(check, []).append(type(broken.__name__, (WrappedHarness,), {"wrapper": broken}))
        return broken

    return note


@breaks_memory("settle_changes_no_list")
class EmptiesTheList(Wrapped):
    def settle(self, receipts: Sequence[str]) -> None:
        self.inner.system.entries.clear()


@breaks_memory("what_dxa_wrote_bears_its_mark")
class MarksNothing(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        return (attrs.evolve(report, marked=frozenset()) for report in self.inner.collect(since))


@breaks_memory("what_dxa_wrote_bears_its_mark")
class MarksEverything(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        marked = frozenset(self.inner.system.entries)
        return (attrs.evolve(report, marked=marked) for report in self.inner.collect(since))


@breaks_memory("unchanged_entries_are_reported_equal")
class ForgetsFields(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in self.inner.collect(since):
            entries = [t._replace(new=t.new and t.new._replace(fields=())) for t in report.transactions]
            yield attrs.evolve(report, transactions=entries)


@breaks_memory("others_entries_are_left_alone")
class ChangesWhatIsNotOurs(Wrapped):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        for row in parcel.transactions():
            self.inner.system.marked |= {key_of(side.address) for side in (row.old, row.new) if side}
        yield from self.inner.deliver(parcel)


@breaks_memory("delivered_twice_is_delivered_once")
class WritesTwice(Wrapped):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        for row in parcel.transactions():
            if row.new and parcel.id in self.inner.system.outcomes:
                self.inner.system.put(f"{row.new.name} (2)", row.new.address)
        yield from self.inner.deliver(parcel)


# -- manners -------------------------------------------------------------------------------------------------------


def _typed(class_name: str, **changed: Any) -> type[ConnectorHarness]:
    kind: ConnectorType = attrs.evolve(LETTERBOX, **changed)
    return type(class_name, (LetterHarness,), {"connector_type": kind})


breaks("traits_are_consistent")(_typed("ProvesMany", traits=attrs.evolve(TRAITS, holds=Holds.PROVEN)))
breaks("traits_are_consistent")(_typed("UnknownType", traits=attrs.evolve(TRAITS, types=("BOX", "NONE"))))
breaks("traits_are_consistent")(_typed("BadName", name="letter box"))
breaks("site_lists_are_list_keys")(
    _typed("UpperLists", site_lists=lambda site, _options: frozenset({("BOX", site[1])}))
)
breaks("options_are_documented")(_typed("SilentOptions", options=attrs.make_class("Options", ["color"])))
breaks("raw_records_can_be_read_again")(_typed("ParsesNothing", parse=lambda _raw, _types: []))


@breaks("nothing_given_is_changed")
class ClearsReceipts(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle(receipts)
        receipts.clear()  # type: ignore[attr-defined]


@breaks("nothing_given_is_changed")
class EmptiesOptions(Letterbox):
    def put(self, parcel: Parcel, lines: Sequence[str]) -> None:
        parcel.peer.options["written"] = True  # type: ignore[index]


@breaks("handles_are_closed")
class LeavesOpen(Letterbox):
    def text(self, data: bytes) -> str:
        handle = Path(__file__).open()  # noqa: SIM115 (this is the fault)
        return f"{super().text(data)}{handle.name[:0]}"


@breaks("time_comes_from_the_context")
class ReadsTheClock(Letterbox):
    def text(self, data: bytes) -> str:
        return super().text(data) if time.time() else ""
