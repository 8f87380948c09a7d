"""Evidence on its way into the chain: noted in the transaction of what happened, sealed, then written.

A record is noted where it happens, so nothing that was done is without one. Sealing makes links of what was
noted, keeps them as a segment and moves the head, in one transaction; only then is the segment written to
object storage, from what the ledger keeps of it. A kill before the seal leaves records that the next one
takes, a kill after it a segment that the next one writes with the same bytes. The other order, object first,
would have the next run believe in a store whatever it finds beyond the head.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.evidence_tables import evidence_records, evidence_segments

REQUESTS: Final = 5_000
"""How many requests one record names at most."""

NOTHING: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class ChainHead:
    """How many links the chain has, and the hash of the last one."""

    length: int = 0
    digest: str = NOTHING


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the chain, by the numbers of its first and last link; `content` until it is written."""

    first: int
    last: int
    content: str | None


Link = Callable[[ChainHead, Sequence[Mapping[str, Any]]], tuple[str, ChainHead]]
"""Makes the lines of some records that go on from a head, and the new head."""


def note_within(connection: Connection, now: datetime, event: str, facts: Mapping[str, object]) -> None:
    """Note what happens, within the transaction in which it does; identifiers have no place in it."""
    record = {"event": event, "at": now.isoformat(), **facts}
    statement = insert(evidence_records)
    connection.execute(statement.values(recorded_at=now, record=json.dumps(record)))


def note_requests_within(
    connection: Connection, now: datetime, event: str, numbers: Sequence[int], facts: Mapping[str, object]
) -> None:
    """Note what happens to requests, by their numbers, some thousand in a record; nothing for none."""
    ordered = sorted(numbers)
    for start in range(0, len(ordered), REQUESTS):
        note_within(connection, now, event, {"requests": ordered[start : start + REQUESTS], **facts})


def note(ledger: Ledger, event: str, facts: Mapping[str, object]) -> None:
    """Note what happened, in a transaction of its own."""
    with begin_write(ledger) as connection:
        note_within(connection, ledger.clock(connection), event, facts)


def read_head(ledger: Ledger) -> ChainHead:
    """Read the length and head that the chain must have."""
    with begin_read(ledger) as connection:
        return _find_head(connection)


def count_unsealed(ledger: Ledger) -> int:
    """Count the records that are in no segment yet."""
    with begin_read(ledger) as connection:
        return connection.execute(select(func.count()).select_from(evidence_records)).scalar_one()


def seal_records(ledger: Ledger, link: Link, limit: int) -> bool:
    """Make a segment of the oldest records, at most so many; says whether there were any.

    Two at once would make the same segment: hold a lock.
    """
    table = evidence_records.c
    with begin_write(ledger) as connection:
        rows = connection.execute(select(table.id, table.record).order_by(table.id).limit(limit)).all()
        if not rows:
            return False
        before = _find_head(connection)
        content, after = link(before, [json.loads(row.record) for row in rows])
        connection.execute(
            insert(evidence_segments).values(
                first=before.length + 1,
                last=after.length,
                digest=after.digest,
                sealed_at=ledger.clock(connection),
                content=content,
            )
        )
        connection.execute(delete(evidence_records).where(table.id.in_([row.id for row in rows])))
        return True


def list_unwritten(ledger: Ledger) -> list[Segment]:
    """List the segments that may not be in object storage yet, the oldest first."""
    table = evidence_segments.c
    query = select(table.first, table.last, table.content).where(table.content.is_not(None))
    with begin_read(ledger) as connection:
        return [Segment(*row) for row in connection.execute(query.order_by(table.first))]


def mark_written(ledger: Ledger, segment: Segment) -> None:
    """Note that a segment is in object storage, and let go of its content."""
    with begin_write(ledger) as connection:
        statement = update(evidence_segments).where(evidence_segments.c.first == segment.first)
        connection.execute(statement.values(content=None))


def _find_head(connection: Connection) -> ChainHead:
    table = evidence_segments.c
    row = connection.execute(
        select(table.last, table.digest).order_by(table.first.desc()).limit(1)
    ).one_or_none()
    return ChainHead() if row is None else ChainHead(*row)
