"""Addresses that somebody had: for a time, nobody else is given them unasked (KB Q118459)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, select

from dxa.address import AddressTypes
from dxa.change import Change
from dxa.recipient import Recipient
from dxa.rules.resting import DAY, Rest, freed, keys_of
from dxa.store.database import Database, adding, among
from dxa.store.schema import resting
from dxa.store.serial import restored, storable

r = resting.c
_ADD = adding(resting)
_GET = select(r.key, r.recipient, r.native, r.name, r.since).where(r.key.in_(among()))
_ANY = select(r.key)
_LET_GO = delete(resting).where(r.key == bindparam("gone"))
_PRUNE = delete(resting).where(r.since < bindparam("before"))


class Resting:
    """The addresses that rest. `types` tells their keys; `days` is how long they rest, 0 for not at all.

    Both are set before anything is written.
    """

    types: AddressTypes = AddressTypes(())
    days: float = 0.0

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, keys: Iterable[str], now: float) -> dict[str, Rest]:
        """Those of these address keys that rest, with whose they were."""
        if not self.days:
            return {}
        return {
            key: Rest(recipient=id_, native=native, name=restored(name), until=since + self.days * DAY)
            for key, id_, native, name, since in self._db.among(_GET, keys)
            if since + self.days * DAY > now
        }

    def follow(self, changes: Sequence[Change[str, Recipient]], now: float) -> None:
        """What these changes free rests from now on, and what they give to somebody does not any more."""
        if not self.days:
            return
        rests = freed(changes, self.types, now, self.days)
        if not rests and self._db.first(_ANY) is None:
            return
        taken = {key for change in changes for key in keys_of(change.after, self.types)}
        self._db.many(_LET_GO, [(key,) for key in sorted(taken | rests.keys())])
        self._db.many(
            _ADD,
            [
                (key, rest.recipient, rest.native, storable(rest.name), now)
                for key, rest in sorted(rests.items())
                if key not in taken
            ],
        )

    def prune(self, now: float) -> None:
        """Forget the addresses that have rested long enough."""
        self._db.run(_PRUNE, now - self.days * DAY)
