"""How objects that are to be made, changed or deleted stand in a file, in each format."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

import attrs

from dxa.errors import FormatError
from dxa_exchange import ldif, names
from dxa_exchange.directory import Add, Change, Delete, Modify, Record
from dxa_exchange.files.options import FilesOptions, TableOptions
from dxa_exchange.files.state import State
from dxa_exchange.people.codec import People
from dxa_exchange.table55 import columns, writer
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.options import Options
from dxa_exchange.table55.options import write as write_options
from dxa_exchange.table55.snapshot import addresses_of, changed_cells
from dxa_exchange.table55.values import literal


@attrs.define
class Object:
    """One of our objects, as it is and as it is to be; `key` is that of its entry."""

    key: str
    before: Record | None
    after: Record | None


class Batch(Protocol):
    """One format."""

    def check(self, each: Object) -> None:
        """Raises `FormatError` for an object that the format cannot hold."""

    def write(self, objects: Sequence[Object]) -> bytes:
        """The file; empty when there is nothing to do."""


def batch(options: FilesOptions, people: People, state: State) -> Batch:
    """The format that is configured; raises `FormatError` where none is."""
    match options.write:
        case "csv55" | "csv40":
            return Tables(options, people)
        case "ldif" | "dsml2":
            return Changes(options.write, people)
        case "dsml1":
            return Documents(people, state)
    raise FormatError("nothing is written by this link", field="write", got=options.write)


# -- changes -------------------------------------------------------------------------------------------------------

#: Changes, each with the key of its entry.
_Keyed: TypeAlias = Iterable[tuple[str, Change]]


@attrs.frozen
class Changes:
    """LDIF, or a batch of DSML 2.0."""

    format: str
    people: People

    def check(self, each: Object) -> None:
        """See `Batch`: a reader would understand the changes as they are meant."""
        write, read = _codec(self.format)
        changes = list(self._of(each))
        if list(read(write(changes))) != [change for _, change in changes]:
            raise FormatError(f"a value that {self.format} does not keep as it is")

    def write(self, objects: Sequence[Object]) -> bytes:
        """See `Batch`."""
        changes = [change for each in objects for change in self._of(each)]
        return b"".join(_codec(self.format)[0](changes)) if changes else b""

    def _of(self, each: Object) -> Iterator[tuple[str, Change]]:
        if each.before is None:
            assert each.after is not None
            yield each.key, Add(each.after)
        elif each.after is None:
            yield each.key, Delete(each.before.dn)
        else:
            for modifications in self.people.changes(each.before, each.after):
                yield each.key, Modify(each.after.dn, modifications)


def _codec(format_: str) -> tuple[Callable[[_Keyed], Iterable[bytes]], Callable[[Iterable[bytes]], Iterable[object]]]:
    """How changes are written, and read."""
    if format_ == "ldif":
        return lambda changes: ldif.write(change for _, change in changes), ldif.read
    from dxa_exchange.dsml import dsml2

    def write(changes: _Keyed) -> Iterable[bytes]:
        # What is refused is told by its identifier, and does not hold up the rest.
        requests = [dsml2.Request(key, change) for key, change in changes]
        return dsml2.write(requests, batch=dsml2.Batch(resume=True))

    return write, dsml2.read


# -- documents -----------------------------------------------------------------------------------------------------


@attrs.frozen
class Documents:
    """DSML 1.0, which cannot say what goes: all that dxa has there, as it is to be."""

    people: People
    state: State

    def check(self, each: Object) -> None:
        """See `Batch`."""
        from dxa_exchange.dsml import dsml1

        for _ in dsml1.write([each.after] if each.after else []):
            pass

    def write(self, objects: Sequence[Object]) -> bytes:
        """See `Batch`."""
        from dxa_exchange.dsml import dsml1

        ours = {key: record for key, record in self.state.records.items() if self.people.marked(record)}
        for each in objects:
            if each.before is not None:
                ours.pop(names.key(each.before.dn), None)
            if each.after is not None:
                ours[names.key(each.after.dn)] = each.after
        return b"".join(dsml1.write(ours.values())) if objects else b""


# -- tables --------------------------------------------------------------------------------------------------------

_IDENTITY = (columns.CLASS, columns.DIRECTORY_NAME, columns.CONTAINER)


@attrs.frozen
class Tables:
    """Directory Import of Exchange 4.0 or 5.x."""

    options: FilesOptions
    people: People

    def check(self, each: Object) -> None:
        """See `Batch`."""
        for name, cell in each.after.attributes.items() if each.after else ():
            for value in cell:
                literal(str(value), name)
        for line in filter(None, self._lines(each, ())):
            writer.write_line(line, self._layout([line]))

    def write(self, objects: Sequence[Object]) -> bytes:
        """See `Batch`. Who gives an address away does so before another object gets it."""
        contested = _contested(objects)
        pairs = [self._lines(each, contested) for each in objects]
        lines = [first for first, _ in pairs if first] + [second for _, second in pairs if second]
        return b"".join(writer.write(lines, self._layout(lines))) if lines else b""

    def _layout(self, lines: Sequence[Line]) -> writer.Layout:
        table = self.options.table
        form = table.form(4 if self.options.write == "csv40" else 5)
        return writer.Layout(names=writer.columns_of(lines), form=form, code_page=table.write_code_page)

    def _lines(self, each: Object, contested: Container[str]) -> tuple[Line | None, Line | None]:
        """What takes away, and what gives behind it."""
        if each.before is None:
            assert each.after is not None
            return None, _line(Mode.CREATE, each.after, each.after.attributes)
        if each.after is None:
            return _line(Mode.DELETE, each.before, {}), None
        before = self._ours(each.before)
        taken, given = changed_cells(before, each.after, overwrite=self.options.table.overwrite, contested=contested)
        return (
            _line(Mode.MODIFY, each.after, taken) if taken else None,
            _line(Mode.MODIFY, each.after, given) if given else None,
        )

    def _ours(self, record: Record) -> Record:
        """The record with those columns only that are ours to change."""
        managed = self.people.managed()
        kept = {
            name: cell
            for name, cell in record.attributes.items()
            if name.casefold() in managed or columns.COLUMNS.get(name).header in _IDENTITY
        }
        return Record(record.dn, kept)


def _contested(objects: Sequence[Object]) -> frozenset[str]:
    """The folded addresses that move from one object to another."""
    owners = {address: each.key for each in objects if each.before for address in addresses_of(each.before)}
    return frozenset(
        address
        for each in objects
        for address in (addresses_of(each.after) if each.after else ())
        if owners.get(address, each.key) != each.key
    )


def _line(mode: Mode, record: Record, cells: object) -> Line:
    """A line about an object that has these cells besides what names it."""
    identity = {
        name: values for name, values in record.attributes.items() if columns.COLUMNS.get(name).header in _IDENTITY
    }
    assert isinstance(cells, dict)
    return Line(0, columns.class_of(record.text(columns.CLASS)), mode, Record(record.dn, {**identity, **cells}))


def options_file(table: TableOptions) -> str:
    """The options for admin.exe /i of what is written (KB Q160602)."""
    options = Options(
        directory_service=table.server,
        basepoint=table.site,
        container=table.container,
        information_level="Full",
        overwrite_properties=table.overwrite,
        column_separator=table.column_separator,
        mv_separator=table.value_separator,
        quote=table.quote,
    )
    return write_options(options, "Import")
