"""Evidence of opt-outs: what is to be chained, the chain's segments, and a number for each request."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Number the requests in the order in which they came, and create the tables of evidence."""
    number_requests()
    op.create_table(
        "evidence_records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="evidence_records_pkey"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "evidence_segments",
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=False),
        sa.Column("content", sa.Text),
        sa.PrimaryKeyConstraint("first", name="evidence_segments_pkey"),
    )


def number_requests() -> None:
    op.add_column("opt_out_requests", sa.Column("number", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(
        """
        UPDATE opt_out_requests SET number = numbered.place FROM (
            SELECT subject, app_id, row_number() OVER (ORDER BY received_at, subject, app_id) AS place
            FROM opt_out_requests
        ) AS numbered
        WHERE numbered.subject = opt_out_requests.subject AND numbered.app_id = opt_out_requests.app_id
        """
    )
    op.create_index("opt_out_requests_by_number", "opt_out_requests", ["number"], unique=True)
