"""All address lists of other postoffices and gateways as `Lists`, and back.

Addresses of three times ten characters (Microsoft Mail, PROFS, SNADS, OV) stand in the USR file of their postoffice or
node; those of the other types in ``GLB/<type>.GLB``, with their names in ``NME/<type>.NME`` (KB Q123856, Q119240). The
postoffice's own list is none of these: it belongs to its users.

A list is written as a whole, sorted by name, and only when it has changed. An address keeps its tuple id as long as it
is in the list, so its template values stay where they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs

from dxa.address import AddressTypes
from dxa.entry import Entry, Fields, Reject
from dxa.errors import FormatError
from dxa.ledger.answer import ListKey
from dxa_msmail.errors import message as error_text
from dxa_msmail.postoffice import inf, networks, templates
from dxa_msmail.postoffice.inf import Stored
from dxa_msmail.postoffice.maildata import Changing, Files
from dxa_msmail.postoffice.shelves import Place, Refused, Rows, Tids, places, put_rows, read_rows, unusable
from dxa_msmail.postoffice.templates import ListTemplate, fit, made
from dxa_msmail.requestor.lists import Lists

_NO_NETWORK, _NO_POSTOFFICE, _NO_GATEWAY, _NO_VALUES, _NO_LIST = 31, 32, 44, 24, 201
_NOBODY: Mapping[str, Entry] = {}


@attrs.frozen
class Written:
    """What was written: the lists, and the entries and values that had to be left out."""

    lists: tuple[ListKey, ...] = ()
    refused: tuple[Refused, ...] = ()


@attrs.frozen(kw_only=True)
class _Shelf:
    """A list as it is on disk; its file may be missing."""

    missing: bool = False
    rows: Rows = attrs.field(factory=Rows)
    template: ListTemplate | None = None
    stored: Stored = attrs.field(factory=Stored)

    def entries(self) -> Mapping[str, Entry]:
        """The entries with their values."""
        values, entries, tids = self.stored.values, self.rows.entries, self.rows.tids
        if not values:
            return entries
        return {
            key: entry._replace(fields=values[tids[key]]) if tids[key] in values else entry
            for key, entry in entries.items()
        }


class Book(Mapping[ListKey, Mapping[str, Entry]]):
    """All lists, each read when it is looked at, in the order that it has on disk.

    A list that is damaged counts as empty, and values that cannot be had are none; `problems` and `damaged` tell of
    those that were looked at so far. Whoever goes on with these should have the damaged lists written anew, and ask the
    server for everything. A list whose file is missing is not in the book, and one of the damaged (201).
    """

    def __init__(self, files: Files, types: AddressTypes) -> None:
        self._files, self._types = files, types
        self.places: dict[ListKey, Place] = places(files)
        self._hosts = frozenset(networks.name_key(gate.name) for gate in networks.gateways(files))
        self.problems: list[Reject] = []
        self.damaged: list[ListKey] = []
        self._shelves: dict[ListKey, _Shelf | None] = {}
        self._lists: dict[ListKey, Mapping[str, Entry]] = {}

    def __getitem__(self, key: ListKey) -> Mapping[str, Entry]:
        if key not in self._lists:
            shelf = self.shelf(key)
            if shelf is None or shelf.missing:
                raise KeyError(key)
            self._lists[key] = shelf.entries()
        return self._lists[key]

    def __iter__(self) -> Iterator[ListKey]:
        return (key for key, place in self.places.items() if self._files.read(place.file) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def shelf(self, key: ListKey) -> _Shelf | None:
        """What there is of a list; None when it has no place."""
        if key not in self._shelves:
            place = self.places.get(key)
            self._shelves[key] = shelf = self._read(place) if place else None
            if shelf is not None and shelf.rows.problems:
                self.problems += shelf.rows.problems
                self.damaged.append(key)
        return self._shelves[key]

    def _read(self, place: Place) -> _Shelf:
        try:
            rows = read_rows(self._files, place, self._types)
        except FormatError as error:
            rows = Rows(problems=[Reject(0, 0, place.file, error.code, str(error).replace(f"[{error.code}] ", "", 1))])
        missing = rows is None
        if rows is None:
            rows = Rows(problems=[Reject(0, 0, place.file, _NO_LIST, f"{error_text(_NO_LIST)}: {place.file}")])
        if place.is_gateway:
            return _Shelf(missing=missing, rows=rows)
        template = templates.read_template(self._files, place.stem)
        stored = inf.read_values(self._files, place.stem, template)
        if stored.code:
            rows.problems.append(Reject(0, 0, inf.inf_name(place.stem), stored.code, stored.problem))
        return _Shelf(missing=missing, rows=rows, template=template, stored=stored)

    def refresh(self) -> None:
        """Look again where lists are: postoffices or gateways have been defined."""
        self.places = places(self._files)
        for key in [key for key, shelf in self._shelves.items() if shelf is None]:
            del self._shelves[key]

    def missing(self, key: ListKey) -> int:
        """The error's number for a list that has no place: 31 network, 32 postoffice not found, 44 no such gateway."""
        type_, list_ = key
        network = list_.partition("/")[0]
        if not list_ or type_ in networks.HOSTS:
            return _NO_POSTOFFICE if network in self._hosts else _NO_GATEWAY
        known = any((other[0], other[1].partition("/")[0]) == (type_, network) for other in self.places)
        return _NO_POSTOFFICE if known else _NO_NETWORK

    def template(self, key: ListKey) -> ListTemplate | None:
        """The template of a list; None when it has none."""
        shelf = self.shelf(key)
        return shelf.template if shelf else None


def read_book(files: Files, types: AddressTypes) -> dict[ListKey, Mapping[str, Entry]]:
    """All lists at once; one whose file is missing is left out.

    Raises `FormatError` 40 for a damaged list, 33, 34, 36 for values that cannot be had, 48 for a name without an
    address.
    """
    book = Book(files, types)
    lists = dict(book)
    for problem in (each for each in book.problems if each.code != _NO_LIST):
        raise FormatError(problem.reason, source=problem.raw, code=problem.code)
    return lists


def write_lists(
    change: Changing,
    before: Lists,
    after: Lists,
    types: AddressTypes,
    *,
    definitions: Mapping[ListKey, ListTemplate] | None = None,
    make_templates: bool = False,
) -> Written:
    """Write the lists that differ; one that `after` lacks becomes empty, and stays defined.

    For `definitions` and `make_templates` see `Writer`. What cannot be written is left out, and returned.
    """
    writer = Writer(change, Book(change, types), definitions=definitions or {}, make_templates=make_templates)
    for key in dict.fromkeys([*after, *before, *writer.definitions]):
        old, new = before.get(key, _NOBODY), after.get(key, _NOBODY)
        if key in writer.definitions or key not in before or (old is not new and old != new):
            writer.write(key, new)
    return writer.written()


class Writer:
    """Writes lists into the places where a book has them.

    `definitions` are new templates of lists. With `make_templates` a list that has none gets one with room for its
    values, which is ours (else: 65). A postoffice must be defined and a gateway installed before (31, 32, 44). An entry
    that cannot be written leaves in its place what is on disk.
    """

    def __init__(
        self,
        change: Changing,
        book: Book,
        *,
        definitions: Mapping[ListKey, ListTemplate],
        make_templates: bool,
    ) -> None:
        self.change, self.book, self.definitions, self.make = change, book, definitions, make_templates
        self._tids = Tids(change, book.places.values())
        self._lists: list[ListKey] = []
        self._refused: list[Refused] = []

    def written(self) -> Written:
        """What has been written so far."""
        return Written(tuple(self._lists), tuple(self._refused))

    def write(self, key: ListKey, entries: Mapping[str, Entry]) -> None:
        """Make this the list."""
        place = self.book.places.get(key)
        if place is None:
            code = self.book.missing(key)
            text = f"{error_text(code)}: {key[0]}:{key[1]}"
            self._refused += [Refused(key, entry, code, text) for entry in entries.values()]
            return
        shelf = self.book.shelf(key) or _Shelf()
        before = shelf.rows.entries
        new = {at: entry for at, entry in entries.items() if before.get(at) is not entry}
        bad = unusable(place, new)
        if bad:
            self._refused += [Refused(key, new[at], code, text) for at, (code, text) in bad.items()]
            entries = _without(bad, shelf.entries(), entries)
        tids = self._tids.of(shelf.rows, entries)
        values: Collection[int] = ()
        if place.is_gateway:
            self._refuse_values(key, entries)
        else:
            values = self._write_values(key, place, shelf, entries, tids)
        put_rows(self.change, place, entries, tids, values)
        self._lists.append(key)

    def _refuse_values(self, key: ListKey, entries: Mapping[str, Entry]) -> None:
        """KB Q96001 #24: the addresses of these types have no values."""
        for entry in entries.values():
            for prompt, _ in entry.fields:
                self._refuse(key, entry, _NO_VALUES, prompt)

    def _refuse(self, key: ListKey, entry: Entry, code: int, prompt: str) -> None:
        self._refused.append(Refused(key, entry, code, f"{error_text(code)}: {prompt} of {entry.name}"))

    def _write_values(
        self, key: ListKey, place: Place, shelf: _Shelf, entries: Mapping[str, Entry], tids: Mapping[str, int]
    ) -> Collection[int]:
        """Write the template and the values as far as they have changed; returns the tuple ids that have values."""
        template = self.definitions.get(key, shelf.template)
        stored = shelf.stored.values
        told = {tids[at]: entry for at, entry in entries.items() if entry.fields}
        new = [tid for tid, entry in told.items() if entry.fields != stored.get(tid)]
        grows = self.make and key not in self.definitions and (template is None or shelf.stored.made)
        if grows and new:
            template = made(template, (told[tid].fields for tid in new))
        same = template == shelf.template
        values: dict[int, Fields] = {}
        for tid, entry in told.items():
            fields = entry.fields
            if not same or fields != stored.get(tid):
                fields, problems = fit(template, fields)
                for code, prompt in problems:
                    self._refuse(key, entry, code, prompt)
            if fields:
                values[tid] = fields
        if not same and template is not None:
            self.change.write(templates.tpl_name(place.stem), templates.render(template))
        if not same or values != stored or shelf.stored.code:
            self._write_inf(place, template, values, made_here=grows or (shelf.stored.made and same))
        return values.keys()

    def _write_inf(
        self, place: Place, template: ListTemplate | None, values: Mapping[int, Fields], *, made_here: bool
    ) -> None:
        name = inf.inf_name(place.stem)
        if template is not None:
            self.change.write(name, inf.write_inf(template, values, made=made_here))
        elif self.change.read(name) is not None:
            self.change.remove(name)


def _without(bad: Collection[str], before: Mapping[str, Entry], entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries of which those that cannot be written are as they were, unless their name is taken by now."""
    good = {key: entry for key, entry in entries.items() if key not in bad}
    taken = {entry.name.casefold() for entry in good.values()}
    for key in bad:
        if key in before and before[key].name.casefold() not in taken:
            good[key] = before[key]
    return good
