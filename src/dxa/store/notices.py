"""What the administrator has to know."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from sqlalchemy import bindparam, delete, null, select

from dxa.store.counters import Counters
from dxa.store.database import Database, Record, adding, setting
from dxa.store.schema import notice
from dxa.store.serial import restored, storable


@attrs.frozen(kw_only=True)
class NoticeRow:
    """One notice about a peer (or whoever claims to be one); it stands until its cause is gone."""

    id: int
    link: str
    peer: str
    code: int
    text: str
    at: float
    told_at: float | None


n = notice.c
_ADD = adding(notice, told_at=null())
_KNOWN = select(n.id).where(n.peer == bindparam("of"), n.code == bindparam("which"))
_CLEAR = delete(notice).where(n.peer == bindparam("of"), n.code == bindparam("which"))
_OPEN = select(notice).order_by(n.id)
_WAITING = select(notice).where(n.told_at.is_(None)).order_by(n.id)
_TOLD = setting(notice, "told_at").where(n.id == bindparam("key"))


class Notices:
    """The table of notices that are open: one for each peer and code."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def tell(self, link: str, peer: str, code: int, text: str, now: float) -> bool:
        """Open a notice; False when that peer has one of that code open already."""
        with self._db.transaction():
            if self._db.first(_KNOWN, storable(peer), code) is not None:
                return False
            id_ = self._counters.take("notice", 1)
            self._db.run(_ADD, id_, link, storable(peer), code, storable(text), now)
        return True

    def clear(self, peer: str, code: int) -> None:
        """Its cause is gone."""
        self._db.run(_CLEAR, storable(peer), code)

    def waiting(self) -> list[NoticeRow]:
        """Open notices that nobody was told of yet."""
        return list(map(_notice, self._db.rows(_WAITING)))

    def told(self, ids: Iterable[int], now: float) -> None:
        """The administrator was told of these."""
        self._db.many(_TOLD, [(now, id_) for id_ in ids])

    def open(self) -> list[NoticeRow]:
        """Open notices, oldest first."""
        return list(map(_notice, self._db.rows(_OPEN)))


def _notice(row: Record) -> NoticeRow:
    id_, link, peer, code, text, at, told_at = row
    return NoticeRow(id=id_, link=link, peer=restored(peer), code=code, text=restored(text), at=at, told_at=told_at)
