"""Connectors that break a rule of collecting and settling."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import attrs

from dxa.connector import Report
from dxa.errors import TransportError
from tests.kit.broken import BROKEN, Wrapped, breaks, breaks_memory
from tests.kit.letterbox import PEER, Box, Letterbox


@breaks("collect_removes_nothing")
class GivesUpAfterTwoReads(Letterbox):
    reads: ClassVar[WeakKeyDictionary[Box, int]] = WeakKeyDictionary()

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        self.reads[self.box] = self.reads.get(self.box, 0) + 1
        if self.reads[self.box] > 2 and len(self.box.inbox) > 1:
            self.box.inbox.clear()
        yield from super().collect(since)


@breaks("collected_again_is_the_same")
class CountsReceipts(Letterbox):
    count = itertools.count()

    def receipt(self, name: str) -> str:
        return f"{name}#{next(self.count)}"

    def settle(self, receipts: Sequence[str]) -> None:
        super().settle([receipt.partition("#")[0] for receipt in receipts])


@breaks("collected_again_is_the_same")
class ChangesContent(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        self.box.done.add(f"{name}{len(self.box.done)}")
        return attrs.evolve(super().report(name, data), title=f"{len(self.box.done)}")


@breaks("settle_takes_exactly_these")
class SettlesEverything(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        if receipts:
            self.box.inbox.clear()


@breaks("settle_takes_exactly_these")
class SettlesTwoAtMost(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        super().settle(receipts[:2])


@breaks("settle_is_repeatable")
class SettlesOnce(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        for name in receipts:
            if name not in self.box.inbox:
                raise TransportError(f"there is no letter {name}")
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


@breaks_memory("settle_changes_no_list")
class EmptiesTheList(Wrapped):
    def settle(self, receipts: Sequence[str]) -> None:
        if receipts:
            self.inner.system.entries.clear()


@breaks("collecting_can_be_broken_off")
class CleansUpWhenClosed(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        try:
            yield from super().collect(since)
        except GeneratorExit:
            self.box.inbox.clear()
            raise


@breaks("reports_come_oldest_first")
class NewestFirst(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for name in reversed(self.box.names()):
            yield self.report(name, self.box.read(name))


@breaks("receipts_name_one_report")
class CutsReceipts(Letterbox):
    def receipt(self, name: str) -> str:
        return name[:2]

    def settle(self, receipts: Sequence[str]) -> None:
        for name in [name for name in self.box.names() if name[:2] in {receipt[:2] for receipt in receipts}]:
            self.box.remove(name)


@breaks("identities_name_one_message")
class KnowsMessagesByTheirWords(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        return attrs.evolve(super().report(name, data), identity=f"{len(data)} {data[:40]!r}")


@breaks("what_is_settled_can_be_looked_up")
class KeepsNoBytes(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        return attrs.evolve(super().report(name, data), raw=b"")


@breaks("collecting_sends_nothing")
class Echoes(Letterbox):
    def settle(self, receipts: Sequence[str]) -> None:
        for name in receipts:
            if name in self.box.inbox:
                self.box.write(f"re-{name}", self.box.inbox[name])
        super().settle(receipts)


@breaks("collecting_waits_for_nobody")
class WaitsForMail(Letterbox):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        if not self.box.inbox:
            time.sleep(0.2)
        yield from super().collect(since)


for _harness in BROKEN["collecting_waits_for_nobody"]:
    _harness.patience = 0.05
