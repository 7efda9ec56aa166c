"""Views: the numbered history of what peers should see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, repeat, starmap
from typing import Any

import attrs
from sqlalchemy import bindparam, delete, func, or_, select, union

from dxa.bulk import batched, made, shared
from dxa.errors import StoreError
from dxa.ledger.answer import ListKey
from dxa.ledger.view import FormKey, Line, Shown, Transition
from dxa.rules.naming import name_key, name_keys
from dxa.store.counters import Counters
from dxa.store.database import BATCH, Database, Record, adding, among, fixed, setting
from dxa.store.schema import carried, row, view
from dxa.store.serial import fields_text, read_fields

#: So much of a name's key stays in all its numbered forms.
STEM = 24
#: From so many names on, all slots are read at once.
MANY = 5_000

#: A line with the numbers at which it started and ended.
Dated = tuple[Line, int, int | None]
#: What is unique in a view: (type, folded list), folded name.
Slot = tuple[ListKey, str]


@attrs.frozen(kw_only=True)
class ViewRow:
    """One view: digests of the export rules that it shows and should show, how far it has come, and its last number."""

    id: int
    link: str
    name: str
    rules: str = ""
    wanted: str = ""
    usn: int = 0
    head: int = 0


v, r = view.c, row.c
_ADD_VIEW = adding(view)
_UPDATE_VIEW = setting(view, "rules", "wanted", "usn", "head").where(v.id == bindparam("key"))
_GET_VIEW = select(view).where(v.id == bindparam("key"))
_OF_LINK = select(view).where(v.link == bindparam("key")).order_by(v.id)

_LINE = (r.recipient, r.type, r.instead_of, r.list, r.name, r.address, r.fields, r.owner, r.wanted)
_VIEW = r.view == bindparam("in_view")
_ALIVE = r.until.is_(None)
#: Always true; it leads SQLite to the index of the living.
_ANY_SLOT = r.slot > fixed("")
_KEPT = or_(_ALIVE, r.until > bindparam("oldest"))
_LIVE = select(*_LINE).where(_VIEW, _ALIVE, r.recipient.in_(among()))
_LIVE_ALL = select(*_LINE).where(_VIEW, _ALIVE).order_by(r.slot)
_LIVE_LIST = _LIVE_ALL.where(r.slot >= bindparam("first"), r.slot < bindparam("last"))
_SHOWN = (r.recipient, r.type, r.instead_of, r.list, r.name, r.address, r.fields)
_SHOWN_LIST = _LIVE_LIST.with_only_columns(*_SHOWN)
_COUNT = select(func.count()).select_from(row).where(_VIEW, _ALIVE, _ANY_SLOT)
_ALL_SLOTS = select(r.slot).where(_VIEW, _ALIVE, _ANY_SLOT)
_SLOTS = select(r.slot).where(_VIEW, _ALIVE, r.slot >= bindparam("first"), r.slot < bindparam("last"))
_TOUCHED = union(
    select(r.recipient).where(_VIEW, r.since > bindparam("after"), r.since <= bindparam("upto")),
    select(r.recipient).where(_VIEW, r.until > bindparam("after"), r.until <= bindparam("upto")),
)
_NUMBERS = union(
    select(r.since).where(_VIEW, r.since > bindparam("after"), r.since <= bindparam("upto")),
    select(r.until).where(_VIEW, r.until > bindparam("after"), r.until <= bindparam("upto")),
)
_HISTORY = select(*_LINE, r.since, r.until).where(_VIEW, _KEPT, r.recipient.in_(among()))
_HISTORY_ALL = select(*_LINE, r.since, r.until).where(_VIEW, _KEPT)
_AT = select(*_LINE).where(_VIEW, r.since <= bindparam("number"), or_(_ALIVE, r.until > bindparam("number")))
_AT = _AT.order_by(r.slot)
_SHOWN_AT = _AT.with_only_columns(*_SHOWN)
_PRUNE = delete(row).where(_VIEW, r.until <= bindparam("oldest"))

_END = setting(row, "until").where(_VIEW, r.recipient == bindparam("of"), r.instead_of == bindparam("form"), _ALIVE)
_START = adding(row, "id")
_CARRIED = select(carried.c.type, carried.c.list).where(carried.c.view == bindparam("in_view"))
_CARRY = adding(carried)


class Views:
    """All views of all links."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    # -- views -----------------------------------------------------------------------------------------------------

    def create(self, link: str, rules: str) -> ViewRow:
        """A new view, still empty, that should show what these rules say."""
        with self._db.transaction():
            id_ = self._counters.take("view", 1)
            fresh = ViewRow(id=id_, link=link, name=f"{link}/view {id_}", wanted=rules)
            self._db.run(_ADD_VIEW, *attrs.astuple(fresh))
        return fresh

    def get(self, id_: int) -> ViewRow:
        """The view with that id."""
        found = self._db.first(_GET_VIEW, id_)
        if found is None:
            raise StoreError(f"view {id_} is not in the database")
        return _view(found)

    def of_link(self, link: str) -> list[ViewRow]:
        """The views of a link, oldest first."""
        return list(map(_view, self._db.rows(_OF_LINK, link)))

    def update(self, view_: ViewRow) -> None:
        """Store how far a view has come."""
        self._db.run(_UPDATE_VIEW, view_.rules, view_.wanted, view_.usn, view_.head, view_.id)

    # -- lines -----------------------------------------------------------------------------------------------------

    def live(self, view_: int, recipients: Iterable[int]) -> dict[FormKey, Line]:
        """The living lines of these recipients."""
        lines = _lines(self._db.among(_LIVE, recipients, view_))
        return {line.form: line for line in lines}

    def live_all(self, view_: int) -> Iterator[Line]:
        """All living lines by list and name; write nothing while you take them."""
        return _lines(self._db.stream(_LIVE_ALL, view_))

    def live_of(self, view_: int, lists: Iterable[tuple[str, str]]) -> Iterator[Line]:
        """The living lines of these (type, list) pairs by name; write nothing while you take them."""
        firsts = (f"{type_}:{list_.casefold()}{_SEPARATOR}" for type_, list_ in lists)
        rows = (self._db.stream(_LIVE_LIST, view_, first, first + _LAST) for first in firsts)
        return chain.from_iterable(map(_lines, rows))

    def shown_of(self, view_: int, lists: Iterable[tuple[str, str]]) -> Iterator[Shown]:
        """The living lines of these (type, list) pairs by name, in columns; write nothing while you take them."""
        firsts = (f"{type_}:{list_.casefold()}{_SEPARATOR}" for type_, list_ in lists)
        rows = (self._db.stream(_SHOWN_LIST, view_, first, first + _LAST) for first in firsts)
        return chain.from_iterable(map(_shown, rows))

    def count(self, view_: int) -> int:
        """How many lines live."""
        return int(self._db.value(_COUNT, view_))

    def slots(self, view_: int, wanted: Collection[tuple[str, str, str]]) -> set[Slot]:
        """The slots held that a name, or the name with a number appended, could meet, for (type, list, name) each."""
        if len(wanted) > MANY:
            return self.all_slots(view_)
        stems = {_stem(type_, list_, name) for type_, list_, name in wanted}
        found = (self._db.column(_SLOTS, view_, stem, stem + _LAST) for stem in stems)
        return {_slot(slot) for slots in found for slot in slots}

    def all_slots(self, view_: int) -> set[Slot]:
        """All slots held."""
        return {_slot(slot) for slot in self._db.column(_ALL_SLOTS, view_)}

    def carried(self, view_: int, types: frozenset[str] | None = None) -> list[tuple[str, str]]:
        """Every (type, list) of these types, or of all, that the view ever carried."""
        rows = self._db.rows(_CARRIED, view_)
        return sorted((type_, list_) for type_, list_ in rows if types is None or type_ in types)

    # -- history ---------------------------------------------------------------------------------------------------

    def touched(self, view_: int, since: int, upto: int) -> list[int]:
        """The recipients of which a line started or ended after `since` and not after `upto`."""
        return sorted(self._db.column(_TOUCHED, *(view_, since, upto) * 2))

    def numbers(self, view_: int, since: int, upto: int) -> list[int]:
        """The numbers of the transitions after `since` and not after `upto`."""
        return sorted(self._db.column(_NUMBERS, *(view_, since, upto) * 2))

    def history(self, view_: int, recipients: Iterable[int], oldest: int) -> dict[int, list[Dated]]:
        """The lines of these recipients that were alive at `oldest` or later."""
        return _dated(self._db.among(_HISTORY, recipients, view_, oldest))

    def history_all(self, view_: int, oldest: int) -> dict[int, list[Dated]]:
        """The lines of all recipients that were alive at `oldest` or later."""
        return _dated(self._db.stream(_HISTORY_ALL, view_, oldest))

    def at(self, view_: int, number: int) -> Iterator[Line]:
        """The lines that were alive at that number, by list and name; write nothing while you take them."""
        return _lines(self._db.stream(_AT, view_, number, number))

    def shown_at(self, view_: int, number: int) -> Iterator[Shown]:
        """The lines that were alive at that number, by list and name, in columns; write nothing while you take them."""
        return _shown(self._db.stream(_SHOWN_AT, view_, number, number))

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self, view_: int, transitions: Sequence[Transition]) -> None:
        """End and start lines.

        Raises:
            StoreError: a line that should end is not alive, or two living lines would have one slot.
        """
        started: dict[FormKey, tuple[Line, int]] = {}
        ended: list[tuple[int, int, int, str]] = []
        passing: list[tuple[Line, int, int]] = []
        for number, old, new in transitions:
            if old is not None and (brief := started.pop(old.form, None)) is not None:
                passing.append((*brief, number))
            elif old is not None:
                ended.append((number, view_, *old.form))
            if new is not None:
                started[new.form] = (new, number)
        rows: list[tuple[Line, int, int | None]] = [
            *passing,
            *((line, since, None) for line, since in started.values()),
        ]
        with self._db.transaction():
            if self._db.many(_END, ended) != len(ended):
                raise StoreError(f"view {view_}: a line that was to end is not there")
            self._db.many(_START, _tuples(view_, rows))
            self._carry(view_, {(line.type, line.list) for line, _, _ in rows})

    def _carry(self, view_: int, lists: Iterable[tuple[str, str]]) -> None:
        known = {(type_, list_.casefold()) for type_, list_ in self._db.rows(_CARRIED, view_)}
        fresh = {(type_, list_.casefold()): (view_, type_, list_) for type_, list_ in sorted(lists)}
        self._db.many(_CARRY, [values for key, values in fresh.items() if key not in known])

    def prune(self, view_: int, oldest: int) -> None:
        """Drop lines that ended at `oldest` or before: no number that anybody may quote shows them."""
        self._db.run(_PRUNE, view_, oldest)


#: Between list and name in a slot; sorts before whatever a name may hold.
_SEPARATOR = "\x1f"
#: Sorts behind whatever a name may go on with.
_LAST = "\U0010ffff"


def _stem(type_: str, list_: str, name: str) -> str:
    return f"{type_}:{list_.casefold()}{_SEPARATOR}{name_key(name)[:STEM].rstrip()}"


def _slot(text: str) -> Slot:
    list_, _, name = text.partition(_SEPARATOR)
    type_, _, folded = list_.partition(":")
    return (type_, folded), name


def _view(values: Record) -> ViewRow:
    id_, link, name, rules, wanted, usn, head = values
    return ViewRow(id=id_, link=link, name=name, rules=rules, wanted=wanted, usn=usn, head=head)


def _lines(rows: Iterable[Record]) -> Iterator[Line]:
    return chain.from_iterable(starmap(_made, _columns(rows)))


def _made(*columns: Sequence[Any]) -> Iterator[Line]:
    recipients, types, instead_of, lists, names, addresses, fields, owners, wanted = columns
    values = {text: read_fields(text) for text in set(fields)}
    where = shared(types), instead_of, shared(lists)
    return made(Line, recipients, *where, names, addresses, map(values.__getitem__, fields), owners, wanted)


def _shown(rows: Iterable[Record]) -> Iterator[Shown]:
    for recipients, types, instead_of, lists, names, addresses, texts in _columns(rows):
        values = {text: read_fields(text) for text in set(texts)}
        fields = list(map(values.__getitem__, texts))
        start = 0
        for place, run in groupby(zip(types, instead_of, lists, strict=True)):
            part = slice(start, start + sum(1 for _ in run))
            yield Shown(*place, recipients[part], names[part], addresses[part], fields[part])
            start = part.stop


def _columns(rows: Iterable[Record]) -> Iterator[Iterator[Sequence[Any]]]:
    """So many rows at a time, column by column."""
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield zip(*batch, strict=True)


def _dated(rows: Iterable[Record]) -> dict[int, list[Dated]]:
    result: dict[int, list[Dated]] = {}
    for columns in _columns(rows):
        *line, since, until = columns
        for each in zip(_made(*line), since, until, strict=True):
            result.setdefault(each[0].recipient, []).append(each)
    # Sorted here, because SQLite would go through a whole view rather than sort.
    for dated in result.values():
        dated.sort(key=_since)
    return result


def _since(dated: Dated) -> int:
    return dated[1]


def _tuples(view_: int, rows: Iterable[tuple[Line, int, int | None]]) -> Iterator[tuple[object, ...]]:
    for part in batched(rows, BATCH):
        lines, since, until = zip(*part, strict=True)
        *head, fields, owners, wanted = zip(*lines, strict=True)
        _, types, _, lists, names, _ = head
        slots = map(_slot_text, types, lists, name_keys(names))
        yield from zip(
            repeat(view_), *head, map(fields_text, fields), owners, wanted, slots, since, until, strict=False
        )


def _slot_text(type_: str, list_: str, key: str) -> str:
    """See `Line.slot`."""
    return f"{type_}:{list_.casefold()}{_SEPARATOR}{key}"
