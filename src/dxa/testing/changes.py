"""Checks of what a list amounts to: whole, long, with a part that cannot be used, and by changes since a cursor."""

from __future__ import annotations

from collections.abc import Iterable

from dxa.connector import Report
from dxa.entry import Entry, Reject, Verb
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import claims_whole, hear, people, rejects, same_entries, told, usable
from dxa.testing.verdict import Skip, expect, must, should

#: More entries than a server gives at once (the limit of a page is often 1000).
LONG = 1100
_RUBBISH = (b"\x00" * 40, b"PK\x03\x04", b"no message at all\r\n")


@must("Say `complete=False` and `doubtful=True` only of what you have seen to be so.")
def a_whole_list_is_told_as_whole(make: MakeHarness) -> None:
    """A list that was read to an end that is counted is told as complete, not doubtful and without rejects.

    Else nobody is ever deleted.
    """
    harness = make()
    harness.say(people(harness))
    reports = usable(hear(harness.open()))
    expect(reports, "the peer has told its list and no report came")
    for report in reports:
        expect(report.complete, f"the report {report.receipt!r} is told as incomplete")
        expect(not report.counted or not report.doubtful, f"the report {report.receipt!r} is told as doubtful")
    expect(not rejects(reports), f"rejected: {rejects(reports)[:3]}")


@must("Ask for the next page until there is none; a limit that is reached is an error.")
def a_long_list_is_told_whole(make: MakeHarness) -> None:
    """A list that is longer than a page of its system is told with all entries, or not as complete."""
    harness = make()
    entries = people(harness, LONG)
    harness.say(entries)
    reports = hear(harness.open())
    if all(map(claims_whole, usable(reports))):
        same_entries(entries, told(reports), f"of {LONG} entries")


@must("Give a reject the text of the record, its line where there is one, and words that say what to mend.")
def a_reject_keeps_its_record(make: MakeHarness) -> None:
    """A record that cannot be used is kept: its reject has a text by which people find it, and a reason."""
    harness = make()
    harness.say(people(harness), spoiled={1})
    found = [reject for report in hear(harness.open()) for reject in [*report.rejects, *report.remarks]]
    if not found:
        raise Skip("nothing was rejected")
    for reject in found:
        _explained(reject)


def _explained(reject: Reject) -> None:
    expect(reject.raw.strip(), f"the reject {reject.reason!r} does not keep its record")
    expect(reject.reason.strip() and reject.reason != reject.raw, f"the reject of {reject.raw!r} has no reason")


@must("Give a report with a `fault`, a `note` or `ignored` neither transactions nor lists.")
def a_fault_tells_nothing_else(make: MakeHarness) -> None:
    """A report that cannot be used, or is nobody's business, tells of no entry and covers no list."""
    for data in _RUBBISH:
        harness = make()
        harness.drop(data)
        for report in hear(harness.open()):
            why = report.fault.reason if report.fault else report.ignored
            if why:
                silent = not report.transactions and not report.lists and not report.marked
                expect(silent, f"{why}; and all the same it tells of {len(report.transactions)} transactions and lists")


# -- changes since a cursor ----------------------------------------------------------------------------------------


def _heard(harness: ConnectorHarness, cursor: str = "") -> tuple[list[Report], str]:
    """What is told since a cursor, and the cursor after it."""
    reports = hear(harness.open(), {harness.peer.name: cursor} if cursor else {})
    return reports, next((report.cursor for report in reversed(usable(reports)) if report.cursor), cursor)


def _known(make: MakeHarness) -> tuple[ConnectorHarness, list[Entry], str]:
    """A system of which everything was told once, the entries, and the cursor."""
    harness = make()
    entries = people(harness, 4)
    harness.say(entries)
    reports, cursor = _heard(harness)
    if not cursor:
        raise Skip("every read is told as a whole: there are no cursors")
    return harness, told(reports), cursor


def _edited(harness: ConnectorHarness) -> list[Entry]:
    """The peer's people delete one entry, rename one where that is no other entry, and add one."""
    entries = people(harness, 5)
    if not harness.connector_type.traits.names_are_addresses:
        entries[2] = harness.entry(3, "Renamed Person")
    del entries[0]
    harness.say(entries)
    return entries


def _applied(held: Iterable[Entry], reports: Iterable[Report]) -> list[Entry]:
    """What a list has become by what was told of it."""
    rows = {entry.key: entry for entry in held}
    for report in usable(reports):
        if report.lists:
            rows = {}
        for each in report.transactions:
            if each.verb is Verb.REPLACE:
                rows = {}
                continue
            for gone in (each.old, each.new):
                anchor = gone.anchor if gone is not None else ""
                same = [
                    key for key, row in rows.items() if gone and (key == gone.key or (anchor and row.anchor == anchor))
                ]
                for key in same:
                    del rows[key]
            if each.new is not None:
                rows[each.new.key] = each.new
    return list(rows.values())


@must("Tell deletes too: keep or fetch tombstones, or compare with a full read when they may be gone.")
def changes_lead_to_the_new_list(make: MakeHarness) -> None:
    """What is told since a cursor leads from the list as it was told then to the list as it is: deletes included."""
    harness, before, cursor = _known(make)
    after = _edited(harness)
    reports, _ = _heard(harness, cursor)

    same_entries(after, _applied(before, reports), "after one was deleted, one renamed and one added")


@must("Keep no place of your own: tell what has changed since the cursor that you are given.")
def changes_are_told_until_their_cursor_is_stored(make: MakeHarness) -> None:
    """A cursor counts when dxa has stored it: changes that were collected before a crash are told again."""
    harness, before, cursor = _known(make)
    after = _edited(harness)
    connector = harness.open()
    for opened in (connector, connector, harness.open()):
        reports = hear(opened, {harness.peer.name: cursor})
        opened.settle([])
        same_entries(after, _applied(before, reports), "told since the same cursor once more")


@should("Give the cursor that stands for what you have told, and from it on tell what is new.")
def nothing_is_told_twice(make: MakeHarness) -> None:
    """Since the last cursor, when nothing has changed, no entry is told again."""
    harness, _, cursor = _known(make)
    reports, _ = _heard(harness, cursor)
    again = [each for report in usable(reports) if not report.lists for each in report.transactions]

    expect(not again, f"nothing has changed, and {len(again)} transactions were told")


CHECKS = (
    a_whole_list_is_told_as_whole,
    a_long_list_is_told_whole,
    a_reject_keeps_its_record,
    a_fault_tells_nothing_else,
    changes_lead_to_the_new_list,
    changes_are_told_until_their_cursor_is_stored,
    nothing_is_told_twice,
)
