"""Checks of connectors to systems that a full read shows as they are: what dxa wrote is known again."""

from __future__ import annotations

from dxa.address import Address
from dxa.connector import Result
from dxa.entry import Verb
from dxa.ledger.answer import Step
from dxa.testing.harness import MakeHarness
from dxa.testing.play import (
    FIRST,
    adds,
    deliver,
    hear,
    named,
    parcel,
    people,
    proven,
    same_entries,
    told,
    unanchored,
    usable,
)
from dxa.testing.verdict import described, expect, fail, must


@must("Put a mark on what dxa writes (an attribute, a comment) and name the keys that bear it in `marked`.")
def what_dxa_wrote_bears_its_mark(make: MakeHarness) -> None:
    """Entries that dxa wrote are marked in the next read, and no others are."""
    harness = proven(make())
    harness.say(people(harness))
    theirs = {entry.key for entry in told(hear(harness.open()))}
    ours = people(harness, ours=True)
    deliver(harness.open(), parcel(harness, adds(ours)))
    marked = frozenset[str]().union(*(report.marked for report in hear(harness.open())))

    wanted = {harness.types.key(Address(entry.type, entry.address)) for entry in ours}
    expect(wanted <= marked, f"not marked, though dxa wrote them: {sorted(wanted - marked)[:3]}")
    expect(not theirs & marked, f"marked, though dxa did not write them: {sorted(theirs & marked)[:3]}")


@must("Read back every field as it was written; what a system adds by itself is no field.")
def unchanged_entries_are_reported_equal(make: MakeHarness) -> None:
    """What was written and not touched is reported equal, key included, or dxa would write it again for ever."""
    harness = proven(make())
    ours = named(harness, ours=True)
    deliver(harness.open(), parcel(harness, adds(ours)))
    found = {entry.key: entry for entry in unanchored(ours, told(hear(harness.open())))}
    for entry in ours:
        key = harness.types.key(Address(entry.type, entry.address))
        expect(found.get(key) == entry._replace(key=key), f"{entry} came back as {found.get(key)}")


@must("Look for the mark before you change or delete an entry; refuse with the reason when it is not there.")
def others_entries_are_left_alone(make: MakeHarness) -> None:
    """Only entries that bear dxa's mark are changed; a change of any other is refused."""
    for verb in (Verb.DELETE, Verb.MODIFY, Verb.ADD):
        harness = proven(make())
        theirs = people(harness)
        harness.say(theirs)
        old = None if verb is Verb.ADD else theirs[0]
        new = None if verb is Verb.DELETE else theirs[0]._replace(name="Somebody Else")
        outcomes = deliver(harness.open(), parcel(harness, [Step(verb, old, new)]))

        same_entries(
            theirs, told(hear(harness.open())), f"after {verb.name.lower()} of an entry that dxa did not write"
        )
        refused = any(outcome.result is Result.REFUSED and outcome.reason for outcome in outcomes)
        expect(refused, f"{verb.name} of an entry that is not dxa's was not refused")


@must("Take the mark from what you read now, never from a note of what was written once.")
def what_is_gone_bears_no_mark(make: MakeHarness) -> None:
    """An entry that dxa has deleted again is neither told nor marked in the next read."""
    harness = proven(make())
    one, two = people(harness, 2, ours=True)
    deliver(harness.open(), parcel(harness, adds([one, two])))
    deliver(harness.open(), parcel(harness, [Step(Verb.DELETE, one, None)], FIRST + 2))
    reports = usable(hear(harness.open()))[-1:]
    marked = frozenset[str]().union(*(report.marked for report in reports))
    key = harness.types.key(Address(one.type, one.address))

    expect(key not in {entry.key for entry in told(reports)}, f"{key} was deleted, and is told")
    expect(key not in marked, f"{key} was deleted, and is marked still")


@must("Refuse row by row, and write the others.")
def a_refusal_stops_nobody_else(make: MakeHarness) -> None:
    """In a parcel with a change of an entry that is not dxa's, the others arrive."""
    harness = proven(make())
    theirs, ours = people(harness), people(harness, 2, ours=True)
    harness.say(theirs)
    steps = [*adds(ours[:1]), Step(Verb.DELETE, theirs[0], None), *adds(ours[1:])]
    try:
        deliver(harness.open(), parcel(harness, steps))
    except Exception as error:
        fail(f"with a delete of somebody else's entry, deliver {described(error)}")

    same_entries(ours, harness.delivered(), "with a delete of somebody else's entry between them")


CHECKS = (
    what_dxa_wrote_bears_its_mark,
    unchanged_entries_are_reported_equal,
    others_entries_are_left_alone,
    what_is_gone_bears_no_mark,
    a_refusal_stops_nobody_else,
)
