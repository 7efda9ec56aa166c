"""Checks of `collect` and `settle`: nothing is lost between what waits and what has been committed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from dxa.errors import TransportError
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import claims_whole, hear, nothing_left, people, rejects, same_entries, same_reports, told, usable
from dxa.testing.verdict import Skip, described, expect, fail, must, should

#: A transport that fails at its n-th use is tried for n up to this.
USES = 40
#: How much is said to see whether it is read bit by bit.
MANY_REPORTS, MANY_ENTRIES = 20, 30


def _said(make: MakeHarness, times: int = 1) -> ConnectorHarness:
    """A system whose peer has told a list, once or several times."""
    harness = make()
    for time in range(times):
        harness.say(people(harness, 2 + time))
    return harness


def _several(make: MakeHarness) -> ConnectorHarness:
    """A system with at least two reports that can be settled one by one."""
    harness = _said(make, 3)
    if not harness.consumes:
        raise Skip("every collect reads the system anew; settling takes nothing away")
    expect(len(hear(harness.open())) > 1, "the peer has told its list three times and fewer than two reports came")
    return harness


@must("Read without moving, renaming, marking or deleting anything; only `settle` may do that.")
def collect_removes_nothing(make: MakeHarness) -> None:
    """Collecting removes nothing: what has been collected and not settled is collected again, also by a new process."""
    harness = _said(make, 2)
    first = hear(harness.open())

    expect(first, "the peer has told its list and no report came")
    for _ in range(2):
        again = hear(harness.open())
        expect(len(again) >= len(first), f"{len(first)} report(s) at first, {len(again)} when collected again")
        same_entries(told(first), told(again), "collected again")


@must("Make the receipt from what waits (a file's name, a position), not from a counter, a clock or a random number.")
def collected_again_is_the_same(make: MakeHarness) -> None:
    """A report with the same receipt may be collected again until it is settled, and then has the same content."""
    harness = _said(make, 2)
    connector = harness.open()
    first = hear(connector)

    same_reports(first, hear(connector), "collected again by the same connector")
    same_reports(first, hear(harness.open()), "collected again by a new connector")


@must("Remove only what the receipts name.")
def settle_takes_exactly_these(make: MakeHarness) -> None:
    """Settling takes away what these receipts stand for, and nothing else."""
    harness = _several(make)
    connector = harness.open()
    reports = hear(connector)
    gone = reports[0].receipt
    connector.settle([gone])

    same_reports([r for r in reports if r.receipt != gone], hear(harness.open()), "after the first one was settled")
    connector.settle([report.receipt for report in reports])
    nothing_left(harness, "after all were settled")


@must("Keep the system's own list: settling is about messages and files, not about entries.")
def settle_changes_no_list(make: MakeHarness) -> None:
    """Where every collect reads the system anew, settling changes nothing in it."""
    harness = _said(make)
    if harness.consumes:
        raise Skip("what is settled is gone")
    connector = harness.open()
    reports = hear(connector)
    connector.settle([report.receipt for report in reports])

    same_entries(told(reports), told(hear(harness.open())), "after settling")


@must("Let a receipt that is gone already, that nobody knows or that is empty pass without an error.")
def settle_is_repeatable(make: MakeHarness) -> None:
    """Settling is repeatable: the same receipts, those of an earlier process and empty ones do no harm."""
    harness = _said(make, 2)
    connector = harness.open()
    receipts = [report.receipt for report in hear(connector)]
    for each in (connector, connector, harness.open()):
        try:
            each.settle([*receipts, ""])
            each.settle([])
        except Exception as error:
            fail(f"settle {described(error)}")


@must("Decide what there is to collect before the first report, or look for each next one in what is left.")
def settle_while_collecting(make: MakeHarness) -> None:
    """What is settled while the rest is being collected does not disturb the rest: dxa commits in batches."""
    harness = _several(make)
    expected = told(hear(harness.open()))
    connector = harness.open()
    heard = []
    for report in connector.collect({}):
        heard.append(report)
        connector.settle([report.receipt])

    same_entries(expected, told(heard), "with each report settled at once")
    nothing_left(harness, "settled one by one")


@must("Catch what the file system, socket or library raises, and raise `TransportError` with its reason.")
def collect_says_what_it_cannot_reach(make: MakeHarness) -> None:
    """What cannot be reached now raises TransportError or is a report with a fault; silence would be an empty list."""
    harness = _said(make)
    harness.fail()
    try:
        reports = hear(harness.open())
    except TransportError:
        return
    except Exception as error:
        fail(f"collect {described(error)}")
    else:
        expect(rejects(reports), "the system cannot be reached, and collect said nothing of it")
        expect(not told(reports), "the system cannot be reached, and entries came all the same")


@must("A read that breaks off is incomplete: raise, or give the report with `complete=False`.")
def a_broken_read_is_not_complete(make: MakeHarness) -> None:
    """A list of which only a part could be read is never told as the complete list."""
    whole = _said(make)
    expected = told(hear(whole.open()))
    for after in range(USES):
        harness = _said(make)
        harness.fail(after)
        try:
            reports = hear(harness.open())
        except TransportError:
            continue
        except Exception as error:
            fail(f"failing at use {after + 1}, collect {described(error)}")
        if rejects(reports):
            continue
        where = f"the transport failed at use {after + 1}"
        expect(reports, f"{where} and collect said nothing")
        if all(map(claims_whole, usable(reports))):
            same_entries(expected, told(reports), f"{where} and the list was told as complete")
            return


@must("Raise `TransportError` from `settle`, and take away in the next run what could not be taken away in this one.")
def a_broken_settle_can_be_repeated(make: MakeHarness) -> None:
    """Settling that fails raises TransportError and can be done again."""
    for after in range(USES):
        harness = _several(make)
        connector = harness.open()
        receipts = [report.receipt for report in hear(connector)]
        harness.fail(after)
        failed = False
        try:
            connector.settle(receipts)
        except TransportError:
            failed = True
        except Exception as error:
            fail(f"failing at use {after + 1}, settle {described(error)}")
        harness.heal()
        connector.settle(receipts)
        nothing_left(harness, f"settling failed at use {after + 1} and was repeated")
        if not failed:
            return


@should("Write `collect` as a generator that reads the next thing when it is asked for it.")
def collect_is_lazy(make: MakeHarness) -> None:
    """Collect is lazy: a thousand waiting messages are not held in memory together."""
    harness = make()
    for _ in range(MANY_REPORTS):
        harness.say(people(harness, MANY_ENTRIES))
    reports = harness.open().collect({})
    expect(isinstance(reports, Iterator), f"collect gives a {type(reports).__name__}, not an iterator")
    if sum(1 for _ in reports) < MANY_REPORTS:
        raise Skip("the system gives one report, however often it is told")
    streamed, held = _peak(harness, keep=False), _peak(harness, keep=True)

    expect(streamed < held / 2, f"reading one by one takes {streamed} bytes at its peak, all at once {held}")


def _peak(harness: ConnectorHarness, *, keep: bool) -> int:
    """The memory that collecting takes at its peak, with all reports kept or each one forgotten."""
    connector = harness.open()
    outer = tracemalloc.is_tracing()
    if not outer:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        kept = [report for report in connector.collect({}) if keep]
        peak = tracemalloc.get_traced_memory()[1] - before
        kept.clear()
    finally:
        if not outer:
            tracemalloc.stop()
    return peak


CHECKS = (
    collect_removes_nothing,
    collected_again_is_the_same,
    settle_takes_exactly_these,
    settle_changes_no_list,
    settle_is_repeatable,
    settle_while_collecting,
    collect_says_what_it_cannot_reach,
    a_broken_read_is_not_complete,
    a_broken_settle_can_be_repeated,
    collect_is_lazy,
)
