"""Held batches: what an audit held back, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of held batches, a row an app and run."""
    op.create_table(
        "held_batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_reprocess", sa.Boolean, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.Text, nullable=False),
        sa.Column("identities", sa.Text, nullable=False),
        sa.Column("drafts", sa.Text, nullable=False),
        sa.Column("objects", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text),
        sa.Column("who", sa.Text),
        sa.PrimaryKeyConstraint("id", name="held_batches_pkey"),
        sa.CheckConstraint("state IN ('held', 'released', 'superseded')", name="held_batches_state"),
    )
    op.create_index("held_batches_by_state", "held_batches", ["state"])
