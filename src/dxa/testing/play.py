"""What checks of connectors have in common: hearing reports, making parcels, comparing entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dxa.connector import Connector, Holds, Outcome, Parcel, ParcelKind, Report, Result
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Transaction, Verb
from dxa.errors import TransportError
from dxa.ledger.answer import Step, full, number_steps
from dxa.testing.harness import ConnectorHarness
from dxa.testing.verdict import Skip, described, expect, fail

#: The number of the first transaction in a parcel: above 1, because an update builds on something.
FIRST = 11


def people(harness: ConnectorHarness, count: int = 3, *, ours: bool = False, start: int = 1) -> list[Entry]:
    """So many ordinary entries."""
    return [harness.entry(n, f"Person {n}", ours=ours) for n in range(start, start + count)]


def named(harness: ConnectorHarness, *, ours: bool = False) -> list[Entry]:
    """An entry for every difficult name."""
    return [harness.entry(n, name, ours=ours) for n, name in enumerate(harness.names, 1)]


# -- hearing -------------------------------------------------------------------------------------------------------


def hear(connector: Connector, since: Mapping[str, str] | None = None) -> list[Report]:
    """All reports, at once."""
    return list(connector.collect(since or {}))


def usable(reports: Iterable[Report]) -> list[Report]:
    """The reports that tell of a list."""
    return [report for report in reports if report.fault is None and not report.note and not report.ignored]


def told(reports: Iterable[Report]) -> list[Entry]:
    """The entries that the reports give, in their order."""
    return [t.new for report in usable(reports) for t in report.transactions if t.verb is not Verb.REPLACE and t.new]


def theirs(harness: ConnectorHarness) -> list[Entry]:
    """Those with a name of `people` that a new connector collects, each once, however many reports tell of it."""
    wanted = {entry.name for entry in people(harness)}
    return list({entry.name: entry for entry in told(hear(harness.open())) if entry.name in wanted}.values())


def rejects(reports: Iterable[Report]) -> list[str]:
    """The reasons for everything that could not be used."""
    found = list(reports)
    return [
        reject.reason for report in found for reject in [*report.rejects, *([report.fault] if report.fault else [])]
    ]


def claims_whole(report: Report) -> bool:
    """Whether a report says that nothing of it is missing, and that it would have noticed."""
    return report.complete and report.counted and (report.request is None or report.request.complete)


def nothing_left(harness: ConnectorHarness, what: str) -> None:
    """Fail when anything is collected still."""
    left = [report.receipt for report in hear(harness.open())]
    expect(not left, f"{what}, {left[:3]} are collected still")


# -- delivering ----------------------------------------------------------------------------------------------------


def writer(harness: ConnectorHarness) -> ConnectorHarness:
    """The harness, unless its connector writes nothing."""
    if not harness.connector_type.traits.writable:
        raise Skip("the connector writes nothing")
    return harness


def proven(harness: ConnectorHarness) -> ConnectorHarness:
    """The harness, unless its peers quote what they hold."""
    if harness.connector_type.traits.holds is not Holds.PROVEN:
        raise Skip("only of peers whose full read proves what they hold")
    return writer(harness)


def adds(entries: Iterable[Entry]) -> list[Step]:
    """An add for each entry."""
    return [Step(Verb.ADD, None, entry) for entry in entries]


def replaces(entries: Sequence[Entry]) -> list[Step]:
    """A full answer of these entries."""
    return full({(entry.type, entry.list) for entry in entries}, entries)


def parcel(harness: ConnectorHarness, steps: Sequence[Step], first: int = FIRST, **changed: Any) -> Parcel:
    """A parcel as dxa makes them: its id has the peer's name in it, its numbers follow each other."""
    changed.setdefault("id", f"{first:010d}-{harness.peer.name}")
    changed.setdefault("kind", ParcelKind.UPDATE)
    content = changed.setdefault("content", number_steps(steps, first, f"kit {changed['id']}"))
    if harness.connector_type.traits.holds is Holds.QUOTED:
        was = 0 if changed["kind"] is ParcelKind.FULL else first - 1
        last = content.last(changed.get("own", frozenset())) or first - 1
        changed.setdefault("reply", Reply(r=0, s=last, was=was, i=0))
    if harness.connector_type.traits.holds is Holds.QUEUED:
        last = content.last(changed.get("own", frozenset())) or first - 1
        changed.setdefault("request", Request(r=last, was=first - 1, s=0, i=0))
    return Parcel(peer=harness.peer, **changed)


def deliver(connector: Connector, *parcels: Parcel) -> list[Outcome]:
    """Deliver and settle, as dxa does before it counts on a delivery, and give what became of it."""
    outcomes = [outcome for each in parcels for outcome in connector.deliver(each)]
    connector.settle([])
    return outcomes


def fails(connector: Connector, each: Parcel) -> bool:
    """Deliver, and say whether it failed as it may: by `TransportError`, or by asking to try again."""
    try:
        return any(outcome.result is Result.RETRY for outcome in deliver(connector, each))
    except TransportError:
        return True
    except Exception as error:
        fail(f"deliver {described(error)}")


# -- comparing -----------------------------------------------------------------------------------------------------


def bare(entry: Entry) -> Entry:
    """The entry as people see it: without the key."""
    return entry._replace(key="")


def same_entries(expected: Iterable[Entry], actual: Iterable[Entry], what: str) -> None:
    """Fail with the difference unless both have the same entries equally often."""
    wanted = [*expected]
    want, have = Counter(map(bare, wanted)), Counter(map(bare, unanchored(wanted, actual)))
    lost, more = list((want - have).elements()), list((have - want).elements())
    rows = [
        *(f"missing {_shown(entry)}" for entry in lost[:3]),
        *(f"not expected {_shown(entry)}" for entry in more[:3]),
    ]
    expect(want == have, f"{what}: {len(lost)} missing, {len(more)} too many; {'; '.join(rows)}")


def unanchored(expected: Iterable[Entry], actual: Iterable[Entry]) -> Iterable[Entry]:
    """What came, without anchors where none are expected: what a system calls its entries, a harness may not know."""
    return actual if any(entry.anchor for entry in expected) else (entry._replace(anchor="") for entry in actual)


def same_names(expected: Iterable[Entry], actual: Iterable[Entry], what: str) -> None:
    """Fail with the difference unless both have the same names, whatever else there is of the entries."""
    want, have = {entry.name for entry in expected}, {entry.name for entry in actual}
    expect(want == have, f"{what}: missing {sorted(want - have)[:3]}, not expected {sorted(have - want)[:3]}")


def _shown(entry: Entry) -> str:
    fields = f" {dict(entry.fields)}" if entry.fields else ""
    anchor = f" anchored {entry.anchor!r}" if entry.anchor else ""
    return f"{entry.name!r} {entry.type}:{entry.address} in list {entry.list!r}{fields}{anchor}"


def same_reports(expected: Sequence[Report], actual: Sequence[Report], what: str) -> None:
    """Fail unless the reports are the same, in the same order."""
    receipts = [report.receipt for report in expected], [report.receipt for report in actual]
    expect(receipts[0] == receipts[1], f"{what}: first the receipts were {receipts[0]}, then {receipts[1]}")
    for one, other in zip(expected, actual, strict=True):
        expect(one == other, f"{what}: the report {one.receipt!r} has another content")


def sides(transaction: Transaction) -> list[Entry]:
    """The entries of a transaction that are entries of people."""
    if transaction.verb is Verb.REPLACE:
        return []
    return [entry for entry in (transaction.old, transaction.new) if entry is not None]
