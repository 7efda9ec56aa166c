"""The archive of what came in."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from sqlalchemy import bindparam, delete, select

from dxa.store.counters import Counters
from dxa.store.database import Database, adding
from dxa.store.schema import message
from dxa.store.serial import restored, storable


@attrs.frozen(kw_only=True)
class MessageRow:
    """One message as it came; `peer` is who it claimed to be from, `status` is taken, refused or kept."""

    id: int = 0
    link: str
    peer: str
    receipt: str
    digest: str
    title: str
    status: str
    verdict: str
    count: int
    at: float
    raw: bytes = b""


m = message.c
_ADD = adding(message)
_COLUMNS = [column for column in m if column.name != "data"]
_GET = select(*_COLUMNS, m.data).where(m.id == bindparam("key"))
_SEEN = select(m.id).where(m.digest == bindparam("of"))
_PRUNE = delete(message).where(m.at < bindparam("before"))


class Messages:
    """The table of messages."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def put(self, rows: Iterable[MessageRow]) -> list[int]:
        """Archive messages; returns their ids."""
        rows = list(rows)
        with self._db.transaction():
            ids = range(first := self._counters.take("message", len(rows)), first + len(rows))
            self._db.many(_ADD, [_tuple(id_, row) for id_, row in zip(ids, rows, strict=True)])
        return list(ids)

    def list(
        self, link: str | None = None, peer: str | None = None, status: str | None = None, limit: int | None = None
    ) -> list[MessageRow]:
        """Messages without their bytes, newest first; `peer` in any case."""
        statement = select(*_COLUMNS).order_by(m.id.desc())
        for column, wanted in ((m.link, link), (m.status, status)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        rows = map(_message, self._db.select(statement))
        return [row for row in rows if peer is None or row.peer.casefold() == peer.casefold()][:limit]

    def get(self, id_: int) -> MessageRow | None:
        """One message with its bytes, as long as it is kept."""
        row = self._db.first(_GET, id_)
        return None if row is None else _message(row, zlib.decompress(bytes(row[-1])))

    def seen(self, digest: str) -> bool:
        """Whether a message with that digest is in the archive."""
        return self._db.first(_SEEN, digest) is not None

    def prune(self, before: float) -> None:
        """Drop messages that came before."""
        self._db.run(_PRUNE, before)


def _tuple(id_: int, row: MessageRow) -> tuple[object, ...]:
    texts = map(storable, (row.link, row.peer, row.receipt, row.digest, row.title, row.status, row.verdict))
    return (id_, *texts, row.count, row.at, zlib.compress(row.raw, 1))


def _message(row: Sequence[Any], raw: bytes = b"") -> MessageRow:
    id_, link, peer, receipt, digest, title, status, verdict, count, at = row[:10]
    return MessageRow(
        id=id_,
        link=link,
        peer=restored(peer),
        receipt=restored(receipt),
        digest=digest,
        title=restored(title),
        status=status,
        verdict=restored(verdict),
        count=count,
        at=at,
        raw=raw,
    )
