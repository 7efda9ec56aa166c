"""Named numbers."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from dxa.store.database import Database, adding, setting
from dxa.store.schema import counter

_GET = select(counter.c.value).where(counter.c.name == bindparam("name"))
_SET = setting(counter, "value").where(counter.c.name == bindparam("key"))
_ADD = adding(counter)
_NAMES = select(counter.c.name)
_REMOVE = delete(counter).where(counter.c.name == bindparam("name"))


class Counters:
    """The table of counters; one that was never set is 0."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str) -> int:
        """The value."""
        return int(self._db.value(_GET, name) or 0)

    def set(self, name: str, value: int) -> None:
        """Give it a value."""
        with self._db.transaction():
            if not self._db.run(_SET, value, name):
                self._db.run(_ADD, name, value)

    def take(self, name: str, count: int) -> int:
        """The first of so many numbers that were never taken before."""
        with self._db.transaction():
            last = self.get(name)
            if count:
                self.set(name, last + count)
        return last + 1

    def names(self) -> list[str]:
        """All that were ever set."""
        return self._db.column(_NAMES)

    def remove_of(self, owner: str) -> None:
        """Remove what is counted for one owner: counters named ``…:OWNER``."""
        names = [name for name in self._db.column(_NAMES) if name.partition(":")[2] == owner]
        self._db.many(_REMOVE, [(name,) for name in names])
