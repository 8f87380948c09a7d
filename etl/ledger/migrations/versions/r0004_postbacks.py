"""Postbacks: plans, their rows, attempts, senders, the shared rate; and suppressions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
IN_DOUBT_OR_DONE = sa.text("state IN ('sending', 'unknown', 'delivered')")
TOUCHED = sa.text("(intent_at IS NOT NULL OR settled_at IS NOT NULL)")
WAITING = sa.text("state = 'queued' AND not_before IS NOT NULL")
NEVER_SENT = sa.text("state IN ('refused', 'excluded', 'cancelled')")


def upgrade() -> None:
    """Create the tables of what leaves, and of who must not."""
    create_plans()
    create_postbacks()
    create_senders()
    create_decisions()
    create_suppressions()


def create_plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("liftoff_app_id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("configuration_hash", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("next_position", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("canary", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("who", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("approved_at", INSTANT),
        sa.Column("approved_by", sa.Text),
        sa.Column("finished_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name="plans_pkey"),
        sa.CheckConstraint("mode IN ('production', 'test')", name="plans_mode"),
        sa.CheckConstraint(
            "state IN ('drafting', 'planned', 'approved', 'paused', 'cancelled', 'finished')",
            name="plans_state",
        ),
        sa.CheckConstraint("canary IN ('off', 'waiting', 'passed', 'failed')", name="plans_canary"),
    )
    op.create_index("plans_by_state", "plans", ["state"])
    op.create_table(
        "plan_counts",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("event_date", sa.Date, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "event_date", "event_name", "code", name="plan_counts_pkey"),
    )


def create_postbacks() -> None:
    op.create_table(
        "postbacks",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("occurrence_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("liftoff_app_id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("event_date", sa.Date, nullable=False),
        sa.Column("source_name", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text),
        sa.Column("subjects", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", INSTANT),
        sa.Column("first_attempt_at", INSTANT),
        sa.Column("intent_at", INSTANT),
        sa.Column("settled_at", INSTANT),
        sa.Column("sender", sa.Text),
        sa.Column("exported_state", sa.Text),
        sa.PrimaryKeyConstraint("plan_id", "position", name="postbacks_pkey"),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'delivered', 'refused', 'unknown', 'excluded', 'cancelled')",
            name="postbacks_state",
        ),
    )
    add_index("postbacks_by_state", ["plan_id", "state", "position"], TOUCHED)
    add_index("postbacks_waiting", ["plan_id", "sender", "not_before", "position"], WAITING)
    add_index("postbacks_never_sent", ["occurrence_id"], NEVER_SENT)
    occurrence = ["occurrence_id", "liftoff_app_id", "mode"]
    add_index("postbacks_sent_once", occurrence, IN_DOUBT_OR_DONE, unique=True)
    op.create_table(
        "attempts",
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("intent_at", INSTANT, nullable=False),
        sa.Column("outcome_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.Column("status", sa.Integer),
        sa.Column("detail", sa.Text),
        sa.Column("milliseconds", sa.Integer),
        sa.PrimaryKeyConstraint("plan_id", "position", "number", name="attempts_pkey"),
    )


def add_index(name: str, columns: list[str], where: sa.TextClause, *, unique: bool = False) -> None:
    op.create_index(name, "postbacks", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def create_senders() -> None:
    op.create_table(
        "senders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("renewed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="senders_pkey"),
        sa.CheckConstraint("state IN ('active', 'stopped', 'lost')", name="senders_state"),
    )
    op.create_index("senders_by_plan", "senders", ["plan_id", "state"])
    op.create_table(
        "rates",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("reserved_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("factor", sa.Float, nullable=False),
        sa.Column("slowed_at", INSTANT),
        sa.Column("recovered_at", INSTANT),
        sa.Column("blocked_at", INSTANT),
        sa.Column("blocked_until", INSTANT),
        sa.Column("block_reason", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("stopped_at", INSTANT),
        sa.Column("stopped_by", sa.Text),
        sa.Column("stop_reason", sa.Text),
        sa.PrimaryKeyConstraint("name", name="rates_pkey"),
    )


def create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="decisions_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("decisions_by_subject", "decisions", ["subject"])


def create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT),
        sa.PrimaryKeyConstraint("subject", "app_id", name="suppressions_pkey"),
        sa.CheckConstraint("kind IN ('erase', 'do_not_share')", name="suppressions_kind"),
    )
