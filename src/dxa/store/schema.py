"""The tables. `migrations/` brings a database to this shape; a test holds the two together.

Times are seconds since 1970 (UTC). Texts that hold values (`fields`, `pick`, `state`) are JSON. Conditions of partial
indexes are written as the queries write them, or SQLite would not use these indexes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

#: The revision of `migrations/` that makes this schema.
HEAD = "0004"

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

#: Where Alembic keeps the revision of a database; it makes this table itself, so it is no part of the metadata.
version = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))

_POSTGRESQL = "postgresql"


def _partial(name: str, *columns: str, where: str, postgresql: str = "", unique: bool = False) -> Index:
    """A partial index; its condition for PostgreSQL is given only there, because naming it imports that dialect."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={_POSTGRESQL: postgresql or where})


@event.listens_for(metadata, "before_create")
def _complete(_metadata: MetaData, connection: Connection, **_: object) -> None:
    """Give the partial indexes their conditions where PostgreSQL is to make them."""
    if connection.dialect.name == _POSTGRESQL:
        for index in (index for table in metadata.sorted_tables for index in table.indexes):
            if _POSTGRESQL in index.info:
                index.dialect_kwargs["postgresql_where"] = text(index.info[_POSTGRESQL])


#: Named counters: ``usn`` of the directory, ``seq:LINK`` of a dirsync server; and marks of what was seen last.
counter = Table(
    "counter",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: What dxa knows of a peer beside its configuration; `state` is its machine's, `pick` what it last asked to see.
peer = Table(
    "peer",
    metadata,
    Column("id", String(200), primary_key=True),  # LINK/NAME
    Column("link", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", Text, nullable=False),
    Column("pick", Text, nullable=False),
    Column("limit", Integer),  # bytes of one answer
    Column("cursor", Text, nullable=False),
    Column("view", Integer),
    Column("rules", String(40), nullable=False),  # digest of the import rules at the last plan
    Column("reply_to", String(200), nullable=False),
    Column("note", Text, nullable=False),  # the latest status report
    Column("created_at", Float, nullable=False),
    Column("heard_at", Float),
    Column("answered_at", Float),
    Column("asking", Text, nullable=False, server_default=""),  # numbers of a link on which dxa is the requestor
    Index("ix_peer_link", "link"),
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("container", String(250), nullable=False),
    Column("name", Text, nullable=False),
    Column("alias", String(250), nullable=False),
    Column("target_type", String(20)),
    Column("target", Text),
    Column("owner", String(200), nullable=False),
    Column("origin", String(200), nullable=False),  # the peer whose report created it; "" is the site
    Column("trust", Integer, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("fields", Text, nullable=False),
    Column("usn", Integer, nullable=False, index=True),
    Index("ix_recipient_owner", "owner"),
)

#: Every address of every recipient, by key, in the order of `rank`; a target that is not among its proxies has rank -1.
proxy = Table(
    "proxy",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("recipient", Integer, nullable=False),
    Column("type", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Index("ix_proxy_recipient", "recipient", "rank"),
    sqlite_with_rowid=False,
)

#: Recipients that are gone, with the usn of their deletion.
tombstone = Table(
    "tombstone",
    metadata,
    Column("recipient", Integer, primary_key=True),
    Column("usn", Integer, nullable=False, index=True),
)

#: Addresses that nobody has any more, by key, with who had them until when: they rest (`dxa.store.resting`).
resting = Table(
    "resting",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("recipient", Integer, nullable=False),
    Column("native", String(400), nullable=False),  # the key of that recipient's target address, or ""
    Column("name", Text, nullable=False),
    Column("since", Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)

#: What each peer has told. `digest` of what it says now ("": deleted), `applied` of what the directory has of it ("":
#: nothing), `pinned` of what an administrator rejected. `pending`: digest differs from both. `marked`: bears our mark.
#: `list_key` is type and folded list; `position` gives the order of the last full report.
received = Table(
    "received",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("peer", String(200), nullable=False),
    Column("key", String(400), nullable=False),
    Column("type", String(20), nullable=False),
    Column("list", String(100), nullable=False),
    Column("list_key", String(130), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("raw", Text, nullable=False),
    Column("digest", String(20), nullable=False),
    Column("applied", String(20), nullable=False),
    Column("pinned", String(20)),
    Column("pending", Boolean, nullable=False),
    Column("marked", Boolean, nullable=False),
    Column("recipient", Integer),
    Column("position", Integer, nullable=False),
    Column("anchor", String(400), nullable=False, server_default=""),
    Index("ix_received_peer_key", "peer", "key"),
    _partial("ix_received_anchor", "peer", "anchor", where="anchor <> ''"),
    _partial("ix_received_recipient", "recipient", where="recipient IS NOT NULL"),
    # With `pending` in it too, or SQLite might as well take the index of keys.
    _partial("ix_received_pending", "pending", "peer", where="pending = 1", postgresql="pending"),
)

#: Lines that a peer told outside its own lists, with the numbers between which it told them (design: own entries).
told = Table(
    "told",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("peer", String(200), nullable=False),
    Column("recipient", Integer, nullable=False),
    Column("key", String(400), nullable=False),
    Column("type", String(20), nullable=False),
    Column("list", String(100), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index("ix_told_peer_recipient", "peer", "recipient"),
    Index("ix_told_peer_since", "peer", "since"),
    _partial("ix_told_peer_until", "peer", "until", where="until IS NOT NULL"),
)

#: `rules` is the digest of the export rules that the view shows, `wanted` of those that it should show.
view = Table(
    "view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link", String(100), nullable=False),
    Column("name", String(200), nullable=False),
    Column("rules", String(40), nullable=False),
    Column("wanted", String(40), nullable=False),
    Column("usn", Integer, nullable=False),
    Column("head", BigInteger, nullable=False),
    Index("ix_view_link", "link"),
)

#: The rows of a view; alive while `until` is null. `slot` is list and folded name: unique among the living.
row = Table(
    "view_row",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("view", Integer, nullable=False),
    Column("recipient", Integer, nullable=False),
    Column("type", String(20), nullable=False),
    Column("instead_of", String(20), nullable=False),
    Column("list", String(100), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("wanted", Text, nullable=False),
    # Searched by its beginning, so it must sort by code point.
    Column("slot", String(400).with_variant(String(400, collation="C"), "postgresql"), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index("ix_view_row_view_recipient", "view", "recipient"),
    Index("ix_view_row_view_since", "view", "since"),
    _partial("ix_view_row_view_until", "view", "until", where="until IS NOT NULL"),
    _partial("uq_view_row_slot", "view", "slot", unique=True, where="until IS NULL"),
)

#: Every list that a view has ever carried: a full answer replaces them all.
carried = Table(
    "carried",
    metadata,
    Column("view", Integer, primary_key=True),
    Column("type", String(20), primary_key=True),
    Column("list", String(100), primary_key=True),
    sqlite_with_rowid=False,
)

cut = Table(
    "cut",
    metadata,
    Column("peer", String(200), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("view", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("pick", Text, nullable=False),
    Column("sent_at", Float, nullable=False),
    sqlite_with_rowid=False,
)

#: Numbered transactions that a server has not acknowledged, of links on which dxa is the requestor.
queued = Table(
    "queued",
    metadata,
    Column("peer", String(200), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("transaction", Text, nullable=False),
    sqlite_with_rowid=False,
)

#: Digests of transactions that a requestor sent under its own numbers: whether a number is used again for another.
numbered = Table(
    "numbered",
    metadata,
    Column("peer", String(200), primary_key=True),
    Column("last", BigInteger, primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
)

#: What parcels carry, shared between them; `data` is compressed JSON.
content = Table(
    "content", metadata, Column("key", String(60), primary_key=True), Column("data", LargeBinary, nullable=False)
)

#: The outbox and the archive of what went out. status: ready, sent, refused.
parcel = Table(
    "parcel",
    metadata,
    Column("serial", Integer, primary_key=True),
    Column("id", String(60), nullable=False, unique=True),
    Column("link", String(100), nullable=False),
    Column("peer", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("title", Text, nullable=False),
    Column("header", Text, nullable=False),
    Column("content", String(60), nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("sent_at", Float),
    _partial("ix_parcel_ready", "link", where="status = 'ready'"),
)

#: The archive of what came in. status: taken, refused, kept (data that is only shown).
message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link", String(100), nullable=False),
    Column("peer", String(200), nullable=False),  # as claimed
    Column("receipt", String(400), nullable=False),
    Column("digest", String(40), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("data", LargeBinary, nullable=False),  # zlib
)

#: Records that could not be used; `digest` of raw form and reason. status: open, retried, dropped.
reject = Table(
    "reject",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link", String(100), nullable=False),
    Column("peer", String(200), nullable=False),
    Column("message", Integer),
    Column("number", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("raw", Text, nullable=False),
    Column("code", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", String(20), nullable=False),
    Column("status", String(10), nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_reject_peer", "peer", "digest"),
)

#: What the administrator has to know, as long as its cause stands; one notice for each peer and code.
notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link", String(100), nullable=False),
    Column("peer", String(200), nullable=False),
    Column("code", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("told_at", Float),
    Index("uq_notice_peer_code", "peer", "code", unique=True),
)

#: What an administrator decided about a held plan. verdict: approved or rejected.
verdict = Table(
    "verdict",
    metadata,
    Column("scope", String(250), primary_key=True),
    Column("key", String(400), primary_key=True),
    Column("before", String(20), primary_key=True),
    Column("after", String(20), primary_key=True),
    Column("verdict", String(10), nullable=False),
    Column("at", Float, nullable=False),
    sqlite_with_rowid=False,
)

#: Plans that were held when they were last made, for status and approval.
held = Table(
    "held",
    metadata,
    Column("scope", String(250), primary_key=True),
    Column("plan", String(20), nullable=False),
    Column("count", Integer, nullable=False),
    Column("holds", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("told", Boolean, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String(250), nullable=False),
    Column("plan", String(20), nullable=False),
    Column("adds", Integer, nullable=False),
    Column("modifies", Integer, nullable=False),
    Column("deletes", Integer, nullable=False),
    Column("at", Float, nullable=False, index=True),
)

run_change = Table(
    "run_change",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("key", String(400), nullable=False),
    Column("recipient", Integer, nullable=False, index=True),
    Column("verb", String(1), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text, nullable=False),
    sqlite_with_rowid=False,
)
