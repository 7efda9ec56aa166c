"""Directory Import/Export files as objects and changes, as LDIF and DSML have them, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.dialects import column
from dxa_exchange.directory import (
    Add,
    Bad,
    Change,
    Delete,
    Modification,
    Modify,
    Operation,
    Record,
    Rename,
    Value,
    Values,
)
from dxa_exchange.table55 import columns, values, writer
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.reader import TableReader

#: What says which object a line is about.
_IDENTITY = frozenset(
    name.casefold() for name in (columns.CLASS, columns.DIRECTORY_NAME, "Common-Name", columns.CONTAINER, columns.DN)
)


def read(data: bytes, code_page: str, base: str) -> Iterator[tuple[int, Record | Change | Bad]]:
    """The lines of a file; a line that creates is an `Add`, and one that updates is the object itself."""
    try:
        reader = TableReader([data], code_page=code_page, base=base)
    except FormatError as error:
        yield error.line, Bad(error.line, error.field, str(error), "", int(error.code))
        return
    for item in reader:
        if isinstance(item, Bad):
            yield item.line, item
        else:
            yield item.number, _item(item)


def _item(line: Line) -> Record | Change | Bad:
    try:
        match line.mode:
            case Mode.DELETE:
                return Delete(line.record.dn)
            case Mode.MODIFY:
                return Modify(line.record.dn, tuple(_modifications(line.record)))
            case Mode.CREATE:
                return Add(_plain(line))
            case Mode.UPDATE:
                return _plain(line)
    except FormatError as error:
        return Bad(line.number, error.field, str(error), line.raw, int(error.code))


def _plain(line: Line) -> Record:
    """The object of a line, none of whose cells is an order."""
    for name, cell in line.record.attributes.items():
        for value in cell:
            values.literal(str(value), name)
    return line.record


def _modifications(record: Record) -> Iterator[Modification]:
    for name, cell in record.attributes.items():
        if name.casefold() in _IDENTITY:
            continue
        known = column(name)
        gone = [text for value in cell if (text := values.removed(value)) is not None]
        if any(map(values.is_delete, cell)):
            yield Modification(Operation.REPLACE, name, [])
        elif gone:
            if any(text.endswith(":") for text in gone):
                raise FormatError("all addresses of a type go, whichever they are", field=name, got=", ".join(gone))
            yield Modification(Operation.DELETE, name, [*gone])
        elif known is not None and known.multi:
            yield Modification(Operation.ADD, name, cell)
        else:
            yield Modification(Operation.REPLACE, name, cell)


def write(
    items: Sequence[Record | Change], code_page: str, refused: Callable[[object, FormatError], None]
) -> Iterator[bytes]:
    """A file; it has a column of modes when there is a change among the items."""
    mode = any(not isinstance(item, Record) for item in items)
    lines = list(_lines(items, refused))
    layout = writer.Layout(names=writer.columns_of((line for _, line in lines), mode=mode), code_page=code_page)
    kept = []
    for item, line in lines:
        try:
            writer.write_line(line, layout)
        except FormatError as error:
            refused(item, error)
        else:
            kept.append(line)
    return writer.write(kept, layout)


def _lines(
    items: Iterable[Record | Change], refused: Callable[[object, FormatError], None]
) -> Iterator[tuple[Record | Change, Line]]:
    for item in items:
        try:
            yield item, _line(item)
        except FormatError as error:
            refused(item, error)


def _line(item: Record | Change) -> Line:
    match item:
        case Record():
            return Line(0, writer.of_record(item), Mode.UPDATE, item)
        case Add(record=record):
            return Line(0, writer.of_record(record), Mode.CREATE, record)
        case Delete(dn=dn):
            return Line(0, columns.REMOTE, Mode.DELETE, _named(dn, {}))
        case Modify(dn=dn, modifications=modifications):
            cells: dict[str, Values] = {}
            for each in modifications:
                if each.name in cells:
                    raise FormatError("two changes of one attribute", field=each.name, got=dn)
                cells[each.name] = _cell(each)
            return Line(0, columns.MAILBOX, Mode.MODIFY, _named(dn, cells))
        case Rename(dn=dn):
            raise FormatError("a file of 5.5 cannot give an object another name", field="Directory Name", got=dn)


def _named(dn: str, cells: dict[str, Values]) -> Record:
    """The identity of an object, and what changes of it."""
    place = names.read(dn)
    if not place:
        raise FormatError("an object without a name", field="dn", got=dn)
    identity: dict[str, Values] = {
        columns.DIRECTORY_NAME: [names.rdn_value(names.write(place[:1]))],
        columns.CONTAINER: [names.container(place[1:])],
    }
    return Record(dn, identity | cells)


def _cell(each: Modification) -> list[Value]:
    known = column(each.name)
    multi = known is not None and known.multi
    if each.operation is Operation.REPLACE and not each.values:
        return [values.DELETE]
    if each.operation is Operation.REPLACE and not multi:
        return [values.literal(str(value), each.name) for value in each.values]
    if each.operation is Operation.ADD and multi:
        return [values.literal(str(value), each.name) for value in each.values]
    if each.operation is Operation.DELETE and not each.values:
        return [values.DELETE]
    if each.operation is Operation.DELETE and multi:
        return [values.removal(str(value)) for value in each.values]
    raise FormatError(
        f"a file cannot {each.operation.value} values of this attribute one by one",
        field=each.name,
        got=str(each.values),
    )
