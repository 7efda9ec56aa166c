"""Checks of what a connector may offer besides its three calls: the optional protocols of `dxa.connector`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar, cast

from dxa.connector import (
    Acknowledger,
    Claimant,
    Connector,
    Examiner,
    GivesBack,
    Narrator,
    ParcelKind,
    Phase,
    Shaper,
    Standing,
    Wish,
)
from dxa.entry import Entry, Verb
from dxa.errors import AddressError, DxaError, TransportError
from dxa.testing.delivering import BREAKING
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import deliver, named, parcel, people, replaces, same_entries, same_names, theirs
from dxa.testing.verdict import Skip, described, expect, fail, must, should

P = TypeVar("P")


def _offered(make: MakeHarness, protocol: Callable[..., P]) -> tuple[ConnectorHarness, P]:
    """A system whose peer has told a list, and a connector that offers this."""
    harness = make()
    connector: Connector = harness.open()
    kind = cast("type[P]", protocol)
    if not isinstance(connector, kind):
        raise Skip(f"the connector is no {kind.__name__}")
    harness.say(people(harness))
    return harness, connector


def _unchanged(harness: ConnectorHarness, what: str) -> None:
    """Fail when the list that the peer has told, or what it was sent, is another one now."""
    same_names(people(harness), theirs(harness), f"collected after {what}")
    if harness.connector_type.traits.writable:
        same_entries([], harness.delivered(), f"what the peer has of ours after {what}")


@must("Tell in `passed` what you know, in any order of phases; act in `collect`, `deliver` and `settle` alone.")
def a_story_changes_nothing(make: MakeHarness) -> None:
    """Being told of a phase, whichever comes first and with whatever counts, raises nothing and changes no list."""
    harness, connector = _offered(make, Narrator)
    for phase in (*Phase, *reversed(Phase)):
        for counts in ({}, dict.fromkeys(Verb, 3)):
            try:
                connector.passed(phase, counts, "it went wrong" if phase is Phase.FAILED else "")
            except Exception as error:
                fail(f"passed({phase.name}) {described(error)}")
    _unchanged(harness, "phases had passed")


@must("Look whether the peer knows already; what has been said need not be said again.")
def acknowledging_twice_is_once(make: MakeHarness) -> None:
    """How far the site has come is made known once, however often it is said, and changes no list."""
    harness, connector = _offered(make, Acknowledger)
    standings = {harness.peer.name: Standing(taken=3, sent=0)}
    connector.acknowledge(standings)
    try:
        before = sorted(harness.files())
    except Skip:
        before = []
    for each in (connector, harness.open()):
        assert isinstance(each, Acknowledger)
        each.acknowledge(standings)
        each.acknowledge({})
    if before:
        after = sorted(harness.files())
        expect(before == after, f"said again, it left {sorted({*after} ^ {*before})[:3]}")
    _unchanged(harness, "acknowledging")


@must("Catch what the file system, socket or library raises, and raise `TransportError` with its reason.")
def acknowledging_says_what_it_cannot_reach(make: MakeHarness) -> None:
    """To acknowledge to what cannot be reached raises TransportError, not another error."""
    harness, connector = _offered(make, Acknowledger)
    harness.fail()
    try:
        connector.acknowledge({harness.peer.name: Standing(taken=3, sent=0)})
    except TransportError:
        return
    except Exception as error:
        fail(f"acknowledge {described(error)}")
    fail("the system cannot be reached, and acknowledge said nothing of it")


@must("Tell it and go on: the core has put these entries aside already.")
def claims_change_nothing(make: MakeHarness) -> None:
    """Being told whose addresses are taken raises nothing and changes no list."""
    harness, connector = _offered(make, Claimant)
    for entries in (people(harness), named(harness), [], people(harness, 1, ours=True)):
        try:
            connector.taken(entries)
        except Exception as error:
            fail(f"taken {described(error)}")
    _unchanged(harness, "addresses were said to be taken")


def _wishes(harness: ConnectorHarness) -> list[Wish]:
    entries = [*named(harness, ours=True), *people(harness, len(BREAKING), ours=True, start=100)]
    spoiled = [entry._replace(name=name) for name, entry in zip(BREAKING, entries[-len(BREAKING) :], strict=True)]
    return [(entry, None) for entry in [*entries[: -len(BREAKING)], *spoiled]]


def _shaped(connector: Shaper, wishes: Sequence[Wish]) -> list[tuple[Entry, Entry]]:
    """Each entry that the peer can hold, with what it can hold of it."""
    try:
        found = connector.shape(wishes)
    except Exception as error:
        fail(f"shape {described(error)}")
    expect(len(found) == len(wishes), f"of {len(wishes)} entries, {len(found)} were answered for")
    for each in found:
        expect(isinstance(each, (Entry, AddressError)), f"shape gave {each!r}, neither an entry nor an AddressError")
    return [(wish[0], each) for wish, each in zip(wishes, found, strict=True) if isinstance(each, Entry)]


@must("Give one value for each wish, in their order; `dxa.connector.shaped` makes that of a function for one.")
def shaping_answers_every_wish(make: MakeHarness) -> None:
    """Each wish is answered in its place, by what the peer can hold or by an AddressError; nothing is raised."""
    harness, connector = _offered(make, Shaper)
    expect(not connector.shape([]), "no wish was answered")
    expect(_shaped(connector, _wishes(harness)), "of all the kit's entries the peer can hold none")


@must("Leave the address to the core, which has made it legal and unique.")
def shaping_keeps_addresses(make: MakeHarness) -> None:
    """What a peer can hold of an entry has the address that the entry has."""
    harness, connector = _offered(make, Shaper)
    for entry, shaped in _shaped(connector, _wishes(harness)):
        same = (entry.type, entry.address) == (shaped.type, shaped.address)
        expect(same, f"{entry.type}:{entry.address} became {shaped.type}:{shaped.address}")


@must("Shape to what would be read back; give what the peer has when it is as good.")
def shaping_comes_to_rest(make: MakeHarness) -> None:
    """What was shaped and is held is not shaped to something else: dxa would write it again for ever."""
    harness, connector = _offered(make, Shaper)
    first = [shaped for _, shaped in _shaped(connector, _wishes(harness))]
    for held in ([None] * len(first), first):
        for entry, again in _shaped(connector, list(zip(first, held, strict=True))):
            what = "held" if held is first else "shaped"
            expect(entry == again, f"{entry.name!r}, {what}, becomes {again.name!r} {dict(again.fields)}")


@must("Name registered types by their canonical names; none when nothing is to be given back.")
def back_types_are_registered(make: MakeHarness) -> None:
    """The types of addresses that are given back are registered, and no type that the peer gives out itself."""
    harness, connector = _offered(make, GivesBack)
    for name in connector.back_types:
        known = name in harness.types and harness.types.get(name).name == name
        expect(known, f"{name!r} is not the canonical name of a registered address type")


@must("Look, and neither make, repair nor remove anything.")
def examining_changes_nothing(make: MakeHarness) -> None:
    """To examine changes no list and no file, as often as it is done; what it finds has words and a reason."""
    harness, connector = _offered(make, Examiner)
    before = _files(harness)
    for _ in range(2):
        try:
            found = list(connector.examine())
        except DxaError:
            found = []
        for fault in found:
            expect(fault.text.strip(), f"a fault of {fault.where!r} without words")
    expect(before == _files(harness), f"files came or went: {sorted({*before} ^ {*_files(harness)})[:3]}")
    _unchanged(harness, "examining")


def _files(harness: ConnectorHarness) -> list[str]:
    try:
        return sorted(harness.files())
    except Skip:
        return []


@must("Make nothing in `keeps`; let `hold` end what it began.")
def what_is_kept_can_be_held_again(make: MakeHarness) -> None:
    """To ask what a link keeps beside the database makes no file, and what was held for a copy is let go again."""
    harness = make()
    options = harness.configured()
    with TemporaryDirectory() as folder:
        kept = harness.connector_type.keeps(Path(folder), "link", options)
        made = [path.name for path in Path(folder).rglob("*")]
        expect(not made, f"asked what the link keeps, it made {made[:3]}")
        if not kept:
            raise Skip("such a link keeps nothing beside the database")
        for each in kept:
            expect(each.path, "something without a path is kept")
            for _ in range(2):
                try:
                    with each.hold():
                        pass
                except Exception as error:
                    fail(f"to hold {each.path} twice, one after the other, {described(error)}")


@should("Give an outcome whose reason says where the file lies, and what is to be done with it.")
def a_file_for_people_is_explained(make: MakeHarness) -> None:
    """A full answer that a person is to bring is told with the place where it lies."""
    harness = make()
    if not harness.connector_type.traits.by_file:
        raise Skip("no answers are brought by people")
    each = parcel(
        harness, replaces(people(harness, ours=True)), kind=ParcelKind.FULL, by_file=True, title=harness.peer.name
    )
    outcomes = deliver(harness.open(), each)
    expect(any(outcome.reason.strip() for outcome in outcomes), f"no outcome says where it lies: {outcomes[:3]}")


CHECKS = (
    a_story_changes_nothing,
    acknowledging_twice_is_once,
    acknowledging_says_what_it_cannot_reach,
    claims_change_nothing,
    shaping_answers_every_wish,
    shaping_keeps_addresses,
    shaping_comes_to_rest,
    back_types_are_registered,
    examining_changes_nothing,
    what_is_kept_can_be_held_again,
    a_file_for_people_is_explained,
)
