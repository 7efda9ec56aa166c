"""Decoded records as tables: what `dxa dump` and `dxa messages show` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

#: Rows of one table; longer ones start anew, so that a large file shows something at once.
CHUNK = 200
#: Kinds of records that say that something is wrong.
BAD = frozenset({"reject", "error"})
BAD_TITLE = "Cannot be read"


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
            # Good ones and bad ones have different columns, too many for one line.
            for title, some in (("", [r for r in found if not is_bad(r)]), (BAD_TITLE, list(filter(is_bad, found)))):
                if some:
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
    return str(value)


def _counted(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    """Each record with the table it belongs to, or None."""
    number = 0
    for record in records:
        if "line" not in record and "number" not in record:
            yield None, record
            continue
        yield number // CHUNK, record
        number += 1


def _columns(records: list[Mapping[str, Any]]) -> list[str]:
    """The keys of these records that say something; numbers are marked as `dxa.cli.output.table` wants it."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    used = [key for key in keys if any(record.get(key) not in (None, "", [], {}, 0) for record in records)]
    if len({record.get("kind") for record in records}) == 1:
        used = [key for key in used if key != "kind"]
    return [f"#{key}" if all(isinstance(r.get(key, 0), int) for r in records) else key for key in used]
