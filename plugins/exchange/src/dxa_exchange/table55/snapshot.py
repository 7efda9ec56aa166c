"""Whole files: what they hold, how two of them differ, and what a file of changes makes of one.

Exports have no order of values that stays (KB Q190706), so values are compared as sets. Deleted objects come in files
with a column ``Is-Deleted`` (KB Q239639).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

import attrs

from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.directory import Bad, Record, Value, Values
from dxa_exchange.table55 import checks, columns, values
from dxa_exchange.table55.columns import COLUMNS, Columns
from dxa_exchange.table55.events import Event, advice
from dxa_exchange.table55.form import Generation
from dxa_exchange.table55.line import Line, Mode

_TRUE = ("1", "true", "yes")


def is_deleted(record: Record) -> bool:
    """Whether an object is a tombstone."""
    return record.text(columns.DELETED).strip().casefold() in _TRUE


@attrs.define
class Snapshot:
    """Objects by the key of their distinguished name, and the keys of those that are known to be deleted."""

    objects: dict[str, Line] = attrs.field(factory=dict)
    deleted: dict[str, Line] = attrs.field(factory=dict)
    table: Columns = COLUMNS
    _owners: dict[str, str] = attrs.field(factory=dict, init=False)

    @classmethod
    def of(cls, lines: Iterable[Line], table: Columns = COLUMNS) -> Snapshot:
        """The objects of an export; of two with one name the first counts."""
        found = cls(table=table)
        for line in lines:
            key = names.key(line.record.dn)
            if is_deleted(line.record):
                found.deleted.setdefault(key, line)
            elif key not in found.objects:
                found._put(key, line)
        return found

    def _put(self, key: str, line: Line) -> None:
        self.objects[key] = line
        for address in addresses_of(line.record, self.table):
            self._owners.setdefault(address, key)

    def apply(self, line: Line, *, overwrite: bool = False, generation: Generation = 5) -> None:
        """Carry out one line of a file of changes.

        Raises:
            FormatError: when it is refused; nothing has been changed then.
        """
        key = names.key(line.record.dn)
        before = self.objects.get(key)
        self._check(line, key, before is None)
        old = before.record if before else None
        after = values.apply(old, line, overwrite=overwrite, generation=generation, table=self.table)
        if before:
            for address in addresses_of(before.record, self.table):
                self._owners.pop(address, None)
            del self.objects[key]
        if after is not None:
            kind = before.kind if before else line.kind
            self._put(key, Line(line.number, kind, Mode.UPDATE, after if before else checks.built(after)))

    def _check(self, line: Line, key: str, new: bool) -> None:
        problem = next(checks.problems(line, new=new, table=self.table), None)
        if problem:
            raise _refused(problem)
        if line.mode is Mode.DELETE:
            return
        for address in addresses_of(line.record, self.table):
            if self._owners.get(address, key) != key:
                owner = self.objects[self._owners[address]].record.dn
                reason = f"the address {address} belongs to {owner}{advice(Event.TAKEN)}"
                raise FormatError(reason, line=line.number, field=columns.ADDRESSES, code=Event.TAKEN)

    def apply_all(self, lines: Iterable[Line], *, overwrite: bool = False, generation: Generation = 5) -> list[Bad]:
        """Carry out a file of changes; returns what was refused, and goes on behind it."""
        refused = []
        for line in lines:
            try:
                self.apply(line, overwrite=overwrite, generation=generation)
            except FormatError as error:
                refused.append(Bad(line.number, error.field, str(error), line.raw, int(error.code)))
        return refused


def _refused(problem: Bad) -> FormatError:
    return FormatError(problem.reason, line=problem.line, field=problem.field, code=problem.code)


def difference(
    old: Mapping[str, Line], new: Mapping[str, Line], *, overwrite: bool = False, table: Columns = COLUMNS
) -> Iterator[Line]:
    """The lines that make `new` of `old`: deletes, then what is taken away, then changes and new objects.

    Whoever gives an address away does so before another object gets it. Without `overwrite` values are added to those
    that are there, so an attribute of several values may need two lines.

    Raises:
        FormatError: for a value that no file can hold (see `dxa_exchange.table55.values.literal`).
    """
    for key, line in old.items():
        if not _stays(line, new.get(key)):
            yield Line(0, line.kind, Mode.DELETE, _identity(line.record, table))
    given: list[Line] = []
    contested = _contested(old, new, table)
    for key, line in new.items():
        record = checks.importable(line.record, table)
        before = old.get(key)
        if before is None or not _stays(before, line):
            given.append(Line(0, line.kind, Mode.CREATE, _literal(record)))
            continue
        known = checks.importable(before.record, table)
        change = changed_cells(known, record, overwrite=overwrite, contested=contested, table=table)
        for cells, put in zip(change, (None, given), strict=True):
            if cells:
                attributes = {**_identity(line.record, table).attributes, **cells}
                changed = Line(0, line.kind, Mode.MODIFY, Record(record.dn, attributes))
                if put is None:
                    yield changed
                else:
                    put.append(changed)
    yield from given


def _contested(old: Mapping[str, Line], new: Mapping[str, Line], table: Columns) -> frozenset[str]:
    """The folded addresses that move from one object to another."""
    owners = {address: key for key, line in old.items() for address in addresses_of(line.record, table)}
    return frozenset(
        address
        for key, line in new.items()
        for address in addresses_of(line.record, table)
        if owners.get(address, key) != key
    )


def addresses_of(record: Record, table: Columns = COLUMNS) -> Iterator[str]:
    """The folded addresses that only one object may have; targets are none of them."""
    for name, cell in record.attributes.items():
        column = table.get(name)
        if column.addresses and column.multi:
            yield from (str(value).casefold() for value in cell if not values.is_marker(value))


def _stays(line: Line, other: Line | None) -> bool:
    """Whether an object is still the same; one of another class is another object."""
    return other is not None and other.kind.casefold() == line.kind.casefold()


def _identity(record: Record, table: Columns) -> Record:
    kept = (columns.CLASS, columns.DIRECTORY_NAME, columns.CONTAINER)
    found = {name: cell for name, cell in record.attributes.items() if table.get(name).header in kept}
    return Record(record.dn, found)


def _literal(record: Record) -> Record:
    for name, cell in record.attributes.items():
        for value in cell:
            values.literal(str(value), name)
    return record


Cells = dict[str, Values]


def changed_cells(
    old: Record, new: Record, *, overwrite: bool, contested: Container[str] = (), table: Columns = COLUMNS
) -> tuple[Cells, Cells]:
    """The cells of a line that takes values away, and of one that gives others behind it; see `difference`.

    `contested` are folded addresses that another object gets.
    """
    taken: Cells = {}
    given: Cells = {}
    identity = _identity(new, table).attributes.keys() | _identity(old, table).attributes.keys()
    had = {table.get(name).header.casefold(): (name, cell) for name, cell in old.attributes.items()}
    for name, cell in _literal(new).attributes.items():
        _, before = had.pop(table.get(name).header.casefold(), ("", []))
        if name in identity or set(before) == set(cell):
            continue
        if overwrite or not table.get(name).multi:
            if any(str(value).casefold() in contested for value in before if value not in cell):
                taken[name] = [value for value in before if value in cell] or [values.DELETE]
            given[name] = cell
        else:
            gone, come = _of_many(before, cell, addresses=table.get(name).addresses)
            taken.update({name: gone} if gone else {})
            given.update({name: come} if come else {})
    for name, _ in had.values():
        if name not in identity:
            taken[name] = [values.DELETE]
    return taken, given


def _of_many(before: Values, cell: Values, *, addresses: bool) -> tuple[Values, Values]:
    """The markers that take values away, and the values that are added behind them."""
    gone = [str(value) for value in before if value not in cell]
    if gone and not addresses:
        # One value can be taken away of addresses only (KB Q184536).
        return [values.DELETE], cell
    folded = {value.casefold() for value in gone}
    come: list[Value] = [value for value in cell if value not in before or str(value).casefold() in folded]
    return [values.removal(value) for value in gone], come
