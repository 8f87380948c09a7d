"""The ledger's tables of opt-outs: lists as they came, and a request for each id and app."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from etl.ledger.schema import METADATA, UtcInstant

opt_out_lists = Table(
    "opt_out_lists",
    METADATA,
    Column("id", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    Column("settled_at", UtcInstant),
    Column("accepted", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    PrimaryKeyConstraint("id", name="opt_out_lists_pkey"),
    Index("opt_out_lists_by_content", "content_hash", unique=True),
)

PLAIN = text("identifier IS NOT NULL")
"""Requests that are not done with: only they hold the id itself."""

opt_out_requests = Table(
    "opt_out_requests",
    METADATA,
    Column("subject", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("id_type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("identifier", Text),
    Column("store_id", Text),
    Column("list_id", Text, nullable=False),
    Column("requested_at", UtcInstant, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    Column("deadline_at", UtcInstant, nullable=False),
    Column("installs", Integer),
    Column("state", Text, nullable=False),
    Column("suppressed_at", UtcInstant),
    Column("submission", Text, nullable=False),
    Column("submission_code", Text),
    Column("submission_status", Integer),
    Column("submitted_at", UtcInstant),
    Column("answered_at", UtcInstant),
    Column("erasure", Text, nullable=False),
    Column("erased_at", UtcInstant),
    Column("verified_at", UtcInstant),
    Column("lifted_at", UtcInstant),
    Column("lifted_by", Text),
    Column("lift_reason", Text),
    Column("number", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("subject", "app_id", name="opt_out_requests_pkey"),
    CheckConstraint("kind IN ('erase', 'do_not_share')", name="opt_out_requests_kind"),
    CheckConstraint("state IN ('waiting', 'open', 'done', 'lifted')", name="opt_out_requests_state"),
    CheckConstraint(
        "submission IN ('not_needed', 'due', 'accepted', 'not_processed', 'refused')",
        name="opt_out_requests_submission",
    ),
    CheckConstraint(
        "erasure IN ('not_needed', 'due', 'erased', 'erased_except_landing', 'verified')",
        name="opt_out_requests_erasure",
    ),
    Index("opt_out_requests_plain", "app_id", "subject", sqlite_where=PLAIN, postgresql_where=PLAIN),
    Index("opt_out_requests_by_state", "state", "deadline_at"),
    Index("opt_out_requests_by_number", "number", unique=True),
)

opt_out_links = Table(
    "opt_out_links",
    METADATA,
    Column("subject", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("linked", Text, nullable=False),
    PrimaryKeyConstraint("subject", "app_id", "linked", name="opt_out_links_pkey"),
)

opt_out_sent = Table(
    "opt_out_sent",
    METADATA,
    Column("subject", Text, nullable=False),
    Column("app_id", Text, nullable=False),
    Column("sent_app_id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("event_name", Text, nullable=False),
    Column("first_sent_at", UtcInstant, nullable=False),
    Column("last_sent_at", UtcInstant, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("in_doubt", BigInteger, nullable=False),
    PrimaryKeyConstraint("subject", "app_id", "sent_app_id", "mode", "event_name", name="opt_out_sent_pkey"),
)
