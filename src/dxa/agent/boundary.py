"""What connectors give is looked at before anybody uses it: of the right kind, down to the texts of entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import chain
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from dxa.agent.context import LinkWork
from dxa.connector import Examiner, Fault, Outcome, Parcel, Report, Result
from dxa.entry import Entry, Reject, Transaction, Verb
from dxa.errors import DxaError, PluginError

_Kinds = type | tuple[type, ...]


def _kinds(annotation: Any) -> _Kinds:
    """Of what kind a value with this annotation is; for a frozen set any set will do."""
    if get_origin(annotation) is UnionType:
        return tuple(kind for each in get_args(annotation) if isinstance(kind := _kinds(each), type))
    kind = get_origin(annotation) or annotation
    return Set if kind is frozenset else kind


#: Of what kind each part of a report is, as `Report` says it.
_KINDS: Mapping[str, _Kinds] = {name: _kinds(annotation) for name, annotation in get_type_hints(Report).items()}
#: Numbers of the protocols have 32 bits, and no database takes more than 63.
_HIGHEST = 2**63 - 1


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


def faults(name: str, examiner: Examiner) -> Iterator[Fault]:
    """What a connector of that name says of its side; raises `PluginError` for what is no fault, and what it raises."""
    try:
        for fault in examiner.examine():
            if not _is_fault(fault):
                raise PluginError(name, f"examine has given {fault!r}, which is no fault")
            yield fault
    except DxaError:
        raise
    except Exception as error:  # of a connector in this process; what stands beside it is still looked at
        raise PluginError(name, f"examine raised {type(error).__name__}: {error}") from error


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
    for name, kind in _KINDS.items():
        if not isinstance(value := getattr(report, name), kind):
            return f"a report whose {name} is {value!r}, not {_named(kind)}"
    if not _are_pairs(tuple(report.lists)):
        return f"a report whose lists are {set(report.lists)!r}, not pairs of texts"
    if wrong := [each for each in (*report.marked, *(report.types or ())) if not isinstance(each, str)]:
        return f"a report with {wrong[0]!r} among its marked or types, which is no str"
    return (
        _wrong_items("transactions", report.transactions, Transaction)
        or _wrong_items("rejects", report.rejects, Reject)
        or _wrong_items("remarks", report.remarks, Reject)
        or _wrong_transactions(report.transactions)
    )


def _named(kind: _Kinds) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join("None" if each is NoneType else each.__name__ for each in kinds)


def _wrong_items(name: str, items: Sequence[Any], kind: type) -> str:
    wrong = next((item for item in items if not isinstance(item, kind)), None)
    return "" if wrong is None else f"a report with {wrong!r} among its {name}, which is no {kind.__name__.lower()}"


def _wrong_transactions(transactions: Sequence[Any]) -> str:
    """Columns are looked at as wholes: a report may have hundred thousands."""
    numbers = [t.number for t in transactions]
    if set(map(type, numbers)) - {int} or {type(t.verb) for t in transactions} - {Verb}:
        return "a transaction whose number or verb is of another kind"
    if numbers and not (min(numbers) >= 0 and max(numbers) <= _HIGHEST):
        return f"a transaction with the number {min(numbers) if min(numbers) < 0 else max(numbers)}"
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
