"""The journal: every plan that was applied, with what was before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs
from sqlalchemy import bindparam, delete, select

from dxa.change import Change, counted
from dxa.entry import Verb
from dxa.recipient import Recipient
from dxa.store.counters import Counters
from dxa.store.database import Database, adding, among, fixed
from dxa.store.resting import Resting
from dxa.store.schema import run, run_change
from dxa.store.serial import read_recipient, recipient_text, restored, storable


@attrs.frozen(kw_only=True)
class RunRow:
    """One applied plan; `plan` is the id it had while it was held, if it was."""

    id: int
    scope: str
    plan: str
    adds: int
    modifies: int
    deletes: int
    at: float


@attrs.frozen
class RunChange:
    """One change of a run, and the recipient it was about; both sides have that recipient's id."""

    run: RunRow
    recipient: int
    change: Change[str, Recipient]


r, c = run.c, run_change.c
_ADD = adding(run)
_ADD_CHANGE = adding(run_change)
_GET = select(run).where(r.id == bindparam("key"))
_CHANGES = select(c.recipient, c.key, c.before, c.after, c.reason).where(c.run == bindparam("key")).order_by(c.seq)
_OF_RECIPIENT = (
    select(*r, c.recipient, c.key, c.before, c.after, c.reason)
    .join(run_change, c.run == r.id)
    .where(c.recipient == bindparam("key"))
    .order_by(c.run, c.seq)
)
_MODIFIED = select(c.recipient, c.before, c.after).where(c.verb == fixed(Verb.MODIFY.value), c.recipient.in_(among()))
_DELETED = (
    select(c.key)
    .distinct()
    .join(run, c.run == r.id)
    .where(r.scope == bindparam("of"), c.verb == fixed(Verb.DELETE.value))
)
_PRUNE_CHANGES = delete(run_change).where(c.run.in_(select(r.id).where(r.at < bindparam("before"))))
_PRUNE = delete(run).where(r.at < bindparam("before"))


class Journal:
    """The runs and their changes; with each, the addresses that it frees begin to rest."""

    def __init__(self, db: Database, counters: Counters, resting: Resting) -> None:
        self._db, self._counters, self._resting = db, counters, resting

    def add(
        self, scope: str, plan: str, changes: Sequence[Change[str, Recipient]], recipients: Sequence[int], now: float
    ) -> int:
        """Note an applied plan; `recipients` as `Directory.write` returned them. Returns the run's id."""
        verbs = counted(changes)
        with self._db.transaction():
            id_ = self._counters.take("run", 1)
            self._db.run(_ADD, id_, scope, plan, verbs[Verb.ADD], verbs[Verb.MODIFY], verbs[Verb.DELETE], now)
            self._db.many(_ADD_CHANGE, _tuples(id_, changes, recipients))
            self._resting.follow(changes, now)
        return id_

    def runs(self, limit: int | None = None, scope: str | None = None) -> list[RunRow]:
        """Runs, newest first."""
        statement = select(run).order_by(r.id.desc()).limit(limit)
        if scope is not None:
            statement = statement.where(r.scope == scope)
        return list(map(_run, self._db.select(statement)))

    def run(self, id_: int) -> tuple[RunRow, list[RunChange]] | None:
        """One run with its changes in the order in which they were applied."""
        row = self._db.first(_GET, id_)
        if row is None:
            return None
        run_ = _run(row)
        return run_, [_change(run_, *values) for values in self._db.rows(_CHANGES, id_)]

    def of_recipient(self, id_: int) -> list[RunChange]:
        """What happened to a recipient, oldest first."""
        return [_change(_run(values[:7]), *values[7:]) for values in self._db.rows(_OF_RECIPIENT, id_)]

    def left(self, ids: Iterable[int]) -> dict[int, set[str]]:
        """The containers that each of these recipients was moved out of, as far as runs are kept."""
        found: dict[int, set[str]] = {}
        for id_, before, after in self._db.among(_MODIFIED, ids):
            was, now = read_recipient(before, id_).container, read_recipient(after, id_).container
            if was != now:
                found.setdefault(id_, set()).add(was)
        return found

    def deleted(self, scope: str) -> list[str]:
        """The keys of all changes of that scope that have deleted somebody."""
        return self._db.column(_DELETED, scope)

    def prune(self, before: float) -> None:
        """Drop runs that were applied before."""
        with self._db.transaction():
            self._db.run(_PRUNE_CHANGES, before)
            self._db.run(_PRUNE, before)


def _tuples(
    run_: int, changes: Sequence[Change[str, Recipient]], recipients: Sequence[int]
) -> Iterator[tuple[object, ...]]:
    for seq, (change, recipient) in enumerate(zip(changes, recipients, strict=True)):
        before, after = change.before, change.after
        yield (
            run_,
            seq,
            change.key,
            recipient,
            "A" if before is None else "D" if after is None else "M",
            None if before is None else recipient_text(before),
            None if after is None else recipient_text(after),
            storable(change.reason),
        )


def _run(row: Sequence[Any]) -> RunRow:
    id_, scope, plan, adds, modifies, deletes, at = row
    return RunRow(id=id_, scope=scope, plan=plan, adds=adds, modifies=modifies, deletes=deletes, at=at)


def _change(run_: RunRow, recipient: int, key: str, before: str | None, after: str | None, reason: str) -> RunChange:
    old, new = (None if text is None else read_recipient(text, recipient) for text in (before, after))
    return RunChange(run_, recipient, Change(key, old, new, restored(reason)))
