"""What peers call their entries for good.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("received", sa.Column("anchor", sa.String(length=400), nullable=False, server_default=""))
    op.create_index(
        "ix_received_anchor",
        "received",
        ["peer", "anchor"],
        unique=False,
        sqlite_where=sa.text("anchor <> ''"),
        postgresql_where=sa.text("anchor <> ''"),
    )


def downgrade() -> None:
    op.drop_index("ix_received_anchor", table_name="received")
    op.drop_column("received", "anchor")
