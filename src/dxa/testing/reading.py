"""Checks of what reports say: entries as they are written, lists that are named, ends that are not missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

from dxa.address import Address, AddressTypes
from dxa.connector import Feed, Report
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import TransportError
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import (
    bare,
    claims_whole,
    hear,
    named,
    nothing_left,
    people,
    rejects,
    same_entries,
    sides,
    told,
    usable,
)
from dxa.testing.verdict import Skip, described, expect, fail, must, should

#: A small input is cut at every byte, a larger one at so many places and at so many more before its end.
EVERY, SAMPLED, TAIL = 300, 150, 100
#: The longest look at damaged input.
DAMAGED = 120


def _read(make: MakeHarness) -> tuple[ConnectorHarness, list[Report]]:
    harness = make()
    harness.say(named(harness))
    reports = hear(harness.open())
    expect(told(reports), f"the peer has told a list and no entry came; {'; '.join(rejects(reports)) or 'no reason'}")
    return harness, reports


@must("Write and read names by one codec, with quoting or escapes for its separators; never cut, strip or fold them.")
def entries_survive_being_told(make: MakeHarness) -> None:
    """Entries come as the peer wrote them: separators, quotes, accents and names of full length survive."""
    harness, reports = _read(make)
    same_entries(named(harness), told(reports), "told and collected")


@must("Make the key from what identifies the entry in its own system, folded; not from its place or its name.")
def keys_are_stable_and_unique(make: MakeHarness) -> None:
    """A key identifies one entry inside its peer, in every report and under every name."""
    harness, reports = _read(make)
    keys = [entry.key for entry in told(reports)]
    twice = {key for key in keys if keys.count(key) > 1}
    expect(not twice, f"{sorted(twice)[:3]} are keys of several entries")

    other = make()
    called = harness.connector_type.traits.names_are_addresses
    names = dict(enumerate(harness.names if called else (f"Renamed {n}" for n, _ in enumerate(harness.names, 1)), 1))
    other.say([other.entry(n, names[n]) for n in reversed(names)])
    renamed = {entry.address: entry.key for entry in told(hear(other.open()))}
    for entry in told(reports):
        key = renamed.get(entry.address)
        expect(
            key == entry.key, f"the key {entry.key!r} became {key!r} when the entry was renamed and moved in its list"
        )


@should("Use `context.types.key(Address(type, address))`, unless the system has an identity of its own.")
def keys_are_those_of_addresses(make: MakeHarness) -> None:
    """Keys are mostly the folded native address, as AddressTypes.key makes it."""
    harness, reports = _read(make)
    for entry in told(reports):
        key = harness.types.key(Address(entry.type, entry.address))
        expect(key == entry.key, f"the key of {entry.type}:{entry.address} is {entry.key!r}, not {key!r}")


@must("Pass every address through `context.types.parse` and take type, list and value from what it gives.")
def entries_are_canonical(make: MakeHarness) -> None:
    """Entries have the canonical type, the checked address and the list that the address stands in."""
    harness, reports = _read(make)
    for report in usable(reports):
        for transaction in report.transactions:
            for entry in sides(transaction):
                if entry.address:
                    _canonical(harness.types, entry)


def _canonical(types: AddressTypes, entry: Entry) -> None:
    expect(entry.type in types and types.get(entry.type).name == entry.type, f"{entry.type!r} is no canonical type")
    kind = types.get(entry.type)
    checked, list_ = kind.check(entry.address), kind.list_of(entry.address)
    expect(checked == entry.address, f"the address {entry.address!r} is not checked: it would be {checked!r}")
    expect(list_ == entry.list, f"{entry.address!r} stands in list {list_!r}, not {entry.list!r}")


@must("Give an add its `new`, a delete its `old`, a modify both; number transactions upwards or not at all.")
def reports_are_well_formed(make: MakeHarness) -> None:
    """A report names its sender; its transactions have the sides that their verb needs, and ascending numbers."""
    harness, reports = _read(make)
    for report in usable(reports):
        same = report.sender.casefold() == harness.peer.name.casefold()
        expect(same, f"the sender is {report.sender!r}, not {harness.peer.name!r}")
        for transaction in report.transactions:
            _well_formed(transaction)
        numbers = [t.number for t in report.transactions if t.number]
        expect(numbers == sorted(set(numbers)), f"the numbers do not ascend: {numbers[:5]}")
        request = report.request
        if request is not None:
            expect(request.was <= request.r, f"R={request.r} (was {request.was}) goes backwards")
            expect(request.complete == report.complete, "the report and its request differ about being complete")


_SIDES = {Verb.ADD: (False, True), Verb.DELETE: (True, False), Verb.MODIFY: (True, True), Verb.REPLACE: (False, True)}


def _well_formed(transaction: Transaction) -> None:
    old, new = _SIDES[transaction.verb]
    right = (transaction.old is not None or not old) and (transaction.new is not None) == new
    expect(right, f"a transaction {transaction.verb.name} with old={transaction.old} and new={transaction.new}")


@must("Put every list that a full report covers into `lists` (the list in folded case), also when it is empty now.")
def a_full_report_names_its_lists(make: MakeHarness) -> None:
    """A full report names the lists that it covers or replaces them; an empty list is told as an empty list."""
    harness = make()
    if Feed.FULL not in harness.connector_type.traits.feeds:
        raise Skip("the peers tell changes only")
    harness.say(people(harness))
    reports = usable(hear(harness.open()))
    covered = set().union(*map(_covered, reports))
    for type_, list_ in covered:
        expect(not type_ or type_ in harness.types, f"{type_!r} is no registered address type")
        expect(list_ == list_.casefold(), f"the list {list_!r} is not in folded case")
    for entry in told(reports):
        where = entry.type, entry.list.casefold()
        expect(
            where in covered or ("", "") in covered,
            f"{where} is told in full and not named; named are {sorted(covered)}",
        )

    harness = make()
    harness.say(people(harness))
    harness.say([])
    last = usable(hear(harness.open()))[-1:]
    expect(last and _covered(last[0]), "the peer's list is empty now, and no report says so")


def _covered(report: Report) -> set[tuple[str, str]]:
    replaced = [t.new for t in report.transactions if t.verb is Verb.REPLACE and t.new]
    return {*report.lists, *((entry.type, entry.list.casefold()) for entry in replaced)}


@must("Compare the cursor with what you issued; one that you do not know means the full list.")
def an_unknown_cursor_means_everything(make: MakeHarness) -> None:
    """A cursor that the connector did not issue means: everything, from the beginning."""
    for cursor in ("", "no such cursor", "999999999", "-1"):
        harness = make()
        harness.say(people(harness))
        try:
            entries = told(hear(harness.open(), {harness.peer.name: cursor}))
        except Exception as error:
            fail(f"with the cursor {cursor!r}, collect {described(error)}")
        same_entries(people(harness), entries, f"with the cursor {cursor!r}")


# -- input that is not whole ---------------------------------------------------------------------------------------


def _places(size: int) -> Iterator[int]:
    if size <= EVERY:
        yield from range(size)
        return
    yield from sorted({*range(0, size - TAIL, max(1, size // SAMPLED)), *range(size - TAIL, size)})


def _cuts(make: MakeHarness) -> Iterator[tuple[str, list[Report], list[Entry]]]:
    """The reports of a list that was cut, at one place after the other, beside the entries of the whole."""
    harness = make()
    harness.say(people(harness))
    whole = told(hear(harness.open()))
    size = harness.size()
    for at in _places(size):
        harness = make()
        harness.say(people(harness))
        harness.truncate(at)
        try:
            reports = hear(harness.open())
        except TransportError:
            continue
        except Exception as error:
            fail(f"cut at {at} of {size}, collect {described(error)}")
        yield f"cut at {at} of {size}", reports, whole


@must("Look for the end (a count, a length, a trailer): without it `complete=False`, if it has none `counted=False`.")
def truncated_input_is_not_complete(make: MakeHarness) -> None:
    """Input whose end is missing is never told as complete, unless the report says that its end is not counted."""
    for where, reports, whole in _cuts(make):
        if all(map(claims_whole, usable(reports))) and usable(reports):
            same_entries(whole, told(reports), f"{where} and told as complete")


@must("Use a record only when you have seen where it ends.")
def truncated_input_invents_nothing(make: MakeHarness) -> None:
    """Input whose end is missing gives no entry that its sender did not write."""
    for where, reports, whole in _cuts(make):
        known = set(map(bare, whole))
        invented = [entry for entry in map(bare, told(reports)) if entry not in known]
        expect(not invented, f"{where}, these came: {invented[:3]}")


@must("Catch what a record raises at that record, keep it in `rejects` with its raw form and reason, and go on.")
def a_bad_record_hides_no_other(make: MakeHarness) -> None:
    """A record that cannot be used is a reject with a reason, and does not hide the others."""
    harness = make()
    entries = people(harness)
    harness.say(entries, spoiled={1})
    reports = hear(harness.open())

    same_entries([entries[0], entries[2]], told(reports), "with the second of three records spoiled")
    expect(any(map(str.strip, rejects(reports))), "the record that cannot be used is nowhere, not even as a reject")


def _rubbish() -> Iterable[bytes]:
    random = Random(0)
    yield from (b"", b"\x00", b"\n", b"\xff\xfe\x00", b"PK\x03\x04", b"<html></html>\r\n", b"\x1a" * 300)
    yield from (random.randbytes(size) for size in (1, 30, 700))


@must("Give a message or file that nobody can read as a report with a `fault`; let it be settled like any other.")
def rubbish_hides_nothing(make: MakeHarness) -> None:
    """A message or file that cannot be read is a report with a fault or no report, and what follows it still comes."""
    for data in _rubbish():
        harness = make()
        harness.drop(data)
        harness.say(people(harness))
        what = f"after the bytes {data[:20]!r}"
        try:
            reports = hear(harness.open())
        except Exception as error:
            fail(f"{what}, collect {described(error)}")
        same_entries(people(harness), told(reports), what)
        connector = harness.open()
        connector.settle([report.receipt for report in connector.collect({})])
        if harness.consumes:
            nothing_left(harness, f"{what} and settled")


@must("Expect anything in input: decode with an error handler, check lengths, turn every error into a fault.")
def damaged_input_raises_nothing(make: MakeHarness) -> None:
    """Input with a byte changed is read, rejected or a fault; collecting goes on, whatever it holds."""
    harness = make()
    harness.say(people(harness))
    data = harness.waiting()
    for at in range(0, len(data), max(1, len(data) // DAMAGED)):
        for byte in (b"\x00", b"\xff", b"9", b"\n"):
            harness = make()
            harness.say(people(harness))
            harness.replace_waiting(data[:at] + byte + data[at + 1 :])
            try:
                hear(harness.open())
            except TransportError:
                continue
            except Exception as error:
                fail(f"with {byte!r} at {at} of {len(data)}, collect {described(error)}")


CHECKS = (
    entries_survive_being_told,
    keys_are_stable_and_unique,
    keys_are_those_of_addresses,
    entries_are_canonical,
    reports_are_well_formed,
    a_full_report_names_its_lists,
    an_unknown_cursor_means_everything,
    truncated_input_is_not_complete,
    truncated_input_invents_nothing,
    a_bad_record_hides_no_other,
    rubbish_hides_nothing,
    damaged_input_raises_nothing,
)
