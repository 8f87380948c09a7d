"""Landed objects, drafts, publishes, locks, facts and app identities."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    create_landed_objects()
    create_drafts()
    create_publishes()
    create_locks()
    create_facts()
    create_app_identities()


def create_landed_objects() -> None:
    """Create the table of objects, a row per version."""
    op.create_table(
        "landed_objects",
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("landed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error_code", sa.Text),
        sa.Column("load_id", sa.Text),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("uri", "version", name="landed_objects_pkey"),
        sa.CheckConstraint("state IN ('finished', 'failed')", name="landed_objects_state"),
    )


def create_drafts() -> None:
    """Create the table of files that no reader sees yet."""
    op.create_table(
        "drafts",
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("path", name="drafts_pkey"),
        sa.CheckConstraint("state IN ('registered', 'held', 'published', 'discarded')", name="drafts_state"),
    )
    op.create_index("drafts_by_run", "drafts", ["run_id"])
    op.create_index("drafts_by_state", "drafts", ["state"])


def create_publishes() -> None:
    """Create the write-ahead log of publishes."""
    op.create_table(
        "publishes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="publishes_pkey"),
        sa.CheckConstraint(
            "state IN ('recorded', 'committed', 'finished', 'discarded')", name="publishes_state"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("publishes_by_state", "publishes", ["state"])


def create_locks() -> None:
    """Create the table of locks; a row outlives its holders, so that its fence only grows."""
    op.create_table(
        "locks",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("name", name="locks_pkey"),
    )


def create_facts() -> None:
    """Create the table of small facts."""
    op.create_table(
        "facts",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="facts_pkey"),
    )


def create_app_identities() -> None:
    """Create the table of identity fields that each app's rows have had."""
    op.create_table(
        "app_identities",
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("app_id", "field", name="app_identities_pkey"),
    )
