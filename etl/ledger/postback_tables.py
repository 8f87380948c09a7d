"""The ledger's tables of what leaves for Liftoff, and of who must not."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from etl.ledger.schema import METADATA, UtcInstant

plans = Table(
    "plans",
    METADATA,
    Column("id", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("liftoff_app_id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("configuration_hash", Text, nullable=False),
    Column("plan_hash", Text),
    Column("rows", BigInteger, nullable=False),
    Column("next_position", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("canary", Text, nullable=False),
    Column("reason", Text),
    Column("who", Text),
    Column("created_at", UtcInstant, nullable=False),
    Column("approved_at", UtcInstant),
    Column("approved_by", Text),
    Column("finished_at", UtcInstant),
    PrimaryKeyConstraint("id", name="plans_pkey"),
    CheckConstraint("mode IN ('production', 'test')", name="plans_mode"),
    CheckConstraint(
        "state IN ('drafting', 'planned', 'approved', 'paused', 'cancelled', 'finished')", name="plans_state"
    ),
    CheckConstraint("canary IN ('off', 'waiting', 'passed', 'failed')", name="plans_canary"),
    Index("plans_by_state", "state"),
)

plan_counts = Table(
    "plan_counts",
    METADATA,
    Column("plan_id", Text, nullable=False),
    Column("event_date", Date, nullable=False),
    Column("event_name", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("plan_id", "event_date", "event_name", "code", name="plan_counts_pkey"),
)

IN_DOUBT_OR_DONE: Final = text("state IN ('sending', 'unknown', 'delivered')")
"""Liftoff has, or may have, heard of these: of an occurrence there is one a Liftoff app and mode.

A partial index serves only the queries that hold its condition word for word.
"""

TOUCHED: Final = text("(intent_at IS NOT NULL OR settled_at IS NOT NULL)")
"""These were asked for once, or never will be.

The condition does not name the state on purpose: Postgres would take this index, which was empty when it
counted last, to look occurrences up.
"""

WAITING: Final = text("state = 'queued' AND not_before IS NOT NULL")
"""These are claimed, or wait to be tried again.

The others that are queued are fresh: nobody had them yet, they are at or above their plan's `next_position`,
and no index but the primary key holds them, which is what makes millions of them cheap to add.
"""

NEVER_SENT: Final = text("state IN ('refused', 'excluded', 'cancelled')")
"""These ended without Liftoff's acceptance."""

postbacks = Table(
    "postbacks",
    METADATA,
    Column("plan_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("occurrence_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("liftoff_app_id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("event_date", Date, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("event_name", Text, nullable=False),
    Column("parameters", Text),
    Column("subjects", Text),
    Column("state", Text, nullable=False),
    Column("code", Text),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcInstant),
    Column("first_attempt_at", UtcInstant),
    Column("intent_at", UtcInstant),
    Column("settled_at", UtcInstant),
    Column("sender", Text),
    Column("exported_state", Text),
    PrimaryKeyConstraint("plan_id", "position", name="postbacks_pkey"),
    CheckConstraint(
        "state IN ('queued', 'sending', 'delivered', 'refused', 'unknown', 'excluded', 'cancelled')",
        name="postbacks_state",
    ),
    Index(
        "postbacks_by_state",
        "plan_id",
        "state",
        "position",
        sqlite_where=TOUCHED,
        postgresql_where=TOUCHED,
    ),
    Index(
        "postbacks_waiting",
        "plan_id",
        "sender",
        "not_before",
        "position",
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    ),
    Index(
        "postbacks_never_sent",
        "occurrence_id",
        sqlite_where=NEVER_SENT,
        postgresql_where=NEVER_SENT,
    ),
    Index(
        "postbacks_sent_once",
        "occurrence_id",
        "liftoff_app_id",
        "mode",
        unique=True,
        sqlite_where=IN_DOUBT_OR_DONE,
        postgresql_where=IN_DOUBT_OR_DONE,
    ),
)

attempts = Table(
    "attempts",
    METADATA,
    Column("plan_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sender", Text, nullable=False),
    Column("intent_at", UtcInstant, nullable=False),
    Column("outcome_at", UtcInstant),
    Column("outcome", Text),
    Column("status", Integer),
    Column("detail", Text),
    Column("milliseconds", Integer),
    PrimaryKeyConstraint("plan_id", "position", "number", name="attempts_pkey"),
)

senders = Table(
    "senders",
    METADATA,
    Column("id", Text, nullable=False),
    Column("plan_id", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", UtcInstant, nullable=False),
    Column("renewed_at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, nullable=False),
    PrimaryKeyConstraint("id", name="senders_pkey"),
    CheckConstraint("state IN ('active', 'stopped', 'lost')", name="senders_state"),
    Index("senders_by_plan", "plan_id", "state"),
)

rates = Table(
    "rates",
    METADATA,
    Column("name", Text, nullable=False),
    Column("reserved_at", UtcInstant, nullable=False),
    Column("next_at", UtcInstant, nullable=False),
    Column("factor", Float, nullable=False),
    Column("slowed_at", UtcInstant),
    Column("recovered_at", UtcInstant),
    Column("blocked_at", UtcInstant),
    Column("blocked_until", UtcInstant),
    Column("block_reason", Text),
    Column("failures", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("stopped_at", UtcInstant),
    Column("stopped_by", Text),
    Column("stop_reason", Text),
    PrimaryKeyConstraint("name", name="rates_pkey"),
)

decisions = Table(
    "decisions",
    METADATA,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text),
    Column("rows", BigInteger, nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    PrimaryKeyConstraint("id", name="decisions_pkey"),
    Index("decisions_by_subject", "subject"),
    sqlite_autoincrement=True,
)

suppressions = Table(
    "suppressions",
    METADATA,
    Column("subject", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("lifted_at", UtcInstant),
    PrimaryKeyConstraint("subject", "app_id", name="suppressions_pkey"),
    CheckConstraint("kind IN ('erase', 'do_not_share')", name="suppressions_kind"),
)
