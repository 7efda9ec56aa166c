"""What connectors give is looked at before anybody uses it: of the right kind, down to the texts of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from dxa.agent.context import LinkWork
from dxa.connector import Examiner, Fault, Outcome, Parcel, Report, Result
from dxa.dirsync.messages import Reply, Request
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import DxaError, PluginError, worded
from dxa.host.kinds import kinds_of, shown, wrong_part

T = TypeVar("T")

_REPORT = kinds_of(Report)
_NUMBERS = {Request: kinds_of(Request), Reply: kinds_of(Reply)}
#: Numbers of the protocols have 32 bits, and no database takes more than 63.
_HIGHEST = 2**63 - 1
_DELETE, _MODIFY = Verb.DELETE, Verb.MODIFY


def reports(work: LinkWork, cursors: Mapping[str, str]) -> Iterator[Report]:
    """What waits on the link; raises `PluginError` for what is no report, and for what nobody expects to be raised."""
    name = work.link.connector.name
    for report in _given(name, "collect", lambda: work.connector.collect(cursors)):
        if problem := _wrong_report(report):
            raise PluginError(name, f"collect has given {problem}")
        yield _kept(report)


def outcomes(work: LinkWork, parcel: Parcel) -> Iterator[Outcome]:
    """What becomes of a parcel; raises `PluginError` likewise."""
    name = work.link.connector.name
    for outcome in _given(name, "deliver", lambda: work.connector.deliver(parcel)):
        if not _is_outcome(outcome):
            raise PluginError(name, f"deliver has given {shown(outcome)}, which is no outcome")
        yield outcome


def faults(name: str, examiner: Examiner) -> Iterator[Fault]:
    """What a connector of that name says of its side; raises `PluginError` likewise."""
    for fault in _given(name, "examine", examiner.examine):
        if not _is_fault(fault):
            raise PluginError(name, f"examine has given {shown(fault)}, which is no fault")
        yield fault


def _given(name: str, method: str, call: Callable[[], Iterable[T]]) -> Iterator[T]:
    """The values of a call; what a connector in this process raises is the plugin's error, as it is in its own."""
    try:
        yield from call()
    except DxaError:
        raise
    except Exception as error:
        raise PluginError(name, f"{method} raised {worded(error)}") from error


def _kept(report: Report) -> Report:
    """The report with lists of its own: a connector in this process may go on writing into those that it gave."""
    return attrs.evolve(
        report,
        transactions=tuple(report.transactions),
        rejects=tuple(report.rejects),
        remarks=tuple(report.remarks),
    )


def _is_fault(fault: Any) -> bool:
    return isinstance(fault, Fault) and _are_all([(fault.text, str), (fault.where, str)])


def _is_outcome(outcome: Any) -> bool:
    if not isinstance(outcome, Outcome):
        return False
    return _are_all([(outcome.result, Result), (outcome.key, str), (outcome.reason, str)])


def _are_all(parts: Sequence[tuple[Any, type]]) -> bool:
    return all(isinstance(value, kind) for value, kind in parts)


def _wrong_report(report: Any) -> str:
    """What is wrong with it, if anything is."""
    if not isinstance(report, Report):
        return f"a {type(report).__name__}, which is no report"
    if wrong := wrong_part(report, _REPORT):
        return f"a report whose {wrong}"
    if not _are_pairs(tuple(report.lists)):
        return f"a report whose lists are {shown(set(report.lists))}, not pairs of texts"
    if odd := [each for each in (*report.marked, *(report.types or ())) if not isinstance(each, str)]:
        return f"a report with {shown(odd[0])} among its marked or types, which is no str"
    rejects = [*report.rejects, *report.remarks, *([] if report.fault is None else [report.fault])]
    return (
        _wrong_numbers(report)
        or _wrong_items("transactions", report.transactions, Transaction)
        or _wrong_items("rejects, remarks or fault", rejects, Reject)
        or _wrong_transactions(report.transactions)
    )


def _wrong_numbers(report: Report) -> str:
    """What is wrong with the numbers that a message brings."""
    for name, value in (("request", report.request), ("reply", report.reply)):
        if value is not None and (wrong := wrong_part(value, _NUMBERS[type(value)])):
            return f"a report with a {name} whose {wrong}"
    return ""


def _wrong_items(name: str, items: Sequence[Any], kind: type[tuple[Any, ...]]) -> str:
    odd = [item for item in items if not isinstance(item, kind)]
    if odd:
        return f"a report with {shown(odd[0])} among its {name}, which is no {kind.__name__.lower()}"
    whole = _is_reject if kind is Reject else _is_whole
    odd = [item for item in items if not whole(item)]
    return f"a {kind.__name__.lower()} with parts of another kind: {shown(tuple(odd[0]))}" if odd else ""


def _is_whole(transaction: tuple[Any, ...]) -> bool:
    return len(transaction) == len(Transaction._fields)


def _is_reject(reject: tuple[Any, ...]) -> bool:
    if len(reject) != len(Reject._fields):
        return False
    number, line, raw, code, reason = reject
    return {type(number), type(line), type(code)} == {int} and _are_texts((raw, reason))


def _wrong_transactions(transactions: Sequence[Any]) -> str:
    """Columns are looked at as wholes: a report may have hundred thousands."""
    if not transactions:
        return ""
    numbers = [t.number for t in transactions]
    if set(map(type, numbers)) - {int} or {type(t.verb) for t in transactions} - {Verb}:
        return "a transaction whose number or verb is of another kind"
    if not (min(numbers) >= 0 and max(numbers) <= _HIGHEST):
        return f"a transaction with the number {min(numbers) if min(numbers) < 0 else max(numbers)}"
    sides = [side for t in transactions for side in (t.old, t.new) if side is not None]
    if odd := [side for side in sides if not isinstance(side, Entry)]:
        return f"a transaction about {shown(odd[0])}, which is no entry"
    if wrong := next(filter(_lacks_side, transactions), None):
        side = "new" if wrong.new is None and wrong.verb is not _DELETE else "old"
        return f"a transaction {wrong.verb.name} without its {side} entry"
    if not _are_texts([t.raw for t in transactions]):
        return "a transaction whose raw is no text"
    if set(map(len, sides)) - {len(Entry._fields)} or not _are_sound(sides):
        wrong = next(side for side in sides if len(side) != len(Entry._fields) or not _are_sound([side]))
        return f"an entry with what is neither text nor fields: {shown(tuple(wrong))}"
    return ""


def _lacks_side(transaction: Transaction) -> bool:
    if transaction.new is None and transaction.verb is not _DELETE:
        return True
    return transaction.old is None and (transaction.verb is _DELETE or transaction.verb is _MODIFY)


def _are_sound(sides: Sequence[Entry]) -> bool:
    """Whether all parts are of the right kind; sides have all parts, and there is one at least."""
    *texts, fields, anchors = zip(*sides, strict=True)
    return all(map(_are_texts, (*texts, anchors))) and all(type(each) is tuple and _are_pairs(each) for each in fields)


def _are_texts(column: Sequence[Any]) -> bool:
    return all(issubclass(kind, str) for kind in set(map(type, column)))


def _are_pairs(fields: tuple[Any, ...]) -> bool:
    return all(type(f) is tuple and len(f) == 2 and isinstance(f[0], str) and isinstance(f[1], str) for f in fields)
