"""The tables of the ledger, as the newest migration leaves them; a test holds the two together."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
)

SCHEMA_REVISION: Final = "0006"
"""The revision that this code works with; revisions are four digits and grow."""

VERSION_TABLE: Final = "ledger_version"
"""Not Alembic's default name, which Airflow uses when it shares the database."""

METADATA: Final = MetaData()


class UtcInstant(TypeDecorator[datetime]):
    """An instant: aware on both sides, in UTC, to the microsecond; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — SQLAlchemy's signature
        """Convert to UTC, so that SQLite's text sorts as the instants do."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("The ledger takes aware datetimes only: give the instant its zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — the same
        """Give the zone back, which SQLite does not store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


landed_objects = Table(
    "landed_objects",
    METADATA,
    Column("uri", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("landed_at", UtcInstant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error_code", Text),
    Column("load_id", Text),
    Column("attempted_at", UtcInstant, nullable=False),
    Column("finished_at", UtcInstant),
    PrimaryKeyConstraint("uri", "version", name="landed_objects_pkey"),
    CheckConstraint("state IN ('finished', 'failed')", name="landed_objects_state"),
)

drafts = Table(
    "drafts",
    METADATA,
    Column("path", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("app_id", Text),
    Column("size", BigInteger, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("path", name="drafts_pkey"),
    CheckConstraint("state IN ('registered', 'held', 'published', 'discarded')", name="drafts_state"),
    Index("drafts_by_run", "run_id"),
    Index("drafts_by_state", "state"),
)

publishes = Table(
    "publishes",
    METADATA,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), autoincrement=True),
    Column("run_id", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("state", Text, nullable=False),
    Column("payload", Text, nullable=False),
    PrimaryKeyConstraint("id", name="publishes_pkey"),
    CheckConstraint("state IN ('recorded', 'committed', 'finished', 'discarded')", name="publishes_state"),
    Index("publishes_by_state", "state"),
    sqlite_autoincrement=True,
)

locks = Table(
    "locks",
    METADATA,
    Column("name", Text, nullable=False),
    Column("owner", Text),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", UtcInstant),
    PrimaryKeyConstraint("name", name="locks_pkey"),
)

facts = Table(
    "facts",
    METADATA,
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("updated_at", UtcInstant, nullable=False),
    PrimaryKeyConstraint("key", name="facts_pkey"),
)

app_identities = Table(
    "app_identities",
    METADATA,
    Column("app_id", Text, nullable=False),
    Column("field", Text, nullable=False),
    PrimaryKeyConstraint("app_id", "field", name="app_identities_pkey"),
)

exports = Table(
    "exports",
    METADATA,
    Column("target", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("events_version", BigInteger, nullable=False),
    Column("files", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("started_at", UtcInstant, nullable=False),
    Column("finished_at", UtcInstant),
    PrimaryKeyConstraint("target", name="exports_pkey"),
    CheckConstraint("state IN ('writing', 'finished')", name="exports_state"),
)

held_batches = Table(
    "held_batches",
    METADATA,
    Column("id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("state", Text, nullable=False),
    Column("is_reprocess", Boolean, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("failed", Text, nullable=False),
    Column("identities", Text, nullable=False),
    Column("drafts", Text, nullable=False),
    Column("objects", Text, nullable=False),
    Column("decided_at", UtcInstant),
    Column("reason", Text),
    Column("who", Text),
    PrimaryKeyConstraint("id", name="held_batches_pkey"),
    CheckConstraint("state IN ('held', 'released', 'superseded')", name="held_batches_state"),
    Index("held_batches_by_state", "state"),
)
