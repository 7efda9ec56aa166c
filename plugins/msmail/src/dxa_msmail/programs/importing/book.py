"""Transactions and template definitions on their way into the address lists of a postoffice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby

import attrs

from dxa.entry import Entry, Reject, Transaction, Verb, list_entry
from dxa.ledger.answer import ListKey
from dxa_msmail.errors import message as error_text
from dxa_msmail.importlines import Template
from dxa_msmail.importrecords import Others, Records
from dxa_msmail.ordinary import Run
from dxa_msmail.postoffice.book import Book, Writer
from dxa_msmail.postoffice.maildata import Changing
from dxa_msmail.postoffice.networkrecords import HOSTS
from dxa_msmail.postoffice.shelves import Refused
from dxa_msmail.postoffice.templates import ListTemplate
from dxa_msmail.programs.importing.creating import Creating
from dxa_msmail.programs.importing.log import Left, Taken, left
from dxa_msmail.programs.importing.pol import PolImport
from dxa_msmail.requestor.lists import ALIAS_EXISTS, LOCAL_IGNORED, NO_ALIAS, Applying, entry_key, list_key

_BAD_TEMPLATE, _NO_TEMPLATES = 38, 73


@attrs.define
class BookImport:
    """The lists while records are put into them; `finish` writes those that have changed.

    `own` is the postoffice's own list, which nobody else changes (66). Without `templates` neither definitions nor
    values count (73).
    """

    change: Changing
    book: Book
    own: ListKey
    creating: Creating
    templates: bool
    #: The postoffice's own list, when what comes into the others comes into it, too.
    pol: PolImport | None = None
    rejects: list[Reject] = attrs.field(factory=list)
    counts: Counter[Verb] = attrs.field(factory=Counter)
    #: The lists that were written.
    written: tuple[ListKey, ...] = ()
    _applying: Applying = attrs.field(init=False)
    _definitions: dict[ListKey, ListTemplate] = attrs.field(factory=dict)
    _taken: list[Taken] = attrs.field(factory=list)
    #: Types and lists, as they are written, of which this need not be asked again.
    _ready: set[tuple[str, str]] = attrs.field(factory=set)

    def __attrs_post_init__(self) -> None:
        self._applying = Applying(self.own, self.book)

    def clear(self, types: Collection[str]) -> None:
        """Empty all lists of these address types: what comes now is everything of them."""
        for place in self.book.places.values():
            if place.type in types:
                self.replace(place.type, place.list)

    def replace(self, type_: str, list_: str) -> None:
        """Empty one list."""
        self._applying.apply(Transaction(0, Verb.REPLACE, None, list_entry(type_, list_)))

    def apply(self, records: Records, *, replaces: bool = True) -> None:
        """Put records into the lists, in their order.

        With `replaces` false (the records are not all) a replace removes nobody.
        """
        self._taken.append(Taken(records, len(self.rejects)))
        self.rejects += records.rejects
        for part in records.parts:
            if isinstance(part, Others):
                self._others(part, replaces)
            elif not (part.verb is Verb.ADD and self._has_place(part.entries[0]) and self._add_all(part)):
                for line, row in zip(part.lines, part.transactions, strict=True):
                    self._transaction(line, row)

    def _others(self, part: Others, replaces: bool) -> None:
        for place, run in groupby(_in_order(part), key=_added_to):
            first, *others = run
            self._one(*first, replaces)
            adds = [(line, row) for line, row in others if isinstance(row, Transaction)]
            lines, rows = [line for line, _ in adds], [row for _, row in adds]
            if not (place in self._ready and self._add_all(Others(lines=lines, transactions=rows))):
                for each in others:
                    self._one(*each, replaces)

    def _add_all(self, adds: Run | Others) -> bool:
        """Put many adds to one list into it, which has a place, unless that needs care: then nothing is done."""
        entries = adds.entries
        if not self.templates and any(entry.fields for entry in entries):
            return False
        if entries and not self._applying.add_all(entries):
            return False
        self.counts[Verb.ADD] += len(entries)
        if self.pol is not None:
            for line, row in zip(adds.lines, adds.transactions, strict=True):
                self._tell_own_list(self.pol, line, row)
        return True

    def _one(self, line: int, item: Transaction | Template, replaces: bool) -> None:
        if isinstance(item, Template):
            self._define(line, item)
        elif replaces or item.verb is not Verb.REPLACE:
            for row in self._each_node(item):
                self._transaction(line, row)

    def _each_node(self, row: Transaction) -> Iterable[Transaction]:
        """The transaction; of a replace of a host's gateway without a node one for each node (KB Q96060)."""
        entry = row.new
        if row.verb is not Verb.REPLACE or entry is None or entry.type not in HOSTS or entry.list:
            return [row]
        nodes = [place for place in self.book.places.values() if place.type == entry.type]
        return [row._replace(new=list_entry(place.type, place.list)) for place in nodes]

    def _transaction(self, line: int, row: Transaction) -> None:
        entry = row.new or row.old
        assert entry is not None
        if (entry.type, entry.list) not in self._ready and not self._is_ready(line, row, entry):
            return
        if not self.templates and row.new is not None and row.new.fields:
            text = f"{error_text(_NO_TEMPLATES)}: {row.new.name}"
            self.rejects.append(Reject(row.number, line, row.raw, _NO_TEMPLATES, text))
            row = row._replace(new=row.new._replace(fields=()))
        found = self._applying.rejects
        self._applying.apply(row)
        self.counts[row.verb] += 1
        # A modify of somebody who was not there counted as an add.
        if self.pol is not None and all(reject.code == NO_ALIAS for reject in found):
            self._tell_own_list(self.pol, line, row)
        if found:
            self.rejects += [reject._replace(line=line) for reject in found]
            found.clear()

    def _tell_own_list(self, pol: PolImport, line: int, row: Transaction) -> None:
        why = pol.apply(row)
        if why:
            self.rejects.append(Reject(row.number, line, row.raw, ALIAS_EXISTS, why))

    def _is_ready(self, line: int, row: Transaction, entry: Entry) -> bool:
        """Whether the transaction's list has a place, or gets one now."""
        if not self._is_there(entry):
            if row.verb is Verb.DELETE:
                return False  # nobody is left to be deleted
            code, text = self.creating.fault(list_key(entry), entry.list)
            if code:
                whom = entry.name or "the whole list"
                self.rejects.append(Reject(row.number, line, row.raw, code, f"{text} ({whom})"))
                return False
        self._ready.add((entry.type, entry.list))
        return True

    def _is_there(self, entry: Entry) -> bool:
        """Whether the entry's list needs no place any more."""
        key = list_key(entry)
        # A modify by name alone (KB Q152424) has no list.
        return key in self.book.places or key in self._applying.lists or key == self.own or not entry.type

    def _has_place(self, entry: Entry) -> bool:
        """Whether an add finds its list, or that gets a place now."""
        return self._is_there(entry) or not self.creating.fault(list_key(entry), entry.list)[0]

    def _define(self, line: int, template: Template) -> None:
        """KB Q125920: a T line gives the list a template, and discards all values that it has."""
        key = template.type, template.list.casefold()
        raw = f"T {template.type}:{template.list}"

        def refuse(code: int, text: str) -> None:
            self.rejects.append(Reject(template.number, line, raw, code, text))

        if key == self.own:
            refuse(LOCAL_IGNORED, f"{error_text(LOCAL_IGNORED)}: {raw}")
            return
        if not self.templates:
            refuse(_NO_TEMPLATES, f"{error_text(_NO_TEMPLATES)}: {raw}")
            return
        code, text = self.creating.fault(key, template.list)
        if code:
            refuse(code, text)
            return
        found = ListTemplate(template.fields)
        for number in found.bad:
            refuse(_BAD_TEMPLATE, f"{error_text(_BAD_TEMPLATE)}: {found.lines[number - 1]!r}, in the template of {raw}")
        self._definitions[key] = found
        applying = self._applying
        now = applying.lists.get(key, self.book.get(key, {}))
        if any(entry.fields for entry in now.values()):
            applying.lists[key] = {at: entry._replace(fields=()) for at, entry in now.items()}

    def finish(self, *, make_templates: bool) -> None:
        """Write the new postoffices, the lists that have changed and those that were damaged."""
        self.creating.finish()
        book, lists = self.book, self._applying.lists
        writer = Writer(self.change, book, definitions=self._definitions, make_templates=make_templates)
        for key, entries in lists.items():
            before = book.get(key)
            if before is None or key in self._definitions or key in book.damaged or _differ(before, entries):
                writer.write(key, entries)
        for key in (key for key in (*self._definitions, *book.damaged) if key not in lists):
            writer.write(key, book.get(key, {}))
        written = writer.written()
        self.written = written.lists
        if self.pol is not None:
            self.pol.save(self.change)
        if written.refused:
            self._refuse(written.refused)

    @property
    def left(self) -> list[Left]:
        """The records of which something could not be used, whole, in the order in which they came."""
        return left(self._taken, self.rejects)

    def _refuse(self, refused: Iterable[Refused]) -> None:
        """What could not be written, with the numbers of the records that said it."""
        told = {
            (list_key(row.new), entry_key(row.new)): (row, line)
            for taken in self._taken
            for row, line in zip(taken.records.transactions, taken.records.lines, strict=True)
            if row.new is not None
        }
        for each in refused:
            row, line = told.get((each.list, entry_key(each.entry)), (None, 0))
            number, raw = (row.number, row.raw) if row else (0, _title(each.entry))
            self.rejects.append(Reject(number, line, raw, each.code, each.reason))


def _differ(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> bool:
    """Whether the entries, which know their keys, are others. Most lists come in their order, which is told at once."""
    return [*before.values()] != [*after.values()] and before != after


def _added_to(item: tuple[int, Transaction | Template]) -> tuple[str, str] | None:
    """The type and the list of an add, as they are written."""
    row = item[1]
    return None if isinstance(row, Template) or row.verb is not Verb.ADD or row.new is None else row.new[1:3]


def _in_order(part: Others) -> Iterator[tuple[int, Transaction | Template]]:
    """Transactions and template definitions as they follow each other."""
    rows = zip(part.lines, part.transactions, strict=True)
    if not part.templates:
        return rows
    templates = ((template.line, template) for template in part.templates)
    return merge(rows, templates, key=lambda item: item[0])


def _title(entry: Entry) -> str:
    return f"{entry.name} {entry.type}:{entry.address}"
