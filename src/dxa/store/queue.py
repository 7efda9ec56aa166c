"""What waits for servers to acknowledge it: the numbered transactions of links on which dxa is the requestor."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, select

from dxa.entry import Transaction
from dxa.store.database import Database, adding
from dxa.store.schema import queued
from dxa.store.serial import read_transaction, restored, storable, transaction_text

q = queued.c
_ADD = adding(queued)
_WAITING = select(q.transaction).where(q.peer == bindparam("of")).order_by(q.number)
_DROP = delete(queued).where(q.peer == bindparam("of"), q.number <= bindparam("upto"))
_CLEAR = delete(queued).where(q.peer == bindparam("of"))


class Queue:
    """The table of queued transactions; once numbered they stay as they are until they are acknowledged."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, peer: str, transactions: Iterable[Transaction]) -> None:
        """Queue these behind what waits for the peer; their numbers go on from there."""
        self._db.many(_ADD, [(peer, each.number, storable(transaction_text(each))) for each in transactions])

    def waiting(self, peer: str) -> list[Transaction]:
        """What waits for the peer, by number."""
        return [read_transaction(restored(text)) for text in self._db.column(_WAITING, peer)]

    def drop(self, peer: str, upto: int) -> None:
        """The peer has taken everything up to this number."""
        self._db.run(_DROP, peer, upto)

    def clear(self, peer: str) -> None:
        """Nothing of this waits for the peer any more."""
        self._db.run(_CLEAR, peer)
