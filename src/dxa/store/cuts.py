"""Cuts: the numbers that were issued to peers, and so what each may hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, func, select

from dxa.ledger.answer import Cut
from dxa.store.database import Database, adding, among
from dxa.store.schema import cut
from dxa.store.schema import peer as peer_table
from dxa.store.schema import view as view_table
from dxa.store.serial import pick_text, read_pick

c, p = cut.c, peer_table.c
_OF = select(c.peer, c.number, c.at, c.pick, c.view).where(c.peer.in_(among())).order_by(c.peer, c.number)
_ADD = adding(cut)
_PRUNE = delete(cut).where(c.peer == bindparam("of"), c.number < bindparam("below"), c.sent_at < bindparam("before"))
_FORGET = delete(cut).where(c.peer == bindparam("of"))
_LATEST: Any = select(func.max(c.number)).where(c.peer == p.id).correlate(peer_table).scalar_subquery()
_ELSEWHERE = (
    select(p.id)
    .join(cut, (c.peer == p.id) & (c.number == _LATEST))
    .where(p.link == bindparam("of"), c.view != p.view)
    .order_by(p.id)
)
_OLDEST = (
    select(view_table.c.id, func.coalesce(func.min(c.at), view_table.c.head))
    .outerjoin(cut, c.view == view_table.c.id)
    .where(view_table.c.link == bindparam("of"))
    .group_by(view_table.c.id, view_table.c.head)
)


class Cuts:
    """The table of cuts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, peers: Iterable[str]) -> dict[str, list[Cut]]:
        """The kept cuts of these peers, ascending by number."""
        result: dict[str, list[Cut]] = {}
        for peer, number, at, pick, view in self._db.among(_OF, peers):
            result.setdefault(peer, []).append(Cut(number, at, read_pick(pick), view))
        return result

    def add(self, rows: Iterable[tuple[str, int, Cut, float]]) -> None:
        """Keep cuts as (peer, view, cut, time)."""
        self._db.many(
            _ADD, [(peer, cut_.number, view, cut_.at, pick_text(cut_.pick), now) for peer, view, cut_, now in rows]
        )

    def elsewhere(self, link: str) -> list[str]:
        """The peers of a link whose latest cut is of another view than they have now."""
        return self._db.column(_ELSEWHERE, link)

    def oldest(self, link: str) -> dict[int, int]:
        """For each view of a link the lowest position that a kept cut stands for; its head when there is none."""
        return dict(self._db.rows(_OLDEST, link))

    def prune(self, peer: str, below: int, before: float) -> None:
        """Drop cuts of a peer that are both below that number and older than that time."""
        self._db.run(_PRUNE, peer, below, before)

    def forget(self, peer: str) -> None:
        """Drop all cuts of a peer."""
        self._db.run(_FORGET, peer)
