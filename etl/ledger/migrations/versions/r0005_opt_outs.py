"""Opt-outs: lists as they came, requests, and the other ids of a person that were suppressed with one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
PLAIN = sa.text("identifier IS NOT NULL")


def upgrade() -> None:
    """Create the tables of opt-outs."""
    create_lists()
    create_requests()
    op.create_table(
        "opt_out_links",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("linked", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subject", "app_id", "linked", name="opt_out_links_pkey"),
    )


def create_lists() -> None:
    op.create_table(
        "opt_out_lists",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("duplicates", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="opt_out_lists_pkey"),
    )
    op.create_index("opt_out_lists_by_content", "opt_out_lists", ["content_hash"], unique=True)


def create_requests() -> None:
    op.create_table(
        "opt_out_requests",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("id_type", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("identifier", sa.Text),
        sa.Column("store_id", sa.Text),
        sa.Column("list_id", sa.Text, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("deadline_at", INSTANT, nullable=False),
        sa.Column("installs", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("suppressed_at", INSTANT),
        sa.Column("submission", sa.Text, nullable=False),
        sa.Column("submission_code", sa.Text),
        sa.Column("submission_status", sa.Integer),
        sa.Column("submitted_at", INSTANT),
        sa.Column("answered_at", INSTANT),
        sa.Column("erasure", sa.Text, nullable=False),
        sa.Column("erased_at", INSTANT),
        sa.Column("verified_at", INSTANT),
        sa.Column("lifted_at", INSTANT),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lift_reason", sa.Text),
        sa.PrimaryKeyConstraint("subject", "app_id", name="opt_out_requests_pkey"),
        sa.CheckConstraint("kind IN ('erase', 'do_not_share')", name="opt_out_requests_kind"),
        sa.CheckConstraint("state IN ('waiting', 'open', 'done', 'lifted')", name="opt_out_requests_state"),
        sa.CheckConstraint(
            "submission IN ('not_needed', 'due', 'accepted', 'not_processed', 'refused')",
            name="opt_out_requests_submission",
        ),
        sa.CheckConstraint(
            "erasure IN ('not_needed', 'due', 'erased', 'erased_except_landing', 'verified')",
            name="opt_out_requests_erasure",
        ),
    )
    op.create_index(
        "opt_out_requests_plain",
        "opt_out_requests",
        ["app_id", "subject"],
        sqlite_where=PLAIN,
        postgresql_where=PLAIN,
    )
    op.create_index("opt_out_requests_by_state", "opt_out_requests", ["state", "deadline_at"])
