"""What the cells of a line do to an object (KB Q152854, Q184536, Q290091, Q160971).

An empty cell leaves an attribute alone. ``~DEL`` takes it away, ``~DEL<TYPE:address>`` takes one value away, and
``~DEL<TYPE:>`` all values of a type. A value of a column that has several is added, or takes the place of all
(``OverwriteProperties``). In files of Exchange 4.0 a quoted blank clears an attribute (KB Q152727).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dxa.errors import FormatError
from dxa_exchange.directory import Record, Value, Values
from dxa_exchange.table55 import columns
from dxa_exchange.table55.columns import COLUMNS, Column, Columns
from dxa_exchange.table55.events import Event
from dxa_exchange.table55.form import Generation
from dxa_exchange.table55.line import Line, Mode

DELETE = "~DEL"
#: In migration files: the home server that the person at the wizard chose.
SERVER = "~SERVER"
_REMOVAL = re.compile(r"~DEL<(.*)>", re.IGNORECASE | re.DOTALL)
#: What says which object a line is about; it is neither added to nor taken away.
_IDENTITY = frozenset(
    name.casefold() for name in (columns.CLASS, columns.DIRECTORY_NAME, columns.CONTAINER, columns.DN)
)


def is_delete(value: Value) -> bool:
    """Whether a cell's value takes the attribute away."""
    return isinstance(value, str) and value.casefold() == DELETE.casefold()


def removed(value: Value) -> str | None:
    """The value, or ``TYPE:``, that a marker takes away; None when it is no such marker."""
    found = _REMOVAL.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def removal(value: str) -> str:
    """The marker that takes one value away."""
    return f"{DELETE}<{value}>"


def is_marker(value: Value) -> bool:
    """Whether a text would be taken for a marker, so that no file can hold it as a value."""
    return is_delete(value) or removed(value) is not None or value == SERVER


def literal(value: str, field: str = "") -> str:
    """The text itself; raises `FormatError` for one that would be taken for a marker."""
    if is_marker(value):
        raise FormatError("a text that a file cannot hold, for it would be an order", field=field, got=value)
    return value


def apply(
    record: Record | None,
    line: Line,
    *,
    overwrite: bool = False,
    generation: Generation = 5,
    table: Columns = COLUMNS,
) -> Record | None:
    """The object as it is behind a line; None when the line deletes it.

    Args:
        record: the object before; None when there is none.
        overwrite: ``OverwriteProperties``: values take the place of all in columns that have several.
        generation: 4: a quoted blank clears an attribute.

    Raises:
        FormatError: when the line cannot be carried out, with its number and event.
    """
    _check_mode(record, line)
    if line.mode is Mode.DELETE:
        return None
    changed = {name: [*values] for name, values in record.attributes.items()} if record else {}
    spelled = {table.get(name).header.casefold(): name for name in changed}
    for name, cell in line.record.attributes.items():
        column = table.get(name)
        target = spelled.setdefault(column.header.casefold(), name)
        if column.header.casefold() in _IDENTITY:
            _keep_identity(changed, target, cell, line)
            continue
        before = changed.get(target, [])
        after = merged(before, cell, column, overwrite=overwrite, generation=generation, new=record is None, line=line)
        if after:
            changed[target] = after
        else:
            changed.pop(target, None)
    return Record(record.dn if record else line.record.dn, changed)


def merged(
    before: Values,
    cell: Sequence[Value],
    column: Column,
    *,
    overwrite: bool,
    generation: Generation = 5,
    new: bool = False,
    line: Line | None = None,
) -> Values:
    """The values of an attribute behind a cell; see `apply`."""
    number = line.number if line else 0
    name = column.header
    taken = [text for value in cell if (text := removed(value)) is not None]
    if any(map(is_delete, cell)) or taken:
        if len(cell) > (len(taken) or 1):
            raise FormatError(
                "values that go and values that come in one cell",
                line=number,
                field=name,
                got=_shown(cell),
                expected="markers alone",
                code=Event.MIXED,
            )
        if new:
            raise FormatError(
                "nothing can be taken from an object that is yet to be created",
                line=number,
                field=name,
                expected="an empty cell",
                got=_shown(cell),
                code=Event.DELETE_ON_CREATE,
            )
        return [value for value in before if not any(_matches(value, text) for text in taken)] if taken else []
    if generation == 4 and list(cell) == [" "]:
        return []
    if not column.multi or overwrite:
        return list(dict.fromkeys(cell))
    return list(dict.fromkeys([*_demoted(before, cell, column), *cell]))


def _matches(value: Value, text: str) -> bool:
    """Whether a marker's text names a value: itself, or the type of an address, whatever the case."""
    folded, wanted = str(value).casefold(), text.casefold()
    return folded == wanted or (wanted.endswith(":") and folded.startswith(wanted))


def _demoted(before: Values, cell: Sequence[Value], column: Column) -> Values:
    """The old values, of which none is the primary of a type that gets a new one (ours; as GALSync does)."""
    if not column.addresses:
        return before
    primaries = {str(value).casefold(): type_ for value in cell if (type_ := primary_type(value))}
    types = set(primaries.values())
    kept = [value for value in before if str(value).casefold() not in primaries]
    return [_secondary(value) if primary_type(value) in types else value for value in kept]


def primary_type(value: Value) -> str:
    """The type, in upper case, of a primary address (``SMTP:``); empty for a secondary one (``smtp:``)."""
    type_, colon, _ = str(value).partition(":")
    return type_ if colon and type_.isupper() else ""


def _secondary(value: Value) -> Value:
    type_, _, rest = str(value).partition(":")
    return f"{type_.lower()}:{rest}"


def _check_mode(record: Record | None, line: Line) -> None:
    if record is None and line.mode in (Mode.MODIFY, Mode.DELETE):
        raise FormatError(
            f"no such object to {line.mode.value.lower()}",
            line=line.number,
            field=columns.DIRECTORY_NAME,
            expected="an object that is there",
            got=line.record.dn,
        )
    if record is not None and line.mode is Mode.CREATE:
        raise FormatError(
            "the object to create is there already",
            line=line.number,
            field=columns.DIRECTORY_NAME,
            expected="a new name",
            got=line.record.dn,
        )


def _keep_identity(changed: dict[str, Values], name: str, cell: Sequence[Value], line: Line) -> None:
    if any(is_marker(value) for value in cell):
        # KB Q176741: the program made an object of the name "?DEL".
        raise FormatError(
            "a marker where an object is named",
            line=line.number,
            field=name,
            expected="a name",
            got=_shown(cell),
            code=Event.DELETE_ON_CREATE,
        )
    changed.setdefault(name, [*cell])


def _shown(cell: Sequence[Value]) -> str:
    return "%".join(map(str, cell))
