"""Decoded records as tables: what `dxa dump` and `dxa messages show` print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

#: Rows of one table; longer ones start anew, so that a large file shows something at once.
CHUNK = 200
#: Kinds of records that say that something is wrong.
BAD = frozenset({"reject", "error"})
BAD_TITLE = "Cannot be read"

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}(?::[0-9]{2}Z)?)")


def is_bad(record: Mapping[str, Any]) -> bool:
    """Whether the record stands for something that could not be read."""
    return record.get("kind") in BAD


def show_records(records: Iterable[Mapping[str, Any]]) -> int:
    """Print records: those with a line as rows of a table, the others as lists; returns how many are bad."""
    from dxa.cli.output import pairs, say, table

    bad = 0
    for rows, part in groupby(_counted(records), key=lambda pair: pair[0]):
        found = [record for _, record in part]
        bad += sum(map(is_bad, found))
        if rows is not None:
            for title, some in _tables(found):
                columns = _columns(some)
                table(title, columns, [[text(r.get(c.removeprefix("#"))) for c in columns] for r in some])
        else:
            for record in found:
                say()
                pairs((name, text(value)) for name, value in record.items() if value not in (None, "", [], {}))
    return bad


def text(value: Any) -> str:
    """A value of a record in words."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {text(part)}" for name, part in value.items() if part not in (None, "", [], {}))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(text, value))
    time = _TIME.fullmatch(str(value))
    return f"{time[1]} {time[2]}" if time else str(value)


def _counted(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Each record with the table it belongs to, or None."""
    number = 0
    for record in records:
        if "line" not in record and "number" not in record:
            yield None, record
            continue
        yield number // CHUNK, record
        number += 1


def _tables(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The records by their kinds, those that are bad last: they differ in their columns, too many for one line."""
    good = [record for record in found if not is_bad(record)]
    kinds = list(dict.fromkeys(str(record.get("kind", "")) for record in good))
    for kind in kinds:
        yield kind if len(kinds) > 1 else "", [record for record in good if str(record.get("kind", "")) == kind]
    bad = [record for record in found if is_bad(record)]
    if bad:
        yield BAD_TITLE, bad


def _columns(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of these records that say something; numbers are marked as `dxa.cli.output.table` wants it."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    used = [key for key in keys if any(record.get(key) not in (None, "", [], {}, 0) for record in records)]
    if len({record.get("kind") for record in records}) == 1:
        used = [key for key in used if key != "kind"]
    return [f"#{key}" if all(isinstance(r.get(key, 0), int) for r in records) else key for key in used]
