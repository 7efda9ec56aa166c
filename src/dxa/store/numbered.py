"""Digests of what peers sent under their own numbers: whether a number is used again for something else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import bindparam, delete, select

from dxa.store.database import Database, adding
from dxa.store.schema import numbered

SIZE = 8

n = numbered.c
_ADD = adding(numbered)
_OVERLAPPING = select(n.last, n.first, n.digests).where(
    n.peer == bindparam("of"), n.last >= bindparam("low"), n.first <= bindparam("high")
)
_DROP = delete(numbered).where(n.peer == bindparam("of"), n.last == bindparam("end"))
_PRUNE = delete(numbered).where(n.at < bindparam("before"))


class Numbered:
    """The table of digests: one row for each run of consecutive numbers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, peer: str, prints: Iterable[tuple[int, bytes]], now: float) -> None:
        """Keep the digest of each number; a later one replaces an earlier one."""
        fresh = dict(prints)
        if not fresh:
            return
        rows = self._db.rows(_OVERLAPPING, peer, min(fresh), max(fresh))
        known = {number: print_ for _, first, digests in rows for number, print_ in _unpacked(first, bytes(digests))}
        with self._db.transaction():
            self._db.many(_DROP, [(peer, row[0]) for row in rows])
            runs = _runs(sorted({**known, **fresh}.items()))
            self._db.many(_ADD, [(peer, run[-1][0], run[0][0], b"".join(p for _, p in run), now) for run in runs])

    def differs(self, peer: str, prints: Iterable[tuple[int, bytes]]) -> bool:
        """Whether any of these numbers is kept with another digest."""
        asked = dict(prints)
        if not asked:
            return False
        return any(
            asked.get(number, print_) != print_
            for _, first, digests in self._db.rows(_OVERLAPPING, peer, min(asked), max(asked))
            for number, print_ in _unpacked(first, bytes(digests))
        )

    def kept(self, peer: str, prints: Iterable[tuple[int, bytes]]) -> bool:
        """Whether something is kept of each of these numbers."""
        asked = {number for number, _ in prints}
        if not asked:
            return True
        rows = self._db.rows(_OVERLAPPING, peer, min(asked), max(asked))
        return asked <= {number for _, first, digests in rows for number, _ in _unpacked(first, bytes(digests))}

    def prune(self, before: float) -> None:
        """Drop what was kept before."""
        self._db.run(_PRUNE, before)


def _unpacked(first: int, digests: bytes) -> Iterator[tuple[int, bytes]]:
    for index, start in enumerate(range(0, len(digests), SIZE)):
        yield first + index, digests[start : start + SIZE]


def _runs(prints: Sequence[tuple[int, bytes]]) -> list[list[tuple[int, bytes]]]:
    """The prints in runs of consecutive numbers."""
    runs: list[list[tuple[int, bytes]]] = []
    for number, print_ in prints:
        if not runs or runs[-1][-1][0] != number - 1:
            runs.append([])
        runs[-1].append((number, print_))
    return runs
