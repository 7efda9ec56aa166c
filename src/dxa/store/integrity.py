"""What must hold in the database at every moment, looked at table by table.

Whatever is found names its `subject`, which is what `dxa.store.repairs` wants to know: a view, a peer, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    inspect,
    literal_column,
    or_,
    select,
)

from dxa.store import schema
from dxa.store.counters import Counters
from dxa.store.database import Database, Record, fixed
from dxa.store.serial import from_json

#: So many of a kind are named, then only counted.
FEW = 5


class Kind(Enum):
    """What a damage is about; it decides what mends it."""

    FILE = "database"
    SCHEMA = "schema"
    DIRECTORY = "directory"
    RECEIVED = "received lists"
    TOLD = "told lines"
    VIEW = "views"
    CUT = "cuts"
    OUTBOX = "outbox"
    NUMBERS = "numbers"


class Damage(NamedTuple):
    """Something that must not be; `subject` is the view (its id) or the peer that it is about."""

    kind: Kind
    text: str
    subject: str = ""


d, x, t = schema.recipient.c, schema.proxy.c, schema.tombstone.c
m, w, o, v = schema.received.c, schema.row.c, schema.told.c, schema.view.c
c, p, l = schema.cut.c, schema.peer.c, schema.parcel.c  # noqa: E741 - short like the others

#: Numbers that are part of a statement; 0 is also the recipient that stands for nobody (`dxa.ledger.view.LISTS`).
ZERO: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")

KNOWN = select(d.id)
#: Whom a co-owner deleted is not there, and the owner may tell of it all the same.
BURIED = select(t.recipient)
_LOST_PROXIES = select(x.key, x.recipient).where(x.recipient.not_in(KNOWN))
_RISEN = select(t.recipient).where(t.recipient.in_(KNOWN))
_LOST_ROWS = select(m.peer, m.key, m.recipient, m.id).where(
    m.recipient > ZERO, m.applied != fixed(""), m.recipient.not_in(KNOWN), m.recipient.not_in(BURIED)
)
IS_PENDING = and_(m.digest != m.applied, m.digest != func.coalesce(m.pinned, fixed("-")))
_HIDDEN_ROWS = select(m.peer, m.key, m.id).where(IS_PENDING, ~m.pending)
_TWICE_TOLD = (
    select(m.peer, m.key, func.count()).where(m.digest != fixed("")).group_by(m.peer, m.key).having(func.count() > _ONE)
)
_OPEN_TWICE = select(o.peer, o.recipient, func.count()).where(o.until.is_(None)).group_by(o.peer, o.recipient)
_OPEN_TWICE = _OPEN_TWICE.having(func.count() > _ONE)
_BY_SLOT = select(w.view, w.slot, w.since, w.until, w.name).order_by(w.view, w.slot, w.since)
_BY_FORM = select(w.view, w.recipient, w.instead_of, w.since, w.until, w.name)
_BY_FORM = _BY_FORM.order_by(w.view, w.recipient, w.instead_of, w.since)
_AHEAD = select(w.view, w.name, v.head).join(schema.view, v.id == w.view)
_AHEAD = _AHEAD.where(or_(w.since > v.head, w.until > v.head, w.until <= w.since))
_STRAY = select(w.view, w.name).where(w.view.not_in(select(v.id)))
_LEFT = select(w.view, w.name).join(schema.view, v.id == w.view)
_LEFT = _LEFT.where(
    w.recipient > ZERO, w.until.is_(None), v.usn == bindparam("usn"), v.rules == v.wanted, w.recipient.not_in(KNOWN)
)
_SHOWN_LISTS = select(w.view, w.type, w.list).distinct().where(w.until.is_(None))
_CARRIED = select(schema.carried.c.view, schema.carried.c.type, schema.carried.c.list)
_LOST_CUTS = (
    select(c.peer, c.number)
    .outerjoin(schema.view, v.id == c.view)
    .where(or_(v.id.is_(None), c.at > v.head, c.peer.not_in(select(p.id))))
)
_LOST_VIEWS = select(p.id, p.view).where(p.view.is_not(None), p.view.not_in(select(v.id)))
_EMPTY_PARCELS = select(l.id, l.peer).where(
    l.status == fixed("ready"), l.count > ZERO, l.content.not_in(select(schema.content.c.key))
)
_WAITING = select(l.id, l.peer, l.header).where(l.status == fixed("ready"))
_CUTS = select(c.peer, c.number)
_ISSUED: tuple[Select[Any], ...] = (
    select(v.link, func.max(v.head)).group_by(v.link),
    select(p.link, func.max(c.number)).join(schema.cut, c.peer == p.id).group_by(p.link),
    select(p.link, func.max(o.since)).join(schema.told, o.peer == p.id).group_by(p.link),
)
#: Tables whose ids are counted under their names.
COUNTED = {
    "recipient": (d.id, t.recipient),
    "run": (schema.run.c.id,),
    "message": (schema.message.c.id,),
    "reject": (schema.reject.c.id,),
    "notice": (schema.notice.c.id,),
    "parcel": (l.serial,),
    "view": (v.id,),
}


class Integrity:
    """Looks at the whole database; nothing is changed."""

    def __init__(self, db: Database, counters: Counters) -> None:
        self._db, self._counters = db, counters

    def damages(self) -> Iterator[Damage]:
        """Everything that is wrong. Where the database itself is damaged, only that is told."""
        broken = list(self.file())
        yield from broken
        if broken:
            return
        for look in (self.schema, self.directory, self.received, self.told, self.views, self.cuts, self.outbox):
            yield from look()
        yield from self.numbers()

    def file(self) -> Iterator[Damage]:
        """What SQLite says of its file; other databases look after themselves."""
        if not self._db.sqlite:
            return
        try:
            for pragma in ("PRAGMA integrity_check", "PRAGMA foreign_key_check"):
                rows = self._db.connection.exec_driver_sql(pragma).fetchall()
                yield from (Damage(Kind.FILE, " ".join(map(str, row))) for row in rows if tuple(row) != ("ok",))
        except Exception as error:  # the driver raises what it likes about a damaged file
            yield Damage(Kind.FILE, str(getattr(error, "orig", error)))

    def schema(self) -> Iterator[Damage]:
        """Whether every table, column and index is there."""
        found = inspect(self._db.connection)
        tables = set(found.get_table_names())
        for table in schema.metadata.sorted_tables:
            if table.name not in tables:
                yield Damage(Kind.SCHEMA, f"the table {table.name} is missing")
                continue
            columns = {column["name"] for column in found.get_columns(table.name)}
            indexes = {index["name"] for index in found.get_indexes(table.name)}
            for what, wanted, there in (
                ("column", {column.name for column in table.columns}, columns),
                ("index", {str(index.name) for index in table.indexes}, indexes),
            ):
                lacking = sorted(wanted - there)
                yield from (Damage(Kind.SCHEMA, f"the {what} {name} of {table.name} is missing") for name in lacking)

    def directory(self) -> Iterator[Damage]:
        """Addresses without recipients, and recipients that count as gone."""
        yield from self._of(
            Kind.DIRECTORY, _LOST_PROXIES, lambda r: (f"{r[0]} is the address of no recipient ({r[1]} is gone)", "")
        )
        yield from self._of(Kind.DIRECTORY, _RISEN, lambda r: (f"recipient {r[0]} counts as deleted, and is there", ""))

    def received(self) -> Iterator[Damage]:
        """Rows that are applied to nobody, that are not seen as pending, or that are there twice."""
        yield from self._of(
            Kind.RECEIVED, _LOST_ROWS, lambda r: (f"{r[1]} is applied to recipient {r[2]}, who is not there", r[0])
        )
        yield from self._of(Kind.RECEIVED, _HIDDEN_ROWS, lambda r: (f"{r[1]} is not seen as pending", r[0]))
        yield from self._of(Kind.RECEIVED, _TWICE_TOLD, lambda r: (f"{r[1]} is there {r[2]} times", r[0]))

    def told(self) -> Iterator[Damage]:
        """Recipients of whom a peer tells more than one line."""
        yield from self._of(
            Kind.TOLD, _OPEN_TWICE, lambda r: (f"{r[2]} lines of recipient {r[1]} count as told at once", r[0])
        )

    def views(self) -> Iterator[Damage]:
        """Names that two lines have at one number, lines that overlap, and those that nobody can have seen."""
        yield from _few(Kind.VIEW, self._overlaps(_BY_SLOT, 2, "{} is there twice at number {}"))
        yield from _few(Kind.VIEW, self._overlaps(_BY_FORM, 3, "two lines of {} overlap at number {}"))
        yield from self._of(Kind.VIEW, _AHEAD, lambda r: (f"{r[1]!r} has numbers that cannot be", str(r[0])))
        yield from self._of(Kind.VIEW, _STRAY, lambda r: (f"{r[1]!r} stands in a view that is gone", str(r[0])))
        usn = self._counters.get("usn")
        yield from self._of(
            Kind.VIEW, _LEFT, lambda r: (f"{r[1]!r} is shown, and the recipient is gone", str(r[0])), usn
        )
        carried = {(view, type_, list_.casefold()) for view, type_, list_ in self._db.rows(_CARRIED)}
        lists = (row for row in self._db.rows(_SHOWN_LISTS) if (row[0], row[1], row[2].casefold()) not in carried)
        yield from _few(
            Kind.VIEW,
            ((f"the list {type_}:{list_} does not count as carried", str(view)) for view, type_, list_ in lists),
        )

    def cuts(self) -> Iterator[Damage]:
        """Cuts of views that are not there or have not come so far, and peers that see such a view."""
        yield from self._of(Kind.CUT, _LOST_CUTS, lambda r: (f"number {r[1]} leads nowhere", r[0]))
        yield from self._of(Kind.CUT, _LOST_VIEWS, lambda r: (f"sees view {r[1]}, which is not there", r[0]))

    def outbox(self) -> Iterator[Damage]:
        """Parcels that wait and have lost what they carry, or whose number was never kept."""
        yield from self._of(Kind.OUTBOX, _EMPTY_PARCELS, lambda r: (f"parcel {r[0]} has lost what it carries", r[1]))
        cuts = {(peer, number) for peer, number in self._db.rows(_CUTS)}
        for id_, peer, header in self._db.rows(_WAITING):
            reply = from_json(header).get("reply")
            if reply and (peer, reply["s"]) not in cuts:
                yield Damage(Kind.OUTBOX, f"parcel {id_} has the number {reply['s']}, which is not kept", peer)

    def numbers(self) -> Iterator[Damage]:
        """Counters that are behind what was counted."""
        for name, columns in COUNTED.items():
            highest = highest_of(self._db, columns)
            if highest > self._counters.get(name):
                yield Damage(Kind.NUMBERS, f"the counter {name} is below {highest}, which was given out")
        for link, highest in self.issued().items():
            if highest > self._counters.get(f"seq:{link}"):
                yield Damage(Kind.NUMBERS, f"the numbers of link {link} are below {highest}, which was given out")

    def issued(self) -> dict[str, int]:
        """The highest number that anything in the database has, by link."""
        result: dict[str, int] = {}
        for statement in _ISSUED:
            for link, highest in self._db.rows(statement):
                result[link] = max(result.get(link, 0), highest or 0)
        return result

    # -- helpers ---------------------------------------------------------------------------------------------------

    def _of(
        self, kind: Kind, statement: Any, text: Callable[[Record], tuple[str, str]], *params: object
    ) -> Iterator[Damage]:
        yield from _few(kind, (text(row) for row in self._db.rows(statement, *params)))

    def _overlaps(self, statement: Any, keys: int, text: str) -> Iterator[tuple[str, str]]:
        """Neighbouring rows with the same first columns of which one begins before the other has ended."""
        before: Sequence[Any] | None = None
        for row in self._db.stream(statement):
            since, until, name = row[keys:]
            if before is not None and before[:keys] == row[:keys] and (before[keys + 1] or since + 1) > since:
                yield text.format(repr(name), since), str(row[0])
            before = (*row[:keys], since, until, name)


def highest_of(db: Database, columns: Iterable[Any]) -> int:
    """The highest number in any of these columns."""
    return max(db.select(select(func.max(column)))[0][0] or 0 for column in columns)


def _few(kind: Kind, found: Iterable[tuple[str, str]]) -> Iterator[Damage]:
    """The first of each subject, and how many more there are."""
    more: dict[str, int] = {}
    for text, subject in found:
        more[subject] = more.get(subject, 0) + 1
        if more[subject] <= FEW:
            yield Damage(kind, text, subject)
    yield from (Damage(kind, f"and {n - FEW} more of that kind", subject) for subject, n in more.items() if n > FEW)
