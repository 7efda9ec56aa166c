"""Transactions as columns: hundred thousands of small values go through the pipe as a few large ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, repeat
from typing import Any, NamedTuple

from dxa.bulk import made, shared
from dxa.entry import Entry, Transaction

#: What stands between the texts of a column that goes as one; where a text has it, they go one by one.
BETWEEN = "\0"


class Sides(NamedTuple):
    """A column of entries; `there` says where one is, None means everywhere. Entries have `fields` or none of them."""

    there: Sequence[bool] | None
    texts: tuple[str | list[str], ...]
    fields: list[Any] | None


class Table(NamedTuple):
    """Transactions, column by column."""

    numbers: list[Any]
    verbs: list[Any]
    old: Sides
    new: Sides
    raw: str | list[str]


def to_table(rows: Sequence[Transaction]) -> Table | Sequence[Transaction]:
    """The columns of transactions; what are none, or has what is no text where a text should be, stays as it is."""
    if not isinstance(rows, (list, tuple)) or not rows or any(type(row) is not Transaction for row in rows):
        return rows
    try:
        numbers, verbs, old, new, raw = zip(*rows, strict=True)
        return Table(list(numbers), list(verbs), _sides(old), _sides(new), _texts(raw))
    except (TypeError, ValueError):  # what it gave is looked at by the agent, who knows what to say
        return rows


def from_table(table: Table | Sequence[Transaction]) -> Sequence[Transaction]:
    """The transactions again."""
    if not isinstance(table, Table):
        return table
    count = len(table.numbers)
    columns = (_entries(table.old, count), _entries(table.new, count), _each(table.raw))
    return list(made(Transaction, table.numbers, table.verbs, *columns))


def _sides(column: Sequence[Entry | None]) -> Sides:
    there = [entry is not None for entry in column]
    entries = list(compress(column, there))
    if any(type(entry) is not Entry for entry in entries):
        raise TypeError("no entries")
    if not entries:
        return Sides(there, (), None)
    *texts, fields, anchors = zip(*entries, strict=True)
    told = any(each != () for each in fields)
    return Sides(None if all(there) else there, tuple(map(_texts, [*texts, anchors])), list(fields) if told else None)


def _entries(sides: Sides, count: int) -> Iterable[Entry | None]:
    if not sides.texts:
        return repeat(None, count)
    key, type_, list_, name, address, anchor = map(_each, sides.texts)
    fields = repeat(()) if sides.fields is None else sides.fields
    entries = made(Entry, key, shared(type_), shared(list_), name, address, fields, anchor)
    if sides.there is None:
        return entries
    return [next(entries) if there else None for there in sides.there]


def _texts(column: Sequence[str]) -> str | list[str]:
    joined = BETWEEN.join(column)  # raises TypeError
    whole = joined.count(BETWEEN) == len(column) - 1
    return joined if whole else list(column)


def _each(texts: str | list[str]) -> list[str]:
    return texts.split(BETWEEN) if isinstance(texts, str) else texts
