"""The ledger's tables of evidence: what is to be chained, and the segments of the chain."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text

from etl.ledger.schema import METADATA, UtcInstant

evidence_records = Table(
    "evidence_records",
    METADATA,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), autoincrement=True),
    Column("recorded_at", UtcInstant, nullable=False),
    Column("record", Text, nullable=False),
    PrimaryKeyConstraint("id", name="evidence_records_pkey"),
    sqlite_autoincrement=True,
)
"""What has happened and is in no segment yet."""

evidence_segments = Table(
    "evidence_segments",
    METADATA,
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("sealed_at", UtcInstant, nullable=False),
    Column("content", Text),
    PrimaryKeyConstraint("first", name="evidence_segments_pkey"),
)
"""Stretches of the chain, each an object of its own.

`digest` is the last link's; `content` is there until the object is written.
"""
