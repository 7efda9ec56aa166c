"""Checks of how a connector behaves as a guest in dxa: what it says of itself, and what it leaves behind."""

from __future__ import annotations

import copy
import gc
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import attrs

from dxa.connector import Feed, Holds
from dxa.errors import DxaError
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import adds, deliver, hear, parcel, people, usable
from dxa.testing.verdict import Skip, expect, may, must, should


@must("Correct the traits: they decide how dxa keeps track of the peers.")
def traits_are_consistent(make: MakeHarness) -> None:
    """The traits name registered address types and fit each other."""
    harness = make()
    kind = harness.connector_type
    traits = kind.traits
    plain = re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", kind.name)
    expect(plain, f"the connector's name {kind.name!r} cannot be a key of a configuration")
    expect(traits.types, "a connector has at least one address type")
    for name in traits.types:
        known = name in harness.types and harness.types.get(name).name == name
        expect(known, f"{name!r} is not the canonical name of a registered address type")
    expect(traits.feeds, "a peer tells its full list, changes, or both")
    quoted = traits.holds is Holds.QUOTED
    expect(quoted or not traits.many_peers, "many_peers without QUOTED: a full read proves what one peer holds")
    expect(quoted or Feed.FULL in traits.feeds, "PROVEN without FULL: only a full read proves anything")
    expect(traits.transaction_bytes > 0, f"a transaction takes {traits.transaction_bytes} bytes")


@must("Return a frozenset of (canonical type, list in folded case).")
def site_lists_are_list_keys(make: MakeHarness) -> None:
    """The lists in which the site stands are named as list keys."""
    harness = make()
    for type_, list_ in harness.connector_type.site_lists(("Lab", "Berlin"), harness.configured()):
        expect(type_ in harness.types, f"{type_!r} is no registered address type")
        expect(list_ == list_.casefold(), f"the list {list_!r} is not in folded case")


@should('Add `metadata={"doc": "…"}` to the attribute; the reference of the configuration is made of them.')
def options_are_documented(make: MakeHarness) -> None:
    """Options are attrs classes, and every option says what it is for."""
    kind = make().connector_type
    for options in (kind.options, kind.peer_options):
        expect(attrs.has(options), f"{options.__name__} is no attrs class")
        for field in attrs.fields(options):
            expect(field.metadata.get("doc"), f"{options.__name__}.{field.name} has no doc")


@should("Keep in `raw` the text of the whole record, as `parse` reads it.")
def raw_records_can_be_read_again(make: MakeHarness) -> None:
    """What `raw` keeps of a record gives the same transaction when it is parsed, and rubbish gives a DxaError."""
    harness = make()
    parse = harness.connector_type.parse
    if parse is None:
        raise Skip("the connector has no `parse`")
    harness.say(people(harness))
    for report in usable(hear(harness.open())):
        for transaction in report.transactions:
            if transaction.raw:
                again = [(t.verb, t.old, t.new) for t in parse(transaction.raw, harness.types)]
                same = again == [(transaction.verb, transaction.old, transaction.new)]
                expect(same, f"{transaction.raw!r} was {transaction.verb.name} {transaction.new}, and is {again}")
    for rubbish in ("", "\x00", "no record at all", "\ud800"):
        try:
            parse(rubbish, harness.types)
        except DxaError:
            continue


@must("Copy before you change: dxa shares these values between peers and writes them down afterwards.")
def nothing_given_is_changed(make: MakeHarness) -> None:
    """The connector does not change what it is given: cursors, receipts, the parcel, the options of its peer."""
    harness = make()
    harness.say(people(harness))
    connector = harness.open()
    since = {harness.peer.name: "7"}
    receipts = [report.receipt for report in connector.collect(since)]
    given = list(receipts)
    connector.settle(given)
    expect(since == {harness.peer.name: "7"}, f"the cursors became {since}")
    expect(given == receipts, f"the receipts became {given}")
    if harness.connector_type.traits.writable:
        each = parcel(harness, adds(people(harness, ours=True)))
        before = copy.deepcopy(each)
        deliver(connector, each)
        expect(before == each, "the parcel is another one after its delivery")


def use(harness: ConnectorHarness) -> None:
    """A whole run, and one that is broken off."""
    for _ in range(2):
        harness.say(people(harness))
    next(iter(harness.open().collect({})), None)
    connector = harness.open()
    receipts = [report.receipt for report in connector.collect({})]
    if harness.connector_type.traits.writable:
        deliver(connector, parcel(harness, adds(people(harness, ours=True))))
    connector.settle(receipts)


@must("Open files, sockets and databases in a `with` block, inside the call that needs them.")
def handles_are_closed(make: MakeHarness) -> None:
    """Everything that was opened is closed, also when collecting is broken off."""
    harness = make()
    gc.collect()
    before = descriptors()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        use(harness)
        gc.collect()
    more = descriptors() - before
    left = [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)]
    expect(not left, f"left open: {'; '.join(left[:3])}")
    expect(not more, f"left open: {'; '.join(sorted(more)[:3])}")


def descriptors() -> set[str]:
    """The open files, sockets and pipes of this process, where the system shows them."""
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return set()
    found = set()
    for each in folder.iterdir():
        with suppress(OSError):  # that of the listing itself
            found.add(f"{each.name} {each.readlink()}")
    return {text for text in found if "/proc/" not in text}


@may("Use `context.now()`; a test, a simulation and a rehearsal give their own time.")
def time_comes_from_the_context(make: MakeHarness) -> None:
    """Nothing is read from the clock except through the context's `now`."""
    harness = make()
    with _clock_reads() as reads:
        use(harness)
    expect(not reads, f"the clock was read by {', '.join(sorted(reads))}")


@contextmanager
def _clock_reads() -> Iterator[set[str]]:
    """Whoever reads the clock meanwhile, as ``module:line``; the standard library may do so for itself."""
    reads: set[str] = set()

    def watch(frame: FrameType, event: str, function: Any) -> None:
        if event == "c_call" and _is_clock(function):
            module = str(frame.f_globals.get("__name__", "?"))
            if module.split(".")[0] not in sys.stdlib_module_names:
                reads.add(f"{module}:{frame.f_lineno}")

    outer = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield reads
    finally:
        sys.setprofile(outer)


def _is_clock(function: Callable[..., object]) -> bool:
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(owner, type):
        return issubclass(owner, date) and name in ("now", "utcnow", "today")
    return getattr(owner, "__name__", "") == "time" and name in ("time", "time_ns")


CHECKS = (
    traits_are_consistent,
    site_lists_are_list_keys,
    options_are_documented,
    raw_records_can_be_read_again,
    nothing_given_is_changed,
    handles_are_closed,
    time_comes_from_the_context,
)
