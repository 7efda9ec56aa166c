"""Lines that peers told outside their own lists, with the numbers between which they told them.

They are a peer's own, and never sent to it; the numbers tell what it may hold of them at any of its cuts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, select, union

from dxa.entry import Entry
from dxa.store.database import Database, adding, among, setting
from dxa.store.schema import peer as peer_table
from dxa.store.schema import told
from dxa.store.serial import fields_text, read_fields

t = told.c
_PEER = t.peer == bindparam("teller")
_LINE = (t.recipient, t.key, t.type, t.list, t.name, t.address, t.fields)
_OPEN = adding(told, "id", "until")
_CLOSE = setting(told, "until").where(_PEER, t.recipient == bindparam("whom"), t.until.is_(None))
_SINCE = union(
    select(t.recipient).where(_PEER, t.since > bindparam("number")),
    select(t.recipient).where(_PEER, t.until > bindparam("number")),
)
_HISTORY = select(*_LINE, t.since, t.until).where(_PEER, t.recipient.in_(among()))
_LINES = select(*_LINE).where(_PEER, t.until.is_(None)).order_by(t.id)
_TELLS = select(t.id).where(_PEER)
_TELLERS = select(peer_table.c.id).where(
    select(t.id).where(t.peer == peer_table.c.id).correlate(peer_table).exists(), peer_table.c.id.in_(among())
)
_PRUNE = delete(told).where(_PEER, t.until <= bindparam("oldest"))
_TRANSFER = setting(told, "peer").where(_PEER)


class Told:
    """The table of such lines."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open_told(self, peer: str, number: int, lines: Iterable[tuple[int, Entry]]) -> None:
        """From this number on the peer tells these lines of these recipients."""
        self._db.many(
            _OPEN,
            [
                (peer, recipient, e.key, e.type, e.list, e.name, e.address, fields_text(e.fields), number)
                for recipient, e in lines
            ],
        )

    def close_told(self, peer: str, number: int, recipients: Iterable[int]) -> None:
        """From this number on the peer tells the lines no more that it told of these recipients."""
        self._db.many(_CLOSE, [(number, peer, recipient) for recipient in dict.fromkeys(recipients)])

    def tells(self, peer: str) -> bool:
        """Whether the peer tells or ever told such a line."""
        return self._db.first(_TELLS, peer) is not None

    def tellers(self, peers: Iterable[str]) -> set[str]:
        """Those of these known peers of which `tells` is true."""
        return {row[0] for row in self._db.among(_TELLERS, peers)}

    def open_lines(self, peer: str) -> dict[int, Entry]:
        """The lines that the peer tells now, by recipient."""
        return {row[0]: _entry(*row[1:]) for row in self._db.rows(_LINES, peer)}

    def told_since(self, peer: str, number: int) -> list[int]:
        """The recipients of which the peer began or ceased to tell a line after this number."""
        return sorted(self._db.column(_SINCE, *(peer, number) * 2))

    def told_history(self, peer: str, recipients: Iterable[int]) -> dict[int, list[tuple[Entry, int, int | None]]]:
        """All that the peer ever told of these recipients: line, since, until."""
        result: dict[int, list[tuple[Entry, int, int | None]]] = {}
        for recipient, *line, since, until in self._db.among(_HISTORY, recipients, peer):
            result.setdefault(recipient, []).append((_entry(*line), since, until))
        for lines in result.values():
            lines.sort(key=lambda dated: dated[1])
        return result

    def prune_told(self, peer: str, oldest: int) -> None:
        """Drop lines that ended at `oldest` or before: at no number that the peer may quote it told them."""
        self._db.run(_PRUNE, peer, oldest)

    def transfer_told(self, peer: str, to: str) -> None:
        """Another peer counts as having told what this one told."""
        self._db.run(_TRANSFER, to, peer)


def _entry(key: Any, type_: Any, list_: Any, name: Any, address: Any, fields: Any) -> Entry:
    return Entry(key, type_, list_, name, address, read_fields(fields))
