"""What a parcel becomes: a file that the directory's own tools import, and what it cannot hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import TypeAlias

import attrs

from dxa.entry import Entry, Transaction, Verb
from dxa.errors import AddressError, FormatError
from dxa_exchange import ldif, names
from dxa_exchange.directory import Add, Change, Delete, Modify, Record
from dxa_exchange.files.options import FilesOptions
from dxa_exchange.files.state import State
from dxa_exchange.people import People, Person
from dxa_exchange.table55 import columns, writer
from dxa_exchange.table55.line import Line, Mode
from dxa_exchange.table55.snapshot import changed_cells
from dxa_exchange.table55.values import literal

_PLAIN = re.compile(r"[^A-Za-z0-9-]+")
_ENDINGS = {"csv55": "csv", "csv40": "csv", "ldif": "ldf", "dsml1": "xml", "dsml2": "xml"}


class _Refused(Exception):
    """An entry that cannot be written; the text says why."""


@attrs.define
class Written:
    """The bytes of a file (empty: nothing to write), and what is refused, by key."""

    data: bytes = b""
    refused: dict[str, str] = attrs.field(factory=dict)


def file_name(parcel: str, format_: str) -> str:
    """The name of the file of a parcel: the same for the same parcel, and another for every other one."""
    digest = blake2b(parcel.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    plain = _PLAIN.sub("-", parcel).strip("-")[:40] or "parcel"
    return f"{plain}-{digest}.{_ENDINGS[format_]}"


@attrs.define
class _Object:
    """One of our objects, as it is and as it is to be."""

    key: str
    before: Record | None
    after: Record | None


@attrs.define
class Outgoing:
    """Makes the files of one link; `state` is what the directory is known to have."""

    options: FilesOptions
    people: People
    state: State
    _held: dict[str, tuple[str, bool]] = attrs.field(factory=dict, init=False)
    _taken: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        for key, record in self.state.records.items():
            self._taken.add(key)
            found = self.people.read(record)
            if isinstance(found, Person):
                self._held.setdefault(found.entry.key, (record.dn, found.marked))

    def write(self, transactions: Iterable[Transaction]) -> Written:
        """The file for these transactions, in their order."""
        written = Written()
        match self.options.write:
            case "csv55" | "csv40":
                self._table(transactions, written)
            case "ldif" | "dsml2":
                self._batch(transactions, written)
            case "dsml1":
                self._snapshot(transactions, written)
            case _:
                raise FormatError("nothing is written by this link", field="write", got=self.options.write)
        return written

    # -- objects ---------------------------------------------------------------------------------------------------

    def _objects(
        self, transactions: Iterable[Transaction], written: Written, check: Callable[[_Object], None] | None = None
    ) -> Iterator[_Object]:
        for each in transactions:
            if each.verb is Verb.REPLACE:
                continue
            entry = each.new or each.old
            assert entry is not None
            try:
                found = self._object(each.old, each.new)
                if check is not None:
                    check(found)
            except (AddressError, FormatError, _Refused) as error:
                written.refused[entry.key] = str(error)
                continue
            yield found

    def _object(self, old: Entry | None, new: Entry | None) -> _Object:
        if old is None:
            assert new is not None
            return self._new(new)
        dn = self._ours(old)
        before = self.people.write(old, dn).record
        if new is None:
            return _Object(old.key, before, None)
        if new.key != old.key:
            self._check_free(new)
        return _Object(new.key, before, self._record(new, dn))

    def _new(self, entry: Entry) -> _Object:
        """An object that is to be made, unless it is there: then it is as it was left by an earlier file."""
        self._check_free(entry)
        known, _ = self._held.get(entry.key, ("", True))
        before = self.state.records.get(names.key(known)) if known else None
        if before is not None:
            return _Object(entry.key, before, self._record(entry, known))
        dn = self._named(entry)
        found = _Object(entry.key, None, self._record(entry, dn))
        self._taken.add(names.key(dn))
        return found

    def _named(self, entry: Entry) -> str:
        """The name of a new object: the one that the entry had there before, or a new one."""
        known = entry.anchor
        if known and names.within(known, self.options.people.sync_container) and names.key(known) not in self._taken:
            return known
        return self.people.dn(entry, self._taken.__contains__)

    def _check_free(self, entry: Entry) -> None:
        dn, marked = self._held.get(entry.key, ("", True))
        if not marked:
            raise _Refused(f"the address belongs to {dn}, which dxa has not made")

    def _ours(self, entry: Entry) -> str:
        """The name of an object of ours; only those are changed and deleted."""
        dn, marked = self._held.get(entry.key, (entry.anchor, True))
        container = self.options.people.sync_container
        if not dn:
            raise _Refused("no export has shown this object; the next one does, if it is there")
        if not marked or not names.within(dn, container):
            raise _Refused(f"{dn} is not one of the objects that dxa has made in {container}")
        return dn

    def _record(self, entry: Entry, dn: str) -> Record:
        """The object of an entry; one that would be shown under another name than it should is refused."""
        record = self.people.write(entry, dn).record
        found = self.people.read(record)
        if not isinstance(found, Person):
            raise _Refused(f"it would not be a recipient there: {found.reason}")
        if found.entry.name != entry.name:
            raise _Refused(f"it would be shown as {found.entry.name!r}")
        return record

    # -- formats ---------------------------------------------------------------------------------------------------

    def _changes(self, each: _Object) -> Iterator[Change]:
        if each.before is None:
            assert each.after is not None
            yield Add(each.after)
        elif each.after is None:
            yield Delete(each.before.dn)
        else:
            for batch in self.people.changes(each.before, each.after):
                yield Modify(each.after.dn, batch)

    def _batch(self, transactions: Iterable[Transaction], written: Written) -> None:
        """The changes, each of which a reader would understand as it is meant."""
        write, read = _codec(self.options.write)

        def check(each: _Object) -> None:
            changes = [(each.key, change) for change in self._changes(each)]
            if list(read(write(changes))) != [change for _, change in changes]:
                raise _Refused(f"a value that {self.options.write} does not keep as it is")

        objects = self._objects(transactions, written, check)
        changes = [(each.key, change) for each in objects for change in self._changes(each)]
        written.data = b"".join(write(changes)) if changes else b""

    def _snapshot(self, transactions: Iterable[Transaction], written: Written) -> None:
        """All that dxa has there, as it is to be: DSML 1 cannot say what goes."""
        ours = {key: record for key, record in self.state.records.items() if self.people.marked(record)}

        from dxa_exchange import dsml1

        def check(each: _Object) -> None:
            _try(dsml1.write([each.after] if each.after else []))

        objects = list(self._objects(transactions, written, check))
        for each in objects:
            if each.before is not None:
                ours.pop(names.key(each.before.dn), None)
            if each.after is not None:
                ours[names.key(each.after.dn)] = each.after
        written.data = b"".join(dsml1.write(ours.values())) if objects else b""

    def _table(self, transactions: Iterable[Transaction], written: Written) -> None:
        table = self.options.table
        form = table.form(4 if self.options.write == "csv40" else 5)

        def check(each: _Object) -> None:
            for line in self._lines(each):
                layout = writer.Layout(names=writer.columns_of([line]), form=form, code_page=table.write_code_page)
                writer.write_line(line, layout)

        lines = [line for each in self._objects(transactions, written, check) for line in self._lines(each)]
        if lines:
            layout = writer.Layout(names=writer.columns_of(lines), form=form, code_page=table.write_code_page)
            written.data = b"".join(writer.write(lines, layout))

    def _lines(self, each: _Object) -> Iterator[Line]:
        if each.before is None:
            assert each.after is not None
            for name, cell in each.after.attributes.items():
                for value in cell:
                    literal(str(value), name)
            yield _line(Mode.CREATE, each.after, each.after.attributes)
        elif each.after is None:
            yield _line(Mode.DELETE, each.before, {})
        else:
            for cells in changed_cells(each.before, each.after, overwrite=self.options.table.overwrite):
                if cells:
                    yield _line(Mode.MODIFY, each.after, cells)


#: Changes, each with the key of its entry.
_Keyed: TypeAlias = Iterable[tuple[str, Change]]


def _codec(format_: str) -> tuple[Callable[[_Keyed], Iterable[bytes]], Callable[[Iterable[bytes]], Iterable[object]]]:
    """How changes are written, and read."""
    if format_ == "ldif":
        return lambda changes: ldif.write(change for _, change in changes), ldif.read
    from dxa_exchange import dsml2

    def write(changes: _Keyed) -> Iterable[bytes]:
        # What is refused is told by its identifier, and does not hold up the rest.
        requests = [dsml2.Request(key, change) for key, change in changes]
        return dsml2.write(requests, batch=dsml2.Batch(resume=True))

    return write, dsml2.read


def _try(pieces: Iterable[bytes]) -> None:
    """Write it to nowhere; raises `FormatError` for what cannot be written."""
    for _ in pieces:
        pass


_IDENTITY = (columns.CLASS, columns.DIRECTORY_NAME, columns.CONTAINER)


def _line(mode: Mode, record: Record, cells: object) -> Line:
    """A line about an object that has these cells besides what names it."""
    identity = {
        name: values for name, values in record.attributes.items() if columns.COLUMNS.get(name).header in _IDENTITY
    }
    assert isinstance(cells, dict)
    return Line(0, columns.class_of(record.text(columns.CLASS)), mode, Record(record.dn, {**identity, **cells}))
