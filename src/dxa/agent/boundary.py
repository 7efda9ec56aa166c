"""What connectors give is looked at before anybody uses it: of the right kind, down to the texts of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from dxa.agent.context import LinkWork
from dxa.connector import Outcome, Parcel, Report, Result
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import PluginError

_TEXTS = ("sender", "receipt", "origin", "reply_to", "password", "title", "identity", "cursor", "note", "ignored")
_KINDS: Mapping[str, type] = dict.fromkeys(_TEXTS, str) | {"raw": bytes, "complete": bool, "lists": frozenset}


def reports(work: LinkWork, cursors: Mapping[str, str]) -> Iterator[Report]:
    """What waits on the link; raises `PluginError` for what is no report."""
    for report in work.connector.collect(cursors):
        if problem := _wrong_report(report):
            raise PluginError(work.link.connector.name, f"collect has given {problem}")
        yield report


def outcomes(work: LinkWork, parcel: Parcel) -> Iterator[Outcome]:
    """What becomes of a parcel; raises `PluginError` for what is no outcome."""
    for outcome in work.connector.deliver(parcel):
        if not _is_outcome(outcome):
            raise PluginError(work.link.connector.name, f"deliver has given {outcome!r}, which is no outcome")
        yield outcome


def _is_outcome(outcome: Any) -> bool:
    whole: list[tuple[Any, type]] = [(outcome, Outcome), (getattr(outcome, "result", None), Result)]
    return all(isinstance(value, kind) for value, kind in [*whole, (getattr(outcome, "key", None), str)])


def _wrong_report(report: Any) -> str:
    """What is wrong with it, if anything is."""
    if not isinstance(report, Report):
        return f"a {type(report).__name__}, which is no report"
    for name, kind in _KINDS.items():
        if not isinstance(value := getattr(report, name), kind):
            return f"a report whose {name} is {value!r}, not {kind.__name__}"
    return (
        _wrong_items("transactions", report.transactions, Transaction)
        or _wrong_items("rejects", report.rejects, Reject)
        or _wrong_items("remarks", report.remarks, Reject)
        or _wrong_transactions(report.transactions)
    )


def _wrong_items(name: str, items: Sequence[Any], kind: type) -> str:
    wrong = next((item for item in items if not isinstance(item, kind)), None)
    return "" if wrong is None else f"a report with {wrong!r} among its {name}, which is no {kind.__name__.lower()}"


def _wrong_transactions(transactions: Sequence[Any]) -> str:
    """Columns are looked at as wholes: a report may have hundred thousands."""
    if set(map(type, (t.number for t in transactions))) - {int} or {type(t.verb) for t in transactions} - {Verb}:
        return "a transaction whose number or verb is of another kind"
    sides = [side for t in transactions for side in (t.old, t.new) if side is not None]
    if wrong := next((side for side in sides if not isinstance(side, Entry)), None):
        return f"a transaction about {wrong!r}, which is no entry"
    if set(map(type, chain.from_iterable(sides))) - {str, tuple} or not all(map(_is_sound, sides)):
        return f"an entry with what is neither text nor fields: {next(s for s in sides if not _is_whole(s))!r}"
    return ""


def _is_sound(side: Entry) -> bool:
    return type(side.fields) is tuple and (not side.fields or _are_pairs(side.fields))


def _is_whole(side: Entry) -> bool:
    return all(isinstance(part, str) for part in (*side[:5], *side[6:])) and _is_sound(side)


def _are_pairs(fields: tuple[Any, ...]) -> bool:
    return all(type(f) is tuple and len(f) == 2 and type(f[0]) is str and type(f[1]) is str for f in fields)
