"""The mending of what can be derived from the rest of the database; what is broken, `dxa.store.integrity` finds."""

from __future__ import annotations

from sqlalchemy import and_, bindparam, delete, null, select, true, update

from dxa.store import schema
from dxa.store.counters import Counters
from dxa.store.database import Database, fixed
from dxa.store.integrity import BURIED, COUNTED, IS_PENDING, KNOWN, ZERO, highest_of

x, t, m, w, o = schema.proxy.c, schema.tombstone.c, schema.received.c, schema.row.c, schema.told.c
v, c, p, l = schema.view.c, schema.cut.c, schema.peer.c, schema.parcel.c  # noqa: E741 - short like the others

_RAISE = update(schema.received).where(IS_PENDING).values(pending=true())
_UNAPPLY = (
    update(schema.received)
    .where(m.recipient > ZERO, m.applied != fixed(""), m.recipient.not_in(KNOWN), m.recipient.not_in(BURIED))
    .values(applied=fixed(""), recipient=null(), pending=and_(m.digest != fixed(""), m.pinned.is_(None)))
)
_FORGET_DEAD = delete(schema.received).where(m.digest == fixed(""), m.applied == fixed(""), m.recipient.is_(None))
_FREE = delete(schema.proxy).where(x.recipient.not_in(KNOWN))
_BURIED_ALIVE = delete(schema.tombstone).where(t.recipient.in_(KNOWN))
_LATEST = schema.told.alias("latest")
_OLDER_TOLD = delete(schema.told).where(
    o.until.is_(None),
    select(_LATEST.c.id)
    .where(
        _LATEST.c.peer == o.peer,
        _LATEST.c.recipient == o.recipient,
        _LATEST.c.until.is_(None),
        _LATEST.c.id > o.id,
    )
    .correlate(schema.told)
    .exists(),
)
_EMPTY_VIEW = delete(schema.row).where(w.view == bindparam("which"))
_NO_CUTS_OF_VIEW = delete(schema.cut).where(c.view == bindparam("which"))
_ANEW = update(schema.view).where(v.id == bindparam("which")).values(rules=fixed(""), usn=ZERO)
_NO_CUTS = delete(schema.cut).where(c.peer == bindparam("whose"))
_NO_VIEW = update(schema.peer).where(p.view.not_in(select(v.id))).values(view=null())
_WITHDRAW = (
    update(schema.parcel)
    .where(l.peer == bindparam("whose"), l.status == fixed("ready"), l.kind != fixed("notice"))
    .values(status=fixed("refused"), reason=fixed("withdrawn by dxa verify --repair"))
)


class Repairs:
    """Mends what follows from the rest of the database; every other damage stays."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def directory(self) -> None:
        """Addresses of nobody are free, and who is there does not count as gone."""
        self._db.run(_FREE)
        self._db.run(_BURIED_ALIVE)

    def received(self) -> None:
        """What is applied to nobody is pending, and whatever is pending is seen."""
        self._db.run(_UNAPPLY)
        self._db.run(_FORGET_DEAD)
        self._db.run(_RAISE)

    def told(self) -> None:
        """Of several lines of a recipient that count as told at once only the latest one does."""
        self._db.run(_OLDER_TOLD)

    def view(self, id_: int) -> None:
        """Empty a view, so that the next cycle makes it anew under fresh numbers; nobody holds a number of it."""
        for statement in (_EMPTY_VIEW, _NO_CUTS_OF_VIEW, _ANEW):
            self._db.run(statement, id_)

    def cuts(self, peer: str) -> None:
        """A peer holds no number any more, and nothing that waits goes out to it."""
        self._db.run(_NO_CUTS, peer)
        self._db.run(_NO_VIEW)
        self._db.run(_WITHDRAW, peer)

    def numbers(self, issued: dict[str, int]) -> None:
        """Counters are as high as what was counted."""
        for name, columns in COUNTED.items():
            highest = highest_of(self._db, columns)
            self._counters.set(name, max(highest, self._counters.get(name)))
        for link, highest in issued.items():
            self._counters.set(f"seq:{link}", max(highest, self._counters.get(f"seq:{link}")))
