"""Checks of `collect` and of what it gives `settle`: in which order, under which names, and without a side effect."""

from __future__ import annotations

from threading import Thread

from dxa.connector import Holds
from dxa.errors import DxaError
from dxa.testing.harness import ConnectorHarness, MakeHarness
from dxa.testing.play import hear, people, same_names, told, usable, writer
from dxa.testing.verdict import Skip, described, expect, fail, must, should


def _two(make: MakeHarness) -> ConnectorHarness:
    """A system whose peer has told a list of two, then one of three, as things that can be settled one by one."""
    harness = make()
    harness.say(people(harness, 2))
    harness.say(people(harness, 3))
    if len(usable(hear(harness.open()))) < 2:
        raise Skip("the system gives one report, however often it is told")
    return harness


@must("Take mail away in `settle` alone, never in a `finally` or `with` around the reports.")
def collecting_can_be_broken_off(make: MakeHarness) -> None:
    """When dxa stops in the middle of collecting, what it has not settled waits for the next run."""
    harness = _two(make)
    whole = hear(harness.open())
    connector = harness.open()
    reports = connector.collect({})
    next(iter(reports))
    close = getattr(reports, "close", None)
    if close is not None:
        close()
    del reports
    connector.settle([])

    left = hear(harness.open())
    expect(len(whole) == len(left), f"{len(whole)} reports waited, and {len(left)} after the first one had been read")


@must("Sort what waits by its numbers or times before the first report.")
def reports_come_oldest_first(make: MakeHarness) -> None:
    """What waits is collected oldest first: the last report says what holds."""
    harness = _two(make)
    if harness.connector_type.traits.holds is Holds.QUEUED:
        raise Skip("an answer brings all that older ones bring")
    reports = usable(hear(harness.open()))

    same_names(people(harness, 3), told(reports[-1:]), "in the last report")


@must("Make a receipt of the whole name or position of what waits.")
def receipts_name_one_report(make: MakeHarness) -> None:
    """No two reports have the same receipt, or settling one would take away another that is not committed."""
    harness = _two(make)
    receipts = [report.receipt for report in hear(harness.open()) if report.receipt]
    twice = sorted({receipt for receipt in receipts if receipts.count(receipt) > 1})

    expect(not twice, f"receipts of several reports: {twice[:3]}")


@must("Make `identity` of what the sender calls this very message; leave it empty where nothing tells two apart.")
def identities_name_one_message(make: MakeHarness) -> None:
    """Two messages with the same words have two identities: the second one would be settled unread otherwise."""
    harness = make()
    for _ in range(2):
        harness.say(people(harness))
    found = [report.identity for report in usable(hear(harness.open())) if report.identity]
    if not found:
        raise Skip("reports have no identity")

    expect(len(found) == len(set(found)), f"the same list was told twice, both times as {found[0]!r}")


@should("Put the bytes of the message or file into `raw`.")
def what_is_settled_can_be_looked_up(make: MakeHarness) -> None:
    """Of what is gone when it is settled the report keeps the bytes, for the archive is the only copy then."""
    harness = make()
    if not harness.consumes:
        raise Skip("nothing is taken away")
    harness.say(people(harness))
    bare = [report.receipt for report in usable(hear(harness.open())) if not report.raw]

    expect(not bare, f"without the bytes that they were made of: {bare[:3]}")


@must("Answer, forward and acknowledge nothing by yourself: dxa decides what a peer gets.")
def collecting_sends_nothing(make: MakeHarness) -> None:
    """Collecting and settling write nothing to the peer: no echo, no answer."""
    harness = writer(make())
    harness.say(people(harness))
    connector = harness.open()
    connector.settle([report.receipt for report in connector.collect({})])

    expect(not harness.delivered(), f"nothing was delivered, and the peer has {list(harness.delivered())[:3]}")


@must("Give what is there and end; dxa calls again when the link is due.")
def collecting_waits_for_nobody(make: MakeHarness) -> None:
    """Where nothing waits, collecting ends at once: it does not wait for something to come."""
    harness = make()
    raised: list[Exception] = []

    def collect() -> None:
        try:
            hear(harness.open())
        except DxaError:
            pass  # an empty system may be one that cannot be read
        except Exception as error:
            raised.append(error)

    thread = Thread(target=collect, daemon=True)
    thread.start()
    thread.join(harness.patience)
    expect(not thread.is_alive(), f"nothing waits, and collect has not ended after {harness.patience:g} seconds")
    for error in raised:
        fail(f"nothing waits, and collect {described(error)}")


CHECKS = (
    collecting_can_be_broken_off,
    reports_come_oldest_first,
    receipts_name_one_report,
    identities_name_one_message,
    what_is_settled_can_be_looked_up,
    collecting_sends_nothing,
    collecting_waits_for_nobody,
)
