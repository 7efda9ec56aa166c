"""What an import refuses before it touches an object, and what it builds itself (KB Q146304, Q155589, Q146293)."""

from __future__ import annotations

from collections.abc import Iterator

from dxa_exchange.directory import Bad, Record, Value
from dxa_exchange.table55 import columns
from dxa_exchange.table55.columns import COLUMNS, MAILBOX, REMOTE, Column, Columns
from dxa_exchange.table55.events import Event, advice
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.values import SERVER, is_delete, primary_type, removed

#: The longest type of an address.
TYPE_LENGTH = 8
#: What a new object of a class must have, with the event when it has not.
_REQUIRED = {MAILBOX: ((columns.HOME_SERVER, Event.HOME_SERVER),), REMOTE: ((columns.TARGET, Event.NONE),)}


def problems(line: Line, *, new: bool, table: Columns = COLUMNS) -> Iterator[Bad]:
    """Why a line is refused; nothing when it is not.

    Args:
        new: the object is not there yet.
    """
    cells = {table.get(name).header: (name, values) for name, values in line.record.attributes.items()}
    if line.mode is Mode.DELETE:
        return
    for name, values in cells.values():
        column = table.get(name)
        if not column.importable and column.header == columns.MEMBER_OF and values:
            yield _bad(line, name, "can be exported only", Event.READ_ONLY)
        if column.addresses:
            yield from _addresses(line, name, values, column)
    if new or line.mode is Mode.CREATE:
        for name, event in _REQUIRED.get(line.kind, ()):
            if not cells.get(name, ("", []))[1]:
                yield _bad(line, name, f"a new object of class {line.kind} needs a value", event)


def _addresses(line: Line, name: str, values: list[Value], column: Column) -> Iterator[Bad]:
    seen = set[str]()
    for value in map(str, values):
        text = removed(value)
        if is_delete(value) or value == SERVER:
            continue
        type_, colon, rest = (value if text is None else text).partition(":")
        if not colon or not type_ or len(type_) > TYPE_LENGTH or (not rest and text is None):
            reason = f"expected TYPE:address with a type of at most {TYPE_LENGTH} characters, got {value!r}"
            yield _bad(line, name, reason, Event.ADDRESS)
            continue
        primary = primary_type(value) if column.multi and text is None else ""
        if primary and primary in seen:
            yield _bad(line, name, f"two primary addresses of type {primary}, the second is {value!r}", Event.ADDRESS)
        seen.add(primary)


def built(record: Record) -> Record:
    """The record with the alias and display name that an import builds when they are missing (KB Q146293).

    The display name is first and last name, the alias first name and the first letter of the last one; without names
    both are the directory name.
    """
    first, last = record.text(columns.FIRST), record.text(columns.LAST)
    name = record.text(columns.DIRECTORY_NAME)
    display = " ".join(filter(None, [first, last])) or name
    alias = f"{first}{last[:1]}".replace(" ", "") or name
    found = {**record.attributes}
    for column, text in ((columns.DISPLAY_NAME, display), (columns.ALIAS, alias)):
        if text and not record.values(column) and not record.values(COLUMNS.get(column).schema):
            found[column] = [text]
    return Record(record.dn, found)


def importable(record: Record, table: Columns = COLUMNS) -> Record:
    """The record without what may not be imported again (KB Q235329: ``Imported-From``)."""
    kept = {name: values for name, values in record.attributes.items() if table.get(name).importable}
    return Record(record.dn, kept)


def _bad(line: Line, name: str, reason: str, event: Event) -> Bad:
    return Bad(line.number, name, f"{reason}{advice(event)}", line.raw, int(event))
