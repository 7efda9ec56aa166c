"""Records that could not be used, with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

import attrs
from sqlalchemy import bindparam, delete, select

from dxa.entry import Reject
from dxa.store.counters import Counters
from dxa.store.database import Database, adding, fixed, setting
from dxa.store.schema import reject
from dxa.store.serial import restored, storable


@attrs.frozen(kw_only=True)
class RejectRow:
    """One record; `message` is the id of the one it came with, `status` is open, retried, solved or dropped.

    One without a message is about an entry that is known, and cannot be taken or written: its cause can go away.
    """

    id: int
    link: str
    peer: str
    message: int | None
    number: int
    line: int
    raw: str
    code: int
    reason: str
    status: str
    at: float


r = reject.c
_ADD = adding(reject)
_COLUMNS = [column for column in r if column.name != "digest"]
_GET = select(*_COLUMNS).where(r.id == bindparam("key"))
_KNOWN = select(r.id).where(r.peer == bindparam("of"), r.digest == bindparam("same"), r.status == fixed("open"))
_STANDING = select(r.id, r.raw, r.reason).where(
    r.peer == bindparam("of"), r.code == bindparam("which"), r.message.is_(None), r.status == fixed("open")
)
_PEERS = select(r.peer).distinct().where(r.code == bindparam("which"), r.message.is_(None), r.status == fixed("open"))
_PRUNE = delete(reject).where(r.at < bindparam("before"), r.status != fixed("open"))
_SET_STATUS = setting(reject, "status").where(r.id == bindparam("key"))


class Rejects:
    """The table of rejects."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def put(self, link: str, peer: str, message: int | None, rejects: Iterable[Reject], now: float) -> list[int]:
        """Keep rejects; returns their ids."""
        rejects = list(rejects)
        with self._db.transaction():
            ids = range(first := self._counters.take("reject", len(rejects)), first + len(rejects))
            self._db.many(
                _ADD,
                [_tuple(id_, link, peer, message, reject_, now) for id_, reject_ in zip(ids, rejects, strict=True)],
            )
        return list(ids)

    def list(self, peer: str | None = None, status: str | None = "open") -> list[RejectRow]:
        """Rejects, oldest first; of one peer or of all, of one status or of any."""
        statement = select(*_COLUMNS).order_by(r.id)
        for column, wanted in ((r.peer, peer), (r.status, status)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        return list(map(_reject, self._db.select(statement)))

    def get(self, id_: int) -> RejectRow | None:
        """One reject."""
        row = self._db.first(_GET, id_)
        return None if row is None else _reject(row)

    def known(self, peer: str, raw: str, reason: str) -> bool:
        """Whether the same record of that peer is open for the same reason."""
        return self._db.first(_KNOWN, peer, _digest(raw, reason)) is not None

    def standing(self, code: int) -> set[str]:
        """The peers of which entries that are known are rejected with that code."""
        return set(map(restored, self._db.column(_PEERS, code)))

    def solve(self, peer: str, code: int, still: Callable[[str, str], bool]) -> int:
        """Close those of these rejects that are no more, by raw form and reason; returns how many that were."""
        rows = self._db.rows(_STANDING, storable(peer), code)
        gone = [id_ for id_, raw, reason in rows if not still(restored(raw), restored(reason))]
        self.set_status(gone, "solved")
        return len(gone)

    def prune(self, before: float) -> None:
        """Drop rejects that are closed and came before."""
        self._db.run(_PRUNE, before)

    def set_status(self, ids: Iterable[int], status: str) -> None:
        """Note what became of rejects."""
        self._db.many(_SET_STATUS, [(status, id_) for id_ in ids])


def _tuple(id_: int, link: str, peer: str, message: int | None, reject_: Reject, now: float) -> tuple[object, ...]:
    number, line, raw, code, reason = reject_
    texts = storable(raw), code, storable(reason)
    return (id_, link, storable(peer), message, number, line, *texts, _digest(raw, reason), "open", now)


def _digest(raw: str, reason: str) -> str:
    return blake2b(f"{raw}\x1f{reason}".encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def _reject(row: Sequence[Any]) -> RejectRow:
    id_, link, peer, message, number, line, raw, code, reason, status, at = row
    return RejectRow(
        id=id_,
        link=link,
        peer=restored(peer),
        message=message,
        number=number,
        line=line,
        raw=restored(raw),
        code=code,
        reason=restored(reason),
        status=status,
        at=at,
    )
