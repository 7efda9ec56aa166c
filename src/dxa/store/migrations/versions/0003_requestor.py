"""What a site keeps as a requestor: its numbers, and its queue.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("peer", sa.Column("asking", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "queued",
        sa.Column("peer", sa.String(length=200), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("transaction", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "number", name="pk_queued"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("queued")
    op.drop_column("peer", "asking")
