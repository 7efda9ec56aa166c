"""A directory as its files have told it: the last full export, and every change behind it."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from dxa.errors import FormatError
from dxa_exchange import names
from dxa_exchange.directory import Add, Change, Delete, Modification, Modify, Operation, Record, Rename, Value, Values
from dxa_exchange.table55.form import Generation
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.snapshot import is_deleted
from dxa_exchange.table55.values import apply


@attrs.frozen
class Step:
    """One object before and after; None where it is not there. `dn` is its name when neither is known."""

    before: Record | None
    after: Record | None
    dn: str = ""


@attrs.define
class State:
    """Objects by the keys of their names. `whole` is False as long as no full export was read."""

    records: dict[str, Record] = attrs.field(factory=dict)
    whole: bool = False
    #: The attributes that the last export can tell (None: any).
    columns: frozenset[str] | None = None

    def put(self, record: Record) -> Step:
        """The object is this one from now on."""
        key = names.key(record.dn)
        before = self.records.get(key)
        self.records[key] = record
        return Step(before, record)

    def drop(self, dn: str) -> Step:
        """The object is gone; that it was not there is no error, for it may have come and gone between two files."""
        return Step(self.records.pop(names.key(dn), None), None, dn)

    def line(self, line: Line, *, overwrite: bool, generation: Generation = 5) -> Step:
        """A line of a file of changes; raises `FormatError` when it cannot be carried out."""
        if line.mode is Mode.DELETE or is_deleted(line.record):
            return self.drop(line.record.dn)
        before = self.records.get(names.key(line.record.dn))
        # What is to be created may be there: the export behind which this file was written had it already.
        mode = Mode.UPDATE if before is not None and line.mode is Mode.CREATE else line.mode
        if before is None and line.mode is Mode.MODIFY:
            raise _unknown(line.record.dn)
        after = apply(before, line._replace(mode=mode), overwrite=overwrite, generation=generation)
        assert after is not None
        return self.put(after)

    def change(self, change: Change) -> Iterator[Step]:
        """A change; raises `FormatError` when it cannot be carried out."""
        if isinstance(change, Add):
            yield self.put(change.record)
        elif isinstance(change, Delete):
            yield self.drop(change.dn)
        elif isinstance(change, Modify):
            before = self.records.get(names.key(change.dn))
            if before is None:
                raise _unknown(change.dn)
            yield self.put(modified(before, change.modifications))
        else:
            yield from self._rename(change)

    def _rename(self, change: Rename) -> Iterator[Step]:
        key = names.key(change.dn)
        before = self.records.get(key)
        if before is None:
            raise _unknown(change.dn)
        above = names.parent(change.dn) if change.superior is None else change.superior
        dn = f"{change.rdn},{above}" if above else change.rdn
        below = [each for each in self.records.values() if names.within(each.dn, change.dn) and each is not before]
        del self.records[key]
        after = Record(dn, _renamed(before, change))
        self.put(after)
        yield Step(before, after)
        for each in below:
            del self.records[names.key(each.dn)]
            moved = Record(each.dn[: len(each.dn) - len(change.dn)] + dn, each.attributes)
            self.put(moved)
            yield Step(each, moved)


def _unknown(dn: str) -> FormatError:
    return FormatError("a change of an object that no file has told of; a full export is needed", field="dn", got=dn)


def _renamed(record: Record, change: Rename) -> dict[str, Values]:
    """The attributes of an object that has another name."""
    modifications = []
    if change.delete_old:
        modifications += [Modification(Operation.DELETE, part.type, [part.value]) for part in names.read(record.dn)[0]]
    modifications += [Modification(Operation.ADD, part.type, [part.value]) for part in names.read(change.rdn)[0]]
    found = record
    for modification in modifications:
        try:
            found = modified(found, (modification,))
        except FormatError:
            continue  # the value of a name need not be told as an attribute
    return dict(found.attributes)


def modified(record: Record, modifications: tuple[Modification, ...]) -> Record:
    """The object with these modifications (RFC 4511, 4.6); raises `FormatError` for one that is not possible."""
    found = {name: [*values] for name, values in record.attributes.items()}
    spelled = {name.casefold(): name for name in found}
    for each in modifications:
        name = spelled.setdefault(each.name.casefold(), each.name)
        values = _after(found.get(name, []), each)
        if values:
            found[name] = values
        else:
            found.pop(name, None)
    return Record(record.dn, found)


def _after(before: Values, each: Modification) -> Values:
    if each.operation is Operation.REPLACE:
        return list(each.values)
    if each.operation is Operation.ADD:
        return list(dict.fromkeys([*before, *each.values]))
    if each.operation is Operation.INCREMENT:
        return [_sum(value, each) for value in before]
    if not each.values:
        return []
    gone = {_folded(value) for value in each.values}
    left = [value for value in before if _folded(value) not in gone]
    if len(left) == len(before):
        raise FormatError("a value to delete is not there", field=each.name, got=str(each.values[0]))
    return left


def _folded(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value


def _sum(value: Value, each: Modification) -> str:
    try:
        return str(int(value) + int(each.values[0]))
    except (ValueError, IndexError):
        raise FormatError("no number to increment", field=each.name, got=str(value)) from None
