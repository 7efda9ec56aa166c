"""The tables. `migrations/` brings a database to this shape; a test holds the two together.

Times are seconds since 1970 (UTC). Texts that hold values (`fields`, `settings`, `state`) are JSON.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})

#: Named counters: ``usn`` of the directory, ``seq:LINK`` of a dirsync server; and marks of what was seen last.
counter = Table("counter", metadata, Column("name", String(200), primary_key=True), Column("value", Integer, nullable=False))

#: What dxa knows of a peer beside its configuration; `state` is its machine's, `pick` what it last asked to see.
peer = Table(
    "peer",
    metadata,
    Column("id", String(200), primary_key=True),  # LINK/NAME
    Column("link", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", Text, nullable=False, default="{}"),
    Column("pick", Text, nullable=False, default="{}"),
    Column("cursor", Text, nullable=False, default=""),
    Column("view", Integer),
    Column("rules", String(40), nullable=False, default=""),  # digest of the import rules at the last plan
    Column("reply_to", String(200), nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),  # the latest status report
    Column("created_at", Float, nullable=False),
    Column("heard_at", Float),
    Column("answered_at", Float),
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

#: Every address of every recipient, its target address included, by key; rank 0 is the primary of its type.
proxy = Table(
    "proxy",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("recipient", Integer, nullable=False, index=True),
    Column("type", String(20), nullable=False),
    Column("value", Text, nullable=False),
    Column("rank", Integer, nullable=False),
)

#: Recipients that are gone, with the usn of their deletion.
tombstone = Table(
    "tombstone",
    metadata,
    Column("recipient", Integer, primary_key=True),
    Column("usn", Integer, nullable=False, index=True),
)

#: What each peer has told. `digest` of what it says now ("": deleted), `applied` of what the directory has of it ("":
#: nothing), `pinned` of what an administrator rejected. `pending`: digest differs from both. `marked`: bears our mark.
received = Table(
    "received",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("peer", String(200), nullable=False),
    Column("key", String(400), nullable=False),
    Column("type", String(20), nullable=False),
    Column("list", String(100), nullable=False),
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
    Index("ix_received_peer_key", "peer", "key"),
    Index("ix_received_recipient", "recipient"),
    Index("ix_received_pending", "peer", sqlite_where=text("pending"), postgresql_where=text("pending")),
)

#: Lines that a peer told outside its own lists, with the numbers between which it told them (design: own entries).
told = Table(
    "told",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("peer", String(200), nullable=False),
    Column("recipient", Integer, nullable=False),
    Column("type", String(20), nullable=False),
    Column("list", String(100), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer),
    Index("ix_told_peer_since", "peer", "since"),
    Index("ix_told_peer_until", "peer", "until"),
)

view = Table(
    "view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("link", String(100), nullable=False),
    Column("name", String(200), nullable=False, unique=True),  # LINK/names of the peers' common export rules
    Column("rules", String(40), nullable=False),  # digest of the export rules at the last advance
    Column("usn", Integer, nullable=False),
    Column("head", Integer, nullable=False),
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
    Column("slot", String(400), nullable=False),
    Column("since", Integer, nullable=False),
    Column("until", Integer),
    Index("ix_view_row_view_recipient", "view", "recipient"),
    Index("ix_view_row_view_since", "view", "since"),
    Index("ix_view_row_view_until", "view", "until"),
    Index("uq_view_row_slot", "view", "slot", unique=True, sqlite_where=text("until IS NULL"), postgresql_where=text("until IS NULL")),
)

#: Every list that a view has ever carried: a full answer replaces them all.
carried = Table(
    "carried",
    metadata,
    Column("view", Integer, primary_key=True),
    Column("type", String(20), primary_key=True),
    Column("list", String(100), primary_key=True),
)

cut = Table(
    "cut",
    metadata,
    Column("peer", String(200), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("view", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("pick", Text, nullable=False),
    Column("sent_at", Float, nullable=False),
)

#: Digests of transactions that a requestor sent under its own numbers: whether a number is used again for another.
numbered = Table(
    "numbered",
    metadata,
    Column("peer", String(200), primary_key=True),
    Column("last", Integer, primary_key=True),
    Column("first", Integer, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
)

#: What parcels carry, shared between them; `data` is compressed JSON.
content = Table("content", metadata, Column("key", String(60), primary_key=True), Column("data", LargeBinary, nullable=False))

#: The outbox and the archive of what went out. status: ready, sent, refused.
parcel = Table(
    "parcel",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("link", String(100), nullable=False),
    Column("peer", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("header", Text, nullable=False),
    Column("content", String(60), nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Column("status", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("sent_at", Float),
    Index("ix_parcel_ready", "link", sqlite_where=text("status = 'ready'"), postgresql_where=text("status = 'ready'")),
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

#: Records that could not be used. status: open, retried, dropped.
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
    Column("status", String(10), nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_reject_peer", "peer", "status"),
)

#: What the administrator has to know; one open notice per (peer, code).
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
    Column("cleared_at", Float),
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
)
