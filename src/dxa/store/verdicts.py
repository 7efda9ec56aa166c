"""Plans that wait for a person, and what people have decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs
from sqlalchemy import bindparam, delete, select, true

from dxa.plan import Fingerprint, Hold, Plan
from dxa.store.database import Database, adding, setting
from dxa.store.schema import held, verdict
from dxa.store.serial import from_json, to_json

v, h = verdict.c, held.c
_ADD = adding(verdict)
_DROP = delete(verdict).where(
    v.scope == bindparam("of"), v.key == bindparam("k"), v.before == bindparam("b"), v.after == bindparam("a")
)
_OF = select(v.verdict, v.key, v.before, v.after).where(v.scope == bindparam("of"))

_HOLD = adding(held)
_FREE = delete(held).where(h.scope == bindparam("of"))
_HELD_ID = select(h.plan).where(h.scope == bindparam("of"))
_ALL = select(held).order_by(h.scope)
_TOLD = setting(held, told=true()).where(h.scope == bindparam("of"))


class Verdicts:
    """What was approved and what rejected, change by change, in the scope of a plan."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(
        self, scope: str, prints: Iterable[Fingerprint], decision: Literal["approved", "rejected"], now: float
    ) -> None:
        """Decide about these changes; a later decision replaces an earlier one."""
        keys = [(scope, p.key, p.before, p.after) for p in dict.fromkeys(prints)]
        with self._db.transaction():
            self._db.many(_DROP, keys)
            self._db.many(_ADD, [(*key, decision, now) for key in keys])

    def of(self, scope: str) -> tuple[frozenset[Fingerprint], frozenset[Fingerprint]]:
        """What is approved and what is rejected."""
        rows = [(decision, Fingerprint(*names)) for decision, *names in self._db.rows(_OF, scope)]
        return (
            frozenset(print_ for decision, print_ in rows if decision == "approved"),
            frozenset(print_ for decision, print_ in rows if decision == "rejected"),
        )

    def drop(self, scope: str, prints: Iterable[Fingerprint]) -> None:
        """Forget what was decided about these changes."""
        if self._db.first(_OF, scope) is not None:
            self._db.many(_DROP, [(scope, p.key, p.before, p.after) for p in prints])


@attrs.frozen(kw_only=True)
class HeldRow:
    """A plan that was held when it was last made; `plan` is its id."""

    scope: str
    plan: str
    count: int
    holds: tuple[Hold, ...]
    at: float
    told: bool


class Held:
    """The held plans, one for each scope."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, scope: str, plan: Plan, now: float) -> bool:
        """Note a held plan; False when the very same is noted already."""
        if self._db.value(_HELD_ID, scope) == plan.id:
            return False
        holds = to_json([(hold.guard, hold.text) for hold in plan.holds])
        with self._db.transaction():
            self._db.run(_FREE, scope)
            self._db.run(_HOLD, scope, plan.id, len(plan.held), holds, now, False)
        return True

    def clear(self, scope: str) -> None:
        """Nothing of that scope is held any more."""
        self._db.run(_FREE, scope)

    def told(self, scope: str) -> None:
        """The administrator was told of it."""
        self._db.run(_TOLD, scope)

    def all(self) -> list[HeldRow]:
        """All held plans by scope."""
        return [
            HeldRow(
                scope=scope,
                plan=plan,
                count=count,
                holds=tuple(Hold(*hold) for hold in from_json(holds)),
                at=at,
                told=bool(told),
            )
            for scope, plan, count, holds, at, told in self._db.rows(_ALL)
        ]
