"""Checks of `deliver`: a parcel arrives once, whole, and as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath, PureWindowsPath

import attrs

from dxa.connector import Holds, Parcel, ParcelKind, Result
from dxa.entry import Entry, Verb
from dxa.errors import TransportError
from dxa.ledger.answer import Step
from dxa.testing.collecting import USES
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import (
    FIRST,
    adds,
    bare,
    deliver,
    fails,
    named,
    parcel,
    people,
    replaces,
    same_entries,
    writer,
)
from dxa.testing.verdict import Skip, described, expect, fail, must, should

#: Ids that would leave a folder, or meet each other in one, if they were used as names of files.
PATHS = (
    *("../../evil", "/tmp/dxa-evil", "..\\evil", "C:evil", "a/b", "a_b", "A/B", "a\\b"),
    *("a\x00b", "a\nb", ".", "..", "x" * 300),
)
#: Names that would break a line, a record or a message if they were written as they are.
BREAKING = ("Line\r\nbreak", "Tab\tstop", "Null\x00", "Form\x0cfeed", "日本語", "N" * 300, "", " ")


@must("Write names by the codec that reads them; never cut, strip or fold them.")
def entries_survive_delivery(make: MakeHarness) -> None:
    """Entries arrive as they were given: separators, quotes, accents and names of full length survive."""
    harness = writer(make())
    entries = named(harness, ours=True)
    deliver(harness.open(), parcel(harness, adds(entries)))

    same_entries(entries, harness.delivered(), "delivered")


@must("Apply deletes, modifies and adds in the order in which the parcel gives them.")
def changes_arrive(make: MakeHarness) -> None:
    """Deletes, modifies and adds of a parcel all arrive at its peer."""
    harness = writer(make())
    one, two, three, four = people(harness, 4, ours=True)
    renamed = two._replace(name="Renamed, Person")
    deliver(harness.open(), parcel(harness, adds([one, two, three])))
    steps = [Step(Verb.DELETE, one, None), Step(Verb.MODIFY, two, renamed), Step(Verb.ADD, None, four)]
    deliver(harness.open(), parcel(harness, steps, FIRST + 3))

    same_entries([renamed, three, four], harness.delivered(), "after a delete, a modify and an add")


@must("Write the replace of each list before its adds, and apply it to these lists only.")
def a_full_answer_replaces(make: MakeHarness) -> None:
    """A full answer leaves the peer with exactly what it carries."""
    harness = writer(make())
    if harness.connector_type.traits.holds is not Holds.QUOTED:
        raise Skip("only peers that quote what they hold get full answers")
    before, after = people(harness, 3, ours=True), people(harness, 2, ours=True, start=3)
    deliver(harness.open(), parcel(harness, adds(before)))
    deliver(harness.open(), parcel(harness, replaces(after), FIRST + 3, kind=ParcelKind.FULL))

    same_entries(after, harness.delivered(), "after a full answer")


@must("Name the file or message after the parcel's id, or note the id beside what was written, and look for it first.")
def delivered_twice_is_delivered_once(make: MakeHarness) -> None:
    """The same parcel id delivered twice has the same effect as once, also from a new process."""
    harness = writer(make())
    connector, entries = harness.open(), people(harness, ours=True)
    each = parcel(harness, adds(entries))
    for deliverer in (connector, connector, harness.open()):
        deliver(deliverer, each)

    same_entries(entries, harness.delivered(), "delivered three times")


@should("Keep or work out again what became of each entry, so that a repeated delivery says the same.")
def delivered_twice_says_the_same(make: MakeHarness) -> None:
    """A parcel that is delivered again has the same outcomes."""
    harness = writer(make())
    each = parcel(harness, adds(people(harness, ours=True)))
    first, second = deliver(harness.open(), each), deliver(harness.open(), each)

    expect(first == second, f"first {first[:3]}, then {second[:3]}")


def _broken(make: MakeHarness) -> Iterator[tuple[str, ConnectorHarness, Parcel, list[Entry]]]:
    """Deliveries during which the transport failed, at one place after the other; healed again."""
    for after in range(USES):
        harness = writer(make())
        entries = people(harness, ours=True)
        each = parcel(harness, adds(entries))
        connector = harness.open()
        harness.fail(after)
        failed = fails(connector, each)
        harness.heal()
        where = f"the transport failed at use {after + 1}"
        if not failed:
            same_entries(entries, harness.delivered(), f"{where}, delivery was told as done")
            return
        yield where, harness, each, entries


@must("Write under a temporary name and rename, or write behind one commit point; remove nothing before that.")
def delivery_is_whole_or_not_at_all(make: MakeHarness) -> None:
    """When the transport fails in the middle, the peer finds all of a message or nothing of it."""
    if make().connector_type.traits.holds is not Holds.QUOTED:
        raise Skip("entries are written one by one, and the next full read shows which")
    for where, harness, _each, entries in _broken(make):
        arrived = harness.delivered()
        if arrived:
            same_entries(entries, arrived, where)


@must("Make every step of a delivery repeatable: look at what is there before writing it.")
def a_broken_delivery_can_be_repeated(make: MakeHarness) -> None:
    """A delivery that failed has the effect of one when it is repeated."""
    for where, harness, each, entries in _broken(make):
        deliver(harness.open(), each)
        same_entries(entries, harness.delivered(), f"{where} and it was delivered again")


@must("Catch what the file system, socket or library raises, and raise `TransportError` with its reason.")
def deliver_says_what_it_cannot_reach(make: MakeHarness) -> None:
    """Delivery to what cannot be reached raises TransportError or gives RETRY: never another error, never success."""
    harness = writer(make())
    connector = harness.open()
    harness.fail()
    failed = fails(connector, parcel(harness, adds(people(harness, ours=True))))

    expect(failed, "the system cannot be reached, and the delivery was told as done")


@must("Write `parcel.transactions()`, not all of `parcel.content`; a cache must be keyed by more than `content.key`.")
def own_lists_are_not_delivered(make: MakeHarness) -> None:
    """A peer does not get the lists that it owns, although the content is shared with peers that do."""
    harness = writer(make())
    theirs, ours = people(harness), people(harness, ours=True)
    own = frozenset((entry.type, entry.list.casefold()) for entry in theirs)
    first = parcel(harness, adds([*theirs, *ours]), own=own)
    connector = harness.open()
    deliver(connector, first)
    expected = [entry for entry in ours if (entry.type, entry.list.casefold()) not in own]
    same_entries(expected, harness.delivered(), "with the peer's own list left out")

    harness = make()
    connector = harness.open()
    deliver(connector, first)
    deliver(connector, parcel(harness, [], id="all of it", content=first.content, own=frozenset()))
    same_entries({*map(bare, [*theirs, *ours])}, {*map(bare, harness.delivered())}, "then to a peer that owns none")


@must("Derive a file's name from the whole id, so that ids that differ give names that differ, in any case of letters.")
def parcels_are_kept_apart(make: MakeHarness) -> None:
    """Parcels with different ids are different parcels, however much the ids look alike."""
    harness = writer(make())
    connector, entries = harness.open(), people(harness, len(PATHS), ours=True)
    for at, (id_, entry) in enumerate(zip(PATHS, entries, strict=True)):
        deliver(connector, parcel(harness, adds([entry]), FIRST + at, id=id_))

    same_entries(entries, harness.delivered(), "one entry in each parcel")


@must("Make names of files yourself; nothing that came from a peer or a parcel may be a part of a path as it is.")
def no_file_outside_the_folder(make: MakeHarness) -> None:
    """Names with path characters never make a file outside of the folder."""
    harness = writer(make())
    harness.files()
    connector = harness.open()
    for at, (id_, entry) in enumerate(zip(PATHS, people(harness, len(PATHS), ours=True), strict=True)):
        deliver(connector, parcel(harness, adds([entry]), FIRST + at, id=id_))
        deliver(connector, parcel(harness, [], id=f"{id_}.", kind=ParcelKind.NOTICE, title="../../evil", text="evil"))
    with suppress(TransportError):
        connector.settle(PATHS)
    outside = [path for path in harness.files() if leaves(path)]

    expect(not outside, f"files outside of the folder: {outside[:3]}")


def leaves(path: str) -> bool:
    """Whether a path leads out of the folder that it is relative to, here or on another system."""
    parts = PureWindowsPath(path)
    return bool(parts.anchor) or ".." in parts.parts or PurePosixPath(path).is_absolute() or not path.isprintable()


@must("Refuse an entry that cannot be written, with its key and the reason, and deliver the others.")
def a_bad_entry_is_refused_alone(make: MakeHarness) -> None:
    """An entry that the peer's world cannot hold is refused with a reason; it neither stops nor changes the others."""
    for name in BREAKING:
        _refused_alone(make, name)


def _refused_alone(make: MakeHarness, name: str) -> None:
    """Of three entries, the one with this name arrives as it is or is refused, and the others arrive."""
    harness = writer(make())
    entries = people(harness, ours=True)
    entries[1] = entries[1]._replace(name=name)
    try:
        outcomes = deliver(harness.open(), parcel(harness, adds(entries)))
    except Exception as error:
        fail(f"with the name {name!r}, deliver {described(error)}")
    arrived = list(map(bare, harness.delivered()))
    if bare(entries[1]) not in arrived:
        refused = [o for o in outcomes if o.result is Result.REFUSED and o.key == entries[1].key and o.reason]
        expect(refused, f"the name {name!r} did not arrive and was not refused with a reason")
        entries.pop(1)
    same_entries(entries, arrived, f"with the name {name!r}")


@must("Give outcomes only for keys of the parcel, and one with the key '' for the parcel as a whole.")
def outcomes_name_their_entries(make: MakeHarness) -> None:
    """Outcomes speak of the parcel or of its entries; what has arrived is neither refused nor to be tried again."""
    harness = writer(make())
    entries = people(harness, ours=True)
    outcomes = deliver(harness.open(), parcel(harness, adds(entries)))
    keys = {"", *(entry.key for entry in entries)}
    for outcome in outcomes:
        expect(outcome.key in keys, f"an outcome for {outcome.key!r}, which is not in the parcel")
        bad = outcome.result in (Result.REFUSED, Result.RETRY)
        expect(not bad, f"{outcome.key or 'the parcel'} has arrived and is told as {outcome.result.value}")


@must("Write a notice as a letter or drop it; it has no content and no reply.")
def a_notice_changes_no_list(make: MakeHarness) -> None:
    """A notice is a letter to a person: whatever it says, it changes no list and raises nothing."""
    harness = writer(make())
    entries = people(harness, ours=True)
    connector = harness.open()
    deliver(connector, parcel(harness, adds(entries)))
    text = "Grüße 日本語\nA Somebody\x00\n[DIRSYNC]\r\n.\r\n"
    notice = Parcel(id="n1", peer=harness.peer, kind=ParcelKind.NOTICE, title="Not\r\nprocessed", text=text)
    deliver(connector, notice, attrs.evolve(notice, id="n2", to="nobody at all", title=""))

    same_entries(entries, harness.delivered(), "after two notices")


CHECKS = (
    entries_survive_delivery,
    changes_arrive,
    a_full_answer_replaces,
    delivered_twice_is_delivered_once,
    delivered_twice_says_the_same,
    delivery_is_whole_or_not_at_all,
    a_broken_delivery_can_be_repeated,
    deliver_says_what_it_cannot_reach,
    own_lists_are_not_delivered,
    parcels_are_kept_apart,
    no_file_outside_the_folder,
    a_bad_entry_is_refused_alone,
    outcomes_name_their_entries,
    a_notice_changes_no_list,
)
