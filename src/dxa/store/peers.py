"""What is known of peers beside their configuration."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from sqlalchemy import bindparam, delete, select, union, update
from sqlalchemy.sql import ClauseElement

from dxa.dirsync import requestor, server
from dxa.ledger.answer import Pick
from dxa.store import schema
from dxa.store.counters import Counters
from dxa.store.database import Database, Record, adding, fixed
from dxa.store.schema import peer
from dxa.store.serial import asking_text, pick_text, read_asking, read_pick, read_state, restored, state_text, storable


@attrs.frozen(kw_only=True)
class PeerRow:
    """One peer: the state of its machine, what it asked to see, and what was seen of it last.

    `rules` is the digest of the import rules at the last plan; `limit` the bytes that one answer may have.
    """

    id: str
    link: str
    name: str
    state: server.State
    pick: Pick
    limit: int | None = None
    cursor: str = ""
    view: int | None = None
    rules: str = ""
    reply_to: str = ""
    note: str = ""
    created_at: float
    heard_at: float | None = None
    answered_at: float | None = None
    #: Of a server whose requestor dxa is, the numbers there.
    asking: requestor.State = attrs.field(factory=requestor.State)


_ADD = adding(peer)
_DROP = delete(peer).where(peer.c.id == bindparam("key"))
_GET = select(peer).where(peer.c.id == bindparam("key"))
_OF_LINK = select(peer).where(peer.c.link == bindparam("key")).order_by(peer.c.id)
_ALL = select(peer).order_by(peer.c.id)

_LINKS = union(select(peer.c.link), select(schema.view.c.link))

_OF_PEER = (
    *(schema.received, schema.told, schema.cut, schema.numbered),
    *(schema.queued, schema.reject, schema.notice),
)
#: What goes when a peer goes; runs and archives stay.
_REMOVALS: tuple[ClauseElement, ...] = tuple(
    delete(table).where(table.c.peer == bindparam("key"))
    for table in (
        schema.received,
        schema.told,
        schema.cut,
        schema.numbered,
        schema.queued,
        schema.reject,
        schema.notice,
    )
)
_SCOPES: tuple[ClauseElement, ...] = tuple(
    delete(table).where(column == bindparam("key"))
    for table, column in (
        (schema.held, schema.held.c.scope),
        (schema.verdict, schema.verdict.c.scope),
        (schema.notice, schema.notice.c.peer),
    )
)
_UNSENT = (
    update(schema.parcel)
    .values(status=fixed("refused"), reason=fixed("the peer was removed"))
    .where(schema.parcel.c.peer == bindparam("key"), schema.parcel.c.status == fixed("ready"))
)


class Peers:
    """The table of peers."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def get(self, id_: str) -> PeerRow | None:
        """The peer with that id, if it has been heard of."""
        row = self._db.first(_GET, id_)
        return None if row is None else _peer(row)

    def of_link(self, link: str) -> dict[str, PeerRow]:
        """The peers of a link by their names in folded case."""
        rows = map(_peer, self._db.rows(_OF_LINK, link))
        return {row.name.casefold(): row for row in rows}

    def all(self) -> list[PeerRow]:
        """All peers by id."""
        return list(map(_peer, self._db.rows(_ALL)))

    def links(self) -> list[str]:
        """The links that anything is stored of."""
        return self._db.column(_LINKS)

    def put(self, rows: Iterable[PeerRow]) -> None:
        """Store peers, new or known."""
        rows = list(rows)
        with self._db.transaction():
            self._db.many(_DROP, [(row.id,) for row in rows])
            self._db.many(_ADD, map(_tuple, rows))

    def remove(self, id_: str) -> None:
        """Forget a peer and all that it told or may hold; only runs and the archives of messages keep its name."""
        with self._db.transaction():
            for statement in _REMOVALS:
                self._db.run(statement, id_)
            self.forget_plans(id_)
            self._db.run(_UNSENT, id_)
            self._counters.remove_of(id_)
            self._db.run(_DROP, id_)

    def forget_plans(self, id_: str) -> None:
        """Forget what is held of the plans of a peer, what was decided about them, and what was told of them."""
        with self._db.transaction():
            for scope in (f"in {id_}", f"out {id_}", f"full {id_}"):
                for statement in _SCOPES:
                    self._db.run(statement, scope)


def _tuple(row: PeerRow) -> tuple[object, ...]:
    return (
        row.id,
        row.link,
        row.name,
        state_text(row.state),
        pick_text(row.pick),
        row.limit,
        row.cursor,
        row.view,
        row.rules,
        row.reply_to,
        storable(row.note),
        row.created_at,
        row.heard_at,
        row.answered_at,
        asking_text(row.asking),
    )


def _peer(row: Record) -> PeerRow:
    id_, link, name, state, pick, limit, cursor, view, rules, reply_to, note, created_at, heard_at, *last = row
    answered_at, asking = last
    return PeerRow(
        id=id_,
        link=link,
        name=name,
        state=read_state(state),
        pick=read_pick(pick),
        limit=limit,
        cursor=cursor,
        view=view,
        rules=rules,
        reply_to=reply_to,
        note=restored(note),
        created_at=created_at,
        heard_at=heard_at,
        answered_at=answered_at,
        asking=read_asking(asking),
    )
