"""Connectors to systems in memory that break a rule of what a full read proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from dxa.connector import Outcome, Parcel, Report, Result
from dxa.memory import key_of
from tests.kit.broken import Wrapped, breaks_memory


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
            rows = [
                row._replace(new=row.new._replace(fields=())) if row.new and row.new.key in report.marked else row
                for row in report.transactions
            ]
            yield attrs.evolve(report, transactions=rows)


@breaks_memory("others_entries_are_left_alone")
class ChangesWhatIsNotOurs(Wrapped):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        for row in parcel.transactions():
            there = {key_of(side.address) for side in (row.old, row.new) if side}
            self.inner.system.marked |= there & self.inner.system.entries.keys()
        yield from self.inner.deliver(parcel)


@breaks_memory("what_is_gone_bears_no_mark")
class MarksByItsNotes(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        written = [outcome for those in self.inner.system.outcomes.values() for outcome in those]
        marked = frozenset(outcome.key for outcome in written if outcome.key and outcome.result is Result.DONE)
        return (attrs.evolve(report, marked=marked) for report in self.inner.collect(since))


@breaks_memory("a_refusal_stops_nobody_else")
class StopsAtARefusal(Wrapped):
    def deliver(self, parcel: Parcel) -> Iterator[Outcome]:
        self.inner.reach()
        done = self.inner.system.outcomes.setdefault(parcel.id, [])
        for row in list(parcel.transactions())[len(done) :]:
            done.append(self.inner.system.apply(row))
            if done[-1].result is Result.REFUSED:
                break
        yield from done
