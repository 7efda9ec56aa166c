"""Addresses that rest after somebody had them.

Revision 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "resting",
        sa.Column("key", sa.String(length=400), nullable=False),
        sa.Column("recipient", sa.Integer(), nullable=False),
        sa.Column("native", sa.String(length=400), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_resting"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_resting_since", "resting", ["since"], unique=False)


def downgrade() -> None:
    op.drop_table("resting")
