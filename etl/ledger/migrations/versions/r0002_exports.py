"""Exports: copies of the lake that erasure must reach."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of exports, a row a target."""
    op.create_table(
        "exports",
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("selection", sa.Text, nullable=False),
        sa.Column("events_version", sa.BigInteger, nullable=False),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("target", name="exports_pkey"),
        sa.CheckConstraint("state IN ('writing', 'finished')", name="exports_state"),
    )
