"""Received lists: what each peer has told, and how much of it has reached the directory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any

import attrs
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)

from dxa.bulk import batched, made, shared
from dxa.entry import Entry
from dxa.ledger.answer import ListKey
from dxa.ledger.received import GONE, Row, RowChange, digest
from dxa.ledger.view import LISTS
from dxa.store.counters import Counters
from dxa.store.database import BATCH, Record, adding, among, fixed, setting
from dxa.store.schema import received
from dxa.store.serial import fields_text, read_fields, restored, storable
from dxa.store.told import Told

#: The counter ``revision:PEER`` goes up with every change to the rows of a peer.
_REVISION = "revision"
#: No digest is like this: what stands for the pinned digest of a row that has none.
_NONE = fixed("-")

t = received.c
_ENTRY = (t.key, t.type, t.list, t.name, t.address, t.fields, t.anchor)
_ROW = (t.id, *_ENTRY, t.digest)
_PENDING_ROW = (*_ROW, t.applied, t.recipient, t.raw)
_PEER = t.peer == bindparam("peer")
_ALIVE = t.digest != fixed(GONE)
_ID = t.id == bindparam("row")


def _is_pending(digest_: Any, applied: Any = t.applied, pinned: Any = t.pinned) -> Any:
    return case((and_(digest_ != applied, digest_ != func.coalesce(pinned, _NONE)), true()), else_=false())


_ADD = adding(received, "id", applied=fixed(GONE), pinned=null(), pending=true(), recipient=null())
_CHANGE = setting(
    received,
    *("key", "type", "list", "list_key", "name", "address", "fields", "anchor", "raw", "marked", "digest"),
    pending=_is_pending(bindparam("new_digest")),
).where(_ID)
_FORGET = delete(received).where(_ID, t.applied == fixed(GONE), t.recipient.is_(None))
#: A row that was never applied, but counts as told of somebody, is pending: that it counts has to end.
_ENDING = case((and_(t.applied == fixed(GONE), t.recipient.is_not(None)), true()), else_=_is_pending(fixed(GONE)))
_DELETE = setting(received, digest=fixed(GONE), pending=_ENDING).where(_ID)

_BY_KEYS = select(*_ROW).where(_PEER, t.key.in_(among()))
_BY_NAMES = select(*_ROW).where(_PEER, t.name.in_(among()))
_BY_ANCHORS = select(*_ROW).where(_PEER, t.anchor != fixed(""), t.anchor.in_(among()))
_BY_LISTS = select(*_ROW).where(_PEER, t.list_key.in_(among()))
_ALL = select(*_ROW).where(_PEER)
_PENDING = select(*_PENDING_ROW).where(_PEER, t.pending).order_by(t.id)
_ALIVE_OR_PENDING = select(*_PENDING_ROW).where(_PEER, or_(_ALIVE, t.pending)).order_by(t.id)
_PEERS_PENDING = select(t.peer).distinct().where(t.pending).order_by(t.peer)
_HAS_PENDING = select(t.id).where(_PEER, t.pending)
#: Definitions of lists count as told of the recipient `LISTS`, which is nobody.
_LISTS: ColumnElement[Any] = literal_column(str(LISTS))
_SOMEBODY = func.coalesce(t.recipient, literal_column("-1")) != _LISTS
_COUNT = select(func.count()).select_from(received).where(_PEER, _ALIVE, _SOMEBODY)
_DEFINITIONS = select(t.peer, *_ENTRY).where(_ALIVE, t.recipient == _LISTS)
_OF_RECIPIENTS = select(t.recipient, *_ENTRY).where(_PEER, _ALIVE, t.recipient.in_(among()))
_RECIPIENTS = select(t.recipient).where(
    _PEER, t.recipient.is_not(None), or_(_ALIVE, func.coalesce(t.pinned, _NONE) != fixed(GONE))
)
_MARKED = select(*_ENTRY).where(_PEER, _ALIVE, t.marked)
_MARK = setting(received, marked=true()).where(_PEER, t.key == bindparam("marked_key"), _ALIVE)
_UNMARK = setting(received, marked=false()).where(_PEER, t.key == bindparam("marked_key"))

_APPLIED = setting(
    received, "applied", "recipient", pinned=null(), pending=_is_pending(t.digest, bindparam("new_applied"), null())
).where(_ID)
_REMOVE = delete(received).where(_ID, t.digest == fixed(GONE))
_LINK = setting(received, "recipient").where(_ID)
_PIN = setting(received, pinned=t.digest, pending=false()).where(_PEER, _ID)
_UNPIN = setting(received, pinned=null(), pending=_is_pending(t.digest, pinned=null())).where(_PEER, _ID)
_TRANSFER = setting(received, "peer").where(_PEER)

_POSITIONS = select(t.id, t.key, t.position).where(_PEER, _ALIVE)
_PLACE = setting(received, "position").where(_ID)
_PLACES = select(t.list_key, t.position).where(_PEER, t.id.in_(among()))
_LAST_PLACE = select(t.id, t.position).where(_PEER, _ALIVE, t.list_key.in_(among()))


@attrs.define  # frozen ones are made half as fast, and a first import makes very many
class PendingRow:
    """A row that says something else than the directory has of it; `applied` and `digest` as in the table."""

    id: int
    entry: Entry
    alive: bool
    applied: str
    digest: str
    recipient: int | None
    raw: str


class Received(Told):
    """The received lists of all peers, and what peers told outside their own lists."""

    # -- rows, for `ledger.received.hear` --------------------------------------------------------------------------

    def by_keys(self, peer: str, keys: Iterable[str]) -> list[Row]:
        """The rows with these keys."""
        return list(map(_row, self._db.among(_BY_KEYS, keys, peer)))

    def by_names(self, peer: str, names: Iterable[str]) -> list[Row]:
        """The rows with these very names, whatever their list."""
        return list(map(_row, self._db.among(_BY_NAMES, names, peer)))

    def by_anchors(self, peer: str, anchors: Iterable[str]) -> list[Row]:
        """The rows with these anchors."""
        return list(map(_row, self._db.among(_BY_ANCHORS, anchors, peer)))

    def by_lists(self, peer: str, lists: Iterable[ListKey]) -> list[Row]:
        """The rows of these lists."""
        return list(map(_row, self._db.among(_BY_LISTS, map(_list_key, lists), peer)))

    def all(self, peer: str) -> list[Row]:
        """All rows."""
        return list(map(_row, self._db.rows(_ALL, peer)))

    # -- hearing ---------------------------------------------------------------------------------------------------

    def hear(
        self,
        peer: str,
        changes: Sequence[RowChange],
        *,
        marked: Collection[str],
        raws: Mapping[str, str],
        positions: Mapping[str, int] | None = None,
        told: Collection[str] = (),
    ) -> None:
        """Store what a report does to the rows of its peer.

        Args:
            marked: keys of entries that bear our mark, changed ones or not.
            told: keys of entries that it tells, changed ones or not: who is not marked among them is not ours.
            raws: the raw form by key.
            positions: of a full report, the place of each key in it, from 1 on.
        """
        with self._db.transaction():
            places: Mapping[str, int] = positions or {}
            self._db.many(_CHANGE, _changed(changes, marked, raws))
            gone = [(change.id,) for change in changes if change.after is None]
            self._db.many(_FORGET, gone)
            self._db.many(_DELETE, gone)
            self._db.many(_ADD, _added(peer, changes, marked, raws, places))
            if changes or marked or places or told:
                self._touch(peer)
            if marked or places or told:
                heard = {change.after.key for change in changes if change.after is not None}
                self._mark(peer, marked, heard, None if places else frozenset(told))
                if heard and len(places) > len(heard):
                    self._reorder(peer, places)

    def _mark(self, peer: str, marked: Collection[str], heard: Collection[str], told: frozenset[str] | None) -> None:
        """Mark entries that stayed the same, too; who is `told` (None: everybody) and not marked is so no more."""
        rest = [key for key in marked if key not in heard]
        known = {row[0] for row in self._db.stream(_MARKED, peer)} if rest or told is None or told else set()
        self._db.many(_MARK, [(peer, key) for key in rest if key not in known])
        self._db.many(_UNMARK, [(peer, key) for key in known if key not in marked and (told is None or key in told)])

    def _reorder(self, peer: str, positions: Mapping[str, int]) -> None:
        """Give the rows their places in the report, unless those that they have tell the same order."""
        rows = [(positions[key], place, id_) for id_, key, place in self._db.rows(_POSITIONS, peer) if key in positions]
        rows.sort()
        if any(before[1] >= after[1] for before, after in pairwise(rows)):
            self._db.many(_PLACE, [(new, id_) for new, old, id_ in rows if new != old])

    def at_end(self, peer: str, ids: Iterable[int]) -> bool:
        """Whether these rows stood behind all other entries of their lists in the last full reports.

        An entry that has come since, with changes, has no place: it may have stood there.
        """
        gone = set(ids)
        rows = list(self._db.among(_PLACES, gone, peer))
        places = [row for row in rows if row[1]]
        if not places:
            return bool(rows)
        others = self._db.among(_LAST_PLACE, (list_key for list_key, _ in places), peer)
        last = max((place for id_, place in others if id_ not in gone), default=-1)
        return bool(min(place for _, place in places) >= last)

    # -- pending ---------------------------------------------------------------------------------------------------

    def pending(self, peer: str) -> list[PendingRow]:
        """The rows that are not in the directory as the peer tells them, but for pinned ones."""
        return list(_pending_rows(self._db.rows(_PENDING, peer)))

    def alive_or_pending(self, peer: str) -> list[PendingRow]:
        """What is pending, and all that the peer tells: for changed import rules."""
        return list(_pending_rows(self._db.rows(_ALIVE_OR_PENDING, peer)))

    def has_pending(self, peer: str) -> bool:
        """Whether anything is pending."""
        return self._db.first(_HAS_PENDING, peer) is not None

    def peers_pending(self) -> list[str]:
        """The peers of which something is pending."""
        return self._db.column(_PEERS_PENDING)

    def applied(self, peer: str, rows: Iterable[tuple[int, str, int | None]]) -> None:
        """The directory has these rows as (row, digest, recipient) say; a deletion that it has ends its row."""
        rows = list(rows)
        with self._db.transaction():
            if rows:
                self._touch(peer)
            self._db.many(_REMOVE, [(id_,) for id_, digest_, _ in rows if digest_ == GONE])
            self._db.many(_APPLIED, ((digest_, recipient, digest_, id_) for id_, digest_, recipient in rows))

    def link(self, peer: str, rows: Iterable[tuple[int, int]]) -> None:
        """Note the recipient that each of these rows is about, though it is not applied."""
        with self._db.transaction():
            self._touch(peer)
            self._db.many(_LINK, [(recipient, id_) for id_, recipient in rows])

    def pin(self, peer: str, ids: Iterable[int]) -> None:
        """What these rows say now is rejected: they are not pending until they say something else."""
        with self._db.transaction():
            self._touch(peer)
            self._db.many(_PIN, [(peer, id_) for id_ in ids])

    def unpin(self, peer: str, ids: Iterable[int]) -> None:
        """Take a rejection back."""
        with self._db.transaction():
            self._touch(peer)
            self._db.many(_UNPIN, [(peer, id_) for id_ in ids])

    # -- looking ---------------------------------------------------------------------------------------------------

    def revision(self, peer: str) -> int:
        """A number that is another one after every change to the rows of the peer."""
        return Counters(self._db).get(f"{_REVISION}:{peer}")

    def _touch(self, peer: str) -> None:
        Counters(self._db).take(f"{_REVISION}:{peer}", 1)

    def count(self, peer: str) -> int:
        """How many entries the peer tells."""
        return int(self._db.value(_COUNT, peer))

    def definitions(self) -> list[tuple[str, Entry]]:
        """The definitions of lists that all peers tell, each with its peer, in the order of peers and lists."""
        rows = self._db.rows(_DEFINITIONS)
        return sorted((row[0], _entry(*row[1:])) for row in rows)

    def of_recipients(self, peer: str, ids: Iterable[int]) -> dict[int, Entry]:
        """What the peer tells of these recipients."""
        return {row[0]: _entry(*row[1:]) for row in self._db.among(_OF_RECIPIENTS, ids, peer)}

    def recipients(self, peer: str) -> set[int]:
        """The recipients that count as told by the peer; it has deleted some of them, and that is not rejected."""
        return set(self._db.column(_RECIPIENTS, peer))

    def marked(self, peer: str) -> dict[str, Entry]:
        """The entries that bear our mark, by key."""
        return {row[0]: _entry(*row) for row in self._db.stream(_MARKED, peer)}

    def transfer(self, peer: str, to: str) -> None:
        """Another peer tells from now on what this one told."""
        with self._db.transaction():
            self._touch(to)
            self._db.run(_TRANSFER, to, peer)
            self.transfer_told(peer, to)


def _list_key(list_: ListKey) -> str:
    return f"{list_[0]}:{list_[1].casefold()}"


def _entry(key: str, type_: str, list_: str, name: str, address: str, fields: str, anchor: str) -> Entry:
    return Entry(key, type_, list_, name, address, read_fields(fields), anchor)


def _row(record: Record) -> Row:
    id_, key, type_, list_, name, address, fields, anchor, digest_ = record
    return Row(id_, Entry(key, type_, list_, name, address, read_fields(fields), anchor), digest_ != GONE)


def _pending_rows(records: Iterable[Record]) -> Iterator[PendingRow]:
    for part in batched(records, BATCH):
        ids, keys, types, lists, names, addresses, fields, anchors, digests, *rest, raws = zip(*part, strict=True)
        where = shared(types), shared(lists)
        entries = made(Entry, keys, *where, names, addresses, map(read_fields, fields), anchors)
        alive = [digest_ != GONE for digest_ in digests]
        applied, recipients = rest
        yield from map(PendingRow, ids, entries, alive, applied, digests, recipients, map(restored, raws))


def _changed(
    changes: Iterable[RowChange], marked: Collection[str], raws: Mapping[str, str]
) -> Iterator[tuple[object, ...]]:
    for id_, _, entry in changes:
        if id_ and entry is not None:
            key, type_, list_, name, address, fields, anchor = entry
            digest_ = digest(entry)
            head = (key, type_, list_, _list_key((type_, list_)), name, address, fields_text(fields), anchor)
            yield (*head, storable(raws.get(key, "")), key in marked, digest_, digest_, digest_, id_)


def _added(
    peer: str,
    changes: Iterable[RowChange],
    marked: Collection[str],
    raws: Mapping[str, str],
    positions: Mapping[str, int],
) -> Iterator[tuple[object, ...]]:
    fresh = (entry for id_, _, entry in changes if not id_ and entry is not None)
    for part in batched(fresh, BATCH):
        keys, types, lists, names, addresses, fields, anchors = zip(*part, strict=True)
        list_keys = map(_list_key, zip(types, lists, strict=True))
        head = keys, types, lists, list_keys, names, addresses, map(fields_text, fields)
        raw = (storable(raws.get(key, "")) for key in keys)
        ours = map(marked.__contains__, keys)
        places = (positions.get(key, 0) for key in keys)
        yield from zip(repeat(peer), *head, raw, map(digest, part), ours, places, anchors, strict=False)
