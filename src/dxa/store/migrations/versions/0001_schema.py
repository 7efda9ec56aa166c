"""The whole schema, as the first version had it.

Revision 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "carried",
        sa.Column("view", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("view", "type", "list", name="pk_carried"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "content",
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_content"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cut",
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("view", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("pick", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "number", name="pk_cut"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "held",
        sa.Column("scope", sa.String(length=250), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_held"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("receipt", sa.String(length=400), nullable=False),
        sa.Column("digest", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_at", "message", ["at"], unique=False)
    op.create_index("ix_message_digest", "message", ["digest"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("told_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("uq_notice_peer_code", "notice", ["peer", "code"], unique=True)
    op.create_table(
        "numbered",
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "last", name="pk_numbered"),
    )
    op.create_table(
        "parcel",
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=60), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("serial", name="pk_parcel"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_parcel_content", "parcel", ["content"], unique=False)
    op.create_index("ix_parcel_created_at", "parcel", ["created_at"], unique=False)
    op.create_index(
        "ix_parcel_ready",
        "parcel",
        ["link"],
        unique=False,
        sqlite_where=sa.text("status = 'ready'"),
        postgresql_where=sa.text("status = 'ready'"),
    )
    op.create_table(
        "peer",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("pick", sa.Text(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("view", sa.Integer(), nullable=True),
        sa.Column("rules", sa.String(length=40), nullable=False),
        sa.Column("reply_to", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("heard_at", sa.Float(), nullable=True),
        sa.Column("answered_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_peer"),
    )
    op.create_index("ix_peer_link", "peer", ["link"], unique=False)
    op.create_table(
        "proxy",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_proxy"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_proxy_recipient", "proxy", ["recipient", "rank"], unique=False)
    op.create_table(
        "received",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.Column("list_key", sa.String(length=130), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=20), nullable=False),
        sa.Column("applied", sa.String(length=20), nullable=False),
        sa.Column("pinned", sa.String(length=20), nullable=True),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_received"),
    )
    op.create_index("ix_received_peer_key", "received", ["peer", "key"], unique=False)
    op.create_index(
        "ix_received_pending",
        "received",
        ["pending", "peer"],
        unique=False,
        sqlite_where=sa.text("pending = 1"),
        postgresql_where=sa.text("pending"),
    )
    op.create_index(
        "ix_received_recipient",
        "received",
        ["recipient"],
        unique=False,
        sqlite_where=sa.text("recipient IS NOT NULL"),
        postgresql_where=sa.text("recipient IS NOT NULL"),
    )
    op.create_table(
        "recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("container", sa.String(length=250), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.String(length=250), nullable=False),
        sa.Column("target_type", sa.String(length=20), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("trust", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("usn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recipient"),
    )
    op.create_index("ix_recipient_owner", "recipient", ["owner"], unique=False)
    op.create_index("ix_recipient_usn", "recipient", ["usn"], unique=False)
    op.create_table(
        "reject",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reject"),
    )
    op.create_index("ix_reject_peer", "reject", ["peer", "digest"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=250), nullable=False),
        sa.Column("plan", sa.String(length=20), nullable=False),
        sa.Column("adds", sa.Integer(), nullable=False),
        sa.Column("modifies", sa.Integer(), nullable=False),
        sa.Column("deletes", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_at", "run", ["at"], unique=False)
    op.create_table(
        "run_change",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=1), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_run_change"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_run_change_recipient", "run_change", ["recipient"], unique=False)
    op.create_table(
        "told",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_told"),
    )
    op.create_index("ix_told_peer_recipient", "told", ["peer", "recipient"], unique=False)
    op.create_index("ix_told_peer_since", "told", ["peer", "since"], unique=False)
    op.create_index(
        "ix_told_peer_until",
        "told",
        ["peer", "until"],
        unique=False,
        sqlite_where=sa.text("until IS NOT NULL"),
        postgresql_where=sa.text("until IS NOT NULL"),
    )
    op.create_table(
        "tombstone",
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("usn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name="pk_tombstone"),
    )
    op.create_index("ix_tombstone_usn", "tombstone", ["usn"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("scope", sa.String(length=250), nullable=False),
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", "before", "after", name="pk_verdict"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("rules", sa.String(length=40), nullable=False),
        sa.Column("wanted", sa.String(length=40), nullable=False),
        sa.Column("usn", sa.Integer(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_view"),
    )
    op.create_index("ix_view_link", "view", ["link"], unique=False)
    op.create_table(
        "view_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("view", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("instead_of", sa.String(length=20), nullable=False),
        sa.Column("list", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column(
            "slot",
            sa.String(length=400).with_variant(sa.String(length=400, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_view_row"),
    )
    op.create_index("ix_view_row_view_recipient", "view_row", ["view", "recipient"], unique=False)
    op.create_index("ix_view_row_view_since", "view_row", ["view", "since"], unique=False)
    op.create_index(
        "ix_view_row_view_until",
        "view_row",
        ["view", "until"],
        unique=False,
        sqlite_where=sa.text("until IS NOT NULL"),
        postgresql_where=sa.text("until IS NOT NULL"),
    )
    op.create_index(
        "uq_view_row_slot",
        "view_row",
        ["view", "slot"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
