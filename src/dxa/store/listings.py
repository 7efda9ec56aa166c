"""What listings ask over whole tables: counts, and names to search in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, literal_column, or_, select

from dxa.entry import Entry
from dxa.store import schema
from dxa.store.database import Database, fixed
from dxa.store.serial import read_fields, read_recipient


class Waiting(NamedTuple):
    """Parcels that wait: how many, and since when."""

    parcels: int
    since: float


class Named(NamedTuple):
    """A recipient as far as searching needs it."""

    id: int
    name: str
    alias: str
    container: str


class Told(NamedTuple):
    """An entry that a peer tells, with how much of it has reached the directory: the columns of `received`."""

    id: int
    peer: str
    entry: Entry
    digest: str
    applied: str
    pinned: str | None
    pending: bool
    marked: bool
    recipient: int | None


class Living(NamedTuple):
    """How many lines a view has of a list and type; `instead_of` is the type that they stand in for."""

    view: int
    type: str
    instead_of: str
    list: str
    entries: int


m = schema.received.c
_TOLD = (
    *(m.id, m.peer, m.key, m.type, m.list, m.name, m.address, m.fields, m.anchor),
    *(m.digest, m.applied, m.pinned, m.pending, m.marked, m.recipient),
)


def _told(id_: int, peer: str, *rest: Any) -> Told:
    key, type_, list_, name, address, fields, anchor, digest, applied, pinned, pending, marked, recipient = rest
    entry = Entry(key, type_, list_, name, address, read_fields(fields), anchor)
    return Told(id_, peer, entry, digest, applied, pinned, bool(pending), bool(marked), recipient)


def _by(column: Any, *conditions: Any) -> Select[*tuple[Any, ...]]:
    return select(column, func.count()).select_from(column.table).where(*conditions).group_by(column)


_COUNT = select(func.count()).select_from(schema.recipient)
_OWNED = _by(schema.recipient.c.owner)
_PENDING = _by(schema.received.c.peer, schema.received.c.pending)
_REJECTS = _by(schema.reject.c.peer, schema.reject.c.status == fixed("open"))

p = schema.parcel.c
_WAITING = select(p.peer, func.count(), func.min(p.created_at)).where(p.status == fixed("ready")).group_by(p.peer)

r = schema.row.c
_LIST = (r.view, r.type, r.instead_of, r.list)
#: Without the definitions of lists (`dxa.ledger.view.LISTS`).
_SOMEBODY = r.recipient > literal_column("0")
_LINES = select(*_LIST, func.count()).where(r.until.is_(None), _SOMEBODY).group_by(*_LIST).order_by(r.type, r.list)

_NAMED = select(*(schema.recipient.c[name] for name in Named._fields))
_ADDRESSES = select(schema.proxy.c.recipient, schema.proxy.c.type, schema.proxy.c.value)
_DELETED = select(schema.run_change.c.recipient, schema.run_change.c.before).where(
    schema.run_change.c.verb == bindparam("verb")
)


class Listings:
    """Questions over whole tables, for people who look; no cycle asks them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- counts ----------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """All recipients."""
        return int(self._db.value(_COUNT))

    def owned(self) -> dict[str, int]:
        """Recipients by owner."""
        return dict(self._db.rows(_OWNED))

    def pending(self) -> dict[str, int]:
        """By peer, what it told that is not in the directory yet."""
        return dict(self._db.rows(_PENDING))

    def rejects(self) -> dict[str, int]:
        """Open rejects by peer."""
        return dict(self._db.rows(_REJECTS))

    def waiting(self) -> dict[str, Waiting]:
        """By peer, parcels that are not delivered."""
        return {peer: Waiting(parcels, since) for peer, parcels, since in self._db.rows(_WAITING)}

    def lines(self) -> list[Living]:
        """How many living lines there are of each list of each view."""
        return [Living(*row) for row in self._db.rows(_LINES)]

    # -- what was told ---------------------------------------------------------------------------------------------

    def told(self, *, recipient: int | None, name: str, key: str) -> list[Told]:
        """What peers tell of a recipient, or under that name (in any case) or key, by peer."""
        wanted = [func.lower(m.name) == name.lower(), m.name == name]
        wanted += [m.recipient == recipient] if recipient else []
        wanted += [m.key == key] if key else []
        rows = self._db.select(select(*_TOLD).where(or_(*wanted)).order_by(m.peer, m.id))
        return [_told(*row) for row in rows]

    # -- names -----------------------------------------------------------------------------------------------------

    def named(self, *, kind: str | None = None, owner: str | None = None, hidden: bool = False) -> list[Named]:
        """All recipients, or those of a kind, of an owner, or those that are hidden."""
        c, statement = schema.recipient.c, _NAMED
        for column, wanted in ((c.kind, kind), (c.owner, owner), (c.hidden, hidden or None)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        return [Named(*row) for row in self._db.select(statement)]

    def addresses(self) -> Sequence[tuple[int, str, str]]:
        """Every address: (recipient, type, value)."""
        return [(id_, type_, value) for id_, type_, value in self._db.rows(_ADDRESSES)]

    def deleted(self, name: str) -> set[int]:
        """Recipients that were deleted under that name, in any case, as long as their runs are kept."""
        rows = self._db.rows(_DELETED, "D")
        return {id_ for id_, before in rows if read_recipient(before, id_).name.casefold() == name.casefold()}
