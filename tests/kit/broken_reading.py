"""Connectors that break a rule of what reports say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from dxa.connector import Report
from dxa.dirsync.messages import Request
from dxa.entry import Entry, Reject, Transaction, Verb
from tests.kit.broken import Wrapped, breaks, breaks_memory
from tests.kit.letterbox import PEER, Letterbox, entry_of


class ChangesEntries(Letterbox):
    """Changes every entry that it reads."""

    def change(self, at: int, entry: Entry) -> Entry:
        raise NotImplementedError

    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return [t._replace(new=self.change(at, t.new), raw="") for at, t in enumerate(good) if t.new], bad


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
        return [row for row in good if '"' not in row.side.name], bad


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


@breaks_memory("an_unknown_cursor_means_everything", feed="changes")
class BelievesAnyCursor(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        cursor = next(iter(since.values()), "")
        if not cursor or (cursor.isdecimal() and int(cursor) <= len(self.inner.system.log)):
            yield from self.inner.collect(since)


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


breaks("a_whole_list_is_told_as_whole")(changing("NeverComplete", complete=False))
breaks("a_whole_list_is_told_as_whole")(changing("AlwaysInDoubt", doubtful=True))


@breaks("a_long_list_is_told_whole")
class ReadsOnePage(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return good[:1000], bad

    def report(self, name: str, data: bytes) -> Report:
        report = super().report(name, data)
        return attrs.evolve(report, complete=report.complete or len(report.transactions) == 1000)


@breaks("a_reject_keeps_its_record")
class KeepsNoRecord(Letterbox):
    def records(self, lines: Sequence[str]) -> tuple[list[Transaction], list[Reject]]:
        good, bad = super().records(lines)
        return good, [reject._replace(raw="") for reject in bad]


@breaks("a_fault_tells_nothing_else")
class TakesAFaultForAnEmptyList(Letterbox):
    def report(self, name: str, data: bytes) -> Report:
        report = super().report(name, data)
        return attrs.evolve(report, lists=frozenset({("BOX", PEER)})) if report.fault else report


@breaks_memory("changes_lead_to_the_new_list", feed="changes")
class LosesTombstones(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in self.inner.collect(since):
            rows = [row for row in report.transactions if row.verb is not Verb.DELETE]
            yield attrs.evolve(report, transactions=rows)


@breaks_memory("changes_are_told_until_their_cursor_is_stored", feed="changes")
class KeepsItsPlace(Wrapped):
    place = ""

    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        for report in self.inner.collect({peer: self.place or cursor for peer, cursor in since.items()}):
            yield report
            self.place = report.cursor if since else ""


@breaks_memory("nothing_is_told_twice", feed="changes")
class TellsTheLastAgain(Wrapped):
    def collect(self, since: Mapping[str, str]) -> Iterator[Report]:
        earlier = {peer: f"{int(text) - 1}" if text.isdecimal() else text for peer, text in since.items()}
        yield from self.inner.collect(earlier)
