"""Checks of `deliver` from one parcel to the next: what comes again, what goes, what is broken off."""

from __future__ import annotations

from dxa.connector import Result
from dxa.entry import Verb
from dxa.ledger.answer import Step
from dxa.testing.changes import LONG
from dxa.testing.harness import MakeHarness
from dxa.testing.play import FIRST, adds, deliver, parcel, people, same_entries, same_names, theirs, writer
from dxa.testing.verdict import Skip, described, expect, fail, must


@must("Note that a parcel is delivered only together with it, or behind it.")
def a_delivery_that_was_not_settled_is_made_again(make: MakeHarness) -> None:
    """What was delivered before a crash, and not settled, arrives when it is delivered again."""
    harness = writer(make())
    each = parcel(harness, adds(people(harness, ours=True)))
    for _ in harness.open().deliver(each):
        pass
    deliver(harness.open(), each)

    same_entries(people(harness, ours=True), harness.delivered(), "delivered, not settled, and delivered again")


@must("Write entries and what you note of the parcel in an order in which half of it can be done again.")
def a_delivery_that_is_broken_off_can_be_repeated(make: MakeHarness) -> None:
    """A delivery that dxa breaks off after its first outcome has the effect of one when it is repeated."""
    harness = writer(make())
    each = parcel(harness, adds(people(harness, ours=True)))
    outcomes = harness.open().deliver(each)
    next(iter(outcomes), None)
    close = getattr(outcomes, "close", None)
    if close is not None:
        close()
    deliver(harness.open(), each)

    same_entries(people(harness, ours=True), harness.delivered(), "broken off after the first outcome and repeated")


@must("Let a parcel without transactions pass: it says how far the two sides have come, and no more.")
def an_empty_parcel_changes_nothing(make: MakeHarness) -> None:
    """A parcel without transactions is delivered like any other, and changes nothing."""
    harness = writer(make())
    if harness.connector_type.traits.mutual:
        raise Skip("such a peer is told nothing when nothing is new")
    connector, entries = harness.open(), people(harness, ours=True)
    deliver(connector, parcel(harness, adds(entries)))
    try:
        deliver(connector, parcel(harness, [], FIRST + len(entries)))
    except Exception as error:
        fail(f"with no transactions, deliver {described(error)}")

    same_entries(entries, harness.delivered(), "after a parcel without transactions")


@must("Write in as many pieces as the system wants, and all of them.")
def a_long_parcel_arrives(make: MakeHarness) -> None:
    """A parcel with more entries than a system takes at once arrives whole."""
    harness = writer(make())
    entries = people(harness, LONG, ours=True)
    deliver(harness.open(), parcel(harness, adds(entries)))

    same_entries(entries, harness.delivered(), f"of {LONG} entries")


@must("Apply the rows in their order, and find an entry by its key, not by its name.")
def a_name_can_change_hands(make: MakeHarness) -> None:
    """In one parcel somebody goes, and somebody else comes who has the same name."""
    harness = writer(make())
    gone, come = (harness.entry(n, "Person 1", ours=True) for n in (1, 2))
    if gone.key == come.key or gone.name != come.name:
        raise Skip("the name is the address, or is made unique")
    deliver(harness.open(), parcel(harness, adds([gone])))
    steps = [Step(Verb.DELETE, gone, None), Step(Verb.ADD, None, come)]
    deliver(harness.open(), parcel(harness, steps, FIRST + 1))

    same_entries([come], harness.delivered(), "after one was deleted and another of that name added")


@must("Know a parcel by its id alone; that an entry was once written or deleted says nothing.")
def a_deleted_entry_can_come_back(make: MakeHarness) -> None:
    """An entry that was delivered and deleted arrives when it is delivered in another parcel."""
    harness = writer(make())
    one, two = people(harness, 2, ours=True)
    deliver(harness.open(), parcel(harness, adds([one, two])))
    deliver(harness.open(), parcel(harness, [Step(Verb.DELETE, one, None)], FIRST + 2))
    deliver(harness.open(), parcel(harness, adds([one]), FIRST + 3))

    same_entries([one, two], harness.delivered(), "added, deleted and added")


@must("Take an entry that is not there any more as deleted, and go on.")
def deleting_what_is_gone_stops_nothing(make: MakeHarness) -> None:
    """Deleting an entry that is not there is no error: the rest of the parcel arrives, and it is not tried for ever."""
    harness = writer(make())
    gone, come = people(harness, 2, ours=True)
    steps = [Step(Verb.DELETE, gone, None), Step(Verb.ADD, None, come)]
    try:
        outcomes = deliver(harness.open(), parcel(harness, steps))
    except Exception as error:
        fail(f"deleting what is not there, deliver {described(error)}")

    same_entries([come], harness.delivered(), "after somebody was deleted who was not there, and another added")
    expect(not [o for o in outcomes if o.result is Result.RETRY], "deleting what is not there is to be tried again")


@must("Leave in `deliver` everything alone that waits to be collected.")
def delivering_takes_nothing_away(make: MakeHarness) -> None:
    """Delivering takes away nothing of what waits, and changes nothing of the peer's own list."""
    harness = writer(make())
    harness.say(people(harness))
    deliver(harness.open(), parcel(harness, adds([harness.entry(1, "Somebody Else", ours=True)])))

    same_names(people(harness), theirs(harness), "told before a delivery and collected after it")


CHECKS = (
    a_delivery_that_was_not_settled_is_made_again,
    a_delivery_that_is_broken_off_can_be_repeated,
    an_empty_parcel_changes_nothing,
    a_long_parcel_arrives,
    a_name_can_change_hands,
    a_deleted_entry_can_come_back,
    deleting_what_is_gone_stops_nothing,
    delivering_takes_nothing_away,
)
