"""What is stored of a peer as that of another one: when a link, a role or a name changes, and nobody may be lost."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select, update

from dxa.store import schema
from dxa.store.counters import Counters
from dxa.store.database import Database, among, setting
from dxa.store.schema import received, told

r = received.c
_KEYS = select(r.key).where(r.peer == bindparam("of"), r.key.in_(among()))
_ROWS = select(r.id, r.key).where(r.peer == bindparam("of"))
_GIVE = setting(received, "peer").where(r.id == bindparam("row"))
_DROP = delete(received).where(r.id == bindparam("row"))
_LINKED = select(r.id, r.recipient).where(r.peer == bindparam("of"), r.recipient.is_not(None))
_FORGET_TOLD = delete(told).where(told.c.peer == bindparam("of"))
_NUMBERED = update(schema.numbered).values(peer=bindparam("to")).where(schema.numbered.c.peer == bindparam("of"))
_QUEUED = update(schema.queued).values(peer=bindparam("to")).where(schema.queued.c.peer == bindparam("of"))

#: Tables with a column `peer`, whose rows go along when a peer is called otherwise.
_OF_PEER = (received, told, schema.cut, schema.numbered, schema.queued, schema.reject, schema.notice, schema.parcel)
_RENAME = tuple(setting(table, "peer").where(table.c.peer == bindparam("of")) for table in _OF_PEER)
_PEER = setting(schema.peer, "id", "name").where(schema.peer.c.id == bindparam("of"))
#: Counters that are kept of each peer.
_COUNTERS = ("revision", "empty", "tail", "contact", "in step")


class Handover:
    """Moves what is stored of peers; the caller holds a transaction."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def linked(self, peer: str) -> dict[int, int]:
        """The recipient of each row that the peer tells, by row."""
        return dict(self._db.rows(_LINKED, peer))

    def rows(self, peer: str, to: str, rows: Iterable[int]) -> None:
        """Another peer tells these rows from now on; where it tells an entry itself, that stands."""
        wanted = set(rows)
        keys = {key: id_ for id_, key in self._db.rows(_ROWS, peer) if id_ in wanted}
        there = {row[0] for row in self._db.among(_KEYS, keys, to)}
        self._db.many(_GIVE, [(to, id_) for key, id_ in keys.items() if key not in there])
        self._db.many(_DROP, [(id_,) for key, id_ in keys.items() if key in there])
        for id_ in (peer, to):
            self._counters.take(f"revision:{id_}", 1)

    def drop(self, rows: Iterable[int]) -> None:
        """Forget these rows, whatever they are applied to."""
        self._db.many(_DROP, [(id_,) for id_ in rows])

    def protocol(self, peer: str, to: str) -> None:
        """What is known of the numbers of a peer is known of another one, which has none yet."""
        self._db.run(_NUMBERED, to, peer)
        self._db.run(_QUEUED, to, peer)
        self._counters.set(f"contact:{to}", self._counters.get(f"contact:{peer}"))

    def forget_told(self, peer: str) -> None:
        """Nothing counts as told by the peer outside its own lists."""
        self._db.run(_FORGET_TOLD, peer)

    def rename(self, peer: str, to: str, name: str) -> None:
        """A peer is called otherwise; everything else of it stays. What was decided about its plans does not."""
        for statement in _RENAME:
            self._db.run(statement, to, peer)
        self._db.run(_PEER, to, name, peer)
        for counter in _COUNTERS:
            self._counters.set(f"{counter}:{to}", self._counters.get(f"{counter}:{peer}"))
        self._counters.remove_of(peer)
