"""What Liftoff was sent about people before they opted out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table, a row a request, app, mode and event name."""
    op.create_table(
        "opt_out_sent",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("app_id", sa.Text, nullable=False),
        sa.Column("sent_app_id", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("event_name", sa.Text, nullable=False),
        sa.Column("first_sent_at", INSTANT, nullable=False),
        sa.Column("last_sent_at", INSTANT, nullable=False),
        sa.Column("delivered", sa.BigInteger, nullable=False),
        sa.Column("in_doubt", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "subject", "app_id", "sent_app_id", "mode", "event_name", name="opt_out_sent_pkey"
        ),
    )
