"""What the database counts itself, over whole tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from dxa.store import Store, schema


class Waiting(NamedTuple):
    """Parcels that wait: how many, and since when."""

    parcels: int
    since: float


def rows(store: Store, statement: Select[Any]) -> Sequence[Any]:
    """The rows of a statement; the store has no method of its own for what only listings ask."""
    return store._db.select(statement)


def recipients(store: Store) -> int:
    """All recipients."""
    return int(rows(store, select(func.count()).select_from(schema.recipient))[0][0])


def owned(store: Store) -> dict[str, int]:
    """Recipients by owner."""
    return _by(store, schema.recipient.c.owner, schema.recipient)


def pending(store: Store) -> dict[str, int]:
    """By peer, what it told that is not in the directory yet."""
    return _by(store, schema.received.c.peer, schema.received, schema.received.c.pending)


def rejects(store: Store) -> dict[str, int]:
    """Open rejects by peer."""
    return _by(store, schema.reject.c.peer, schema.reject, schema.reject.c.status == "open")


def waiting(store: Store) -> dict[str, Waiting]:
    """By peer, parcels that are not delivered."""
    p = schema.parcel.c
    statement = select(p.peer, func.count(), func.min(p.created_at)).where(p.status == "ready").group_by(p.peer)
    return {peer: Waiting(count, since) for peer, count, since in rows(store, statement)}


def lines(store: Store) -> list[tuple[int, str, str, str, int]]:
    """Living lines by (view, type, type that they stand in for, list)."""
    r = schema.row.c
    keys = (r.view, r.type, r.instead_of, r.list)
    statement = select(*keys, func.count()).where(r.until.is_(None)).group_by(*keys).order_by(r.type, r.list)
    return [tuple(row) for row in rows(store, statement)]


def _by(store: Store, column: Any, table: Any, *conditions: Any) -> dict[str, int]:
    statement = select(column, func.count()).select_from(table).where(*conditions).group_by(column)
    return dict(tuple(row) for row in rows(store, statement))
