"""Landed objects: which versions are finished, and what became of the others."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.sql.dml import ReturningInsert

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into, tabulate
from etl.ledger.schema import landed_objects

ObjectVersion = tuple[str, str]
"""An object's URI and its version: the store's etag, or its modification time and size."""


@dataclass(frozen=True, slots=True)
class FinishedObject:
    """A version of an object whose messages are all accounted for, by the load `load_id`."""

    uri: str
    version: str
    size: int
    landed_at: datetime
    load_id: str


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt on a version that failed; `error_code` is a constant such as `forbidden` or `vanished`."""

    uri: str
    version: str
    size: int
    landed_at: datetime
    error_code: str


@dataclass(frozen=True, slots=True)
class FailedObject:
    """A version of an object that could not be read, and how often that was tried."""

    uri: str
    version: str
    size: int
    landed_at: datetime
    error_code: str
    attempts: int
    attempted_at: datetime


def unfinished_objects(ledger: Ledger, listing: Iterable[ObjectVersion]) -> list[ObjectVersion]:
    """Return the versions that are not finished, in the listing's order.

    A version that failed, or whose object was finished under another version, is unfinished. One
    query, whatever the length: 10,000 known versions take a tenth of a second.
    """
    versions = list(listing)
    with begin_read(ledger) as connection:
        uris, names = [uri for uri, _ in versions], [version for _, version in versions]
        listed = tabulate(connection, {"uri": uris, "version": names})
        is_finished = exists().where(
            landed_objects.c.uri == listed.c.uri,
            landed_objects.c.version == listed.c.version,
            landed_objects.c.state == "finished",
        )
        query = select(listed.c.position).where(~is_finished).order_by(listed.c.position)
        return [versions[position] for position in connection.scalars(query)]


def finish_objects(connection: Connection, objects: Sequence[FinishedObject], now: datetime) -> None:
    """Mark versions finished, within the caller's transaction; each call counts as an attempt."""
    if not objects:
        return
    statement = insert_into(connection, landed_objects)
    upsert = statement.on_conflict_do_update(
        index_elements=["uri", "version"],
        set_={
            "state": "finished",
            "size": statement.excluded.size,
            "landed_at": statement.excluded.landed_at,
            "load_id": statement.excluded.load_id,
            "attempts": landed_objects.c.attempts + 1,
            "error_code": None,
            "attempted_at": now,
            "finished_at": now,
        },
    )
    connection.execute(upsert, [describe_finished(each, now) for each in objects])


def describe_finished(finished: FinishedObject, now: datetime) -> dict[str, object]:
    """Describe a finished version as a row."""
    state = {"state": "finished", "attempts": 1, "attempted_at": now, "finished_at": now}
    return asdict(finished) | state


def record_failed_attempt(ledger: Ledger, failed: FailedAttempt) -> int:
    """Record that a version could not be read, and return how often it has been tried.

    A finished version stays finished, whatever a later attempt met; only its attempts are counted.
    """
    with begin_write(ledger) as connection:
        upsert = upsert_failed(connection, failed, ledger.clock(connection))
        attempts: int = connection.execute(upsert).scalar_one()
        return attempts


def upsert_failed(connection: Connection, failed: FailedAttempt, now: datetime) -> ReturningInsert[int]:
    """Write the statement that adds a failed version, or counts one more attempt."""
    row = {**asdict(failed), "state": "failed", "attempts": 1, "attempted_at": now}
    changes = {
        "attempts": landed_objects.c.attempts + 1,
        "error_code": failed.error_code,
        "attempted_at": now,
    }
    return (
        insert_into(connection, landed_objects)
        .values(**row)
        .on_conflict_do_update(index_elements=["uri", "version"], set_=changes)
        .returning(landed_objects.c.attempts)
    )


def failed_objects(ledger: Ledger) -> list[FailedObject]:
    """Return the versions whose last attempt failed, by URI and version."""
    table = landed_objects.c
    query = (
        select(
            table.uri,
            table.version,
            table.size,
            table.landed_at,
            table.error_code,
            table.attempts,
            table.attempted_at,
        )
        .where(table.state == "failed")
        .order_by(table.uri, table.version)
    )
    with begin_read(ledger) as connection:
        return [FailedObject(*row) for row in connection.execute(query)]


def count_objects(ledger: Ledger) -> dict[str, int]:
    """Count the known versions by state: `finished` and `failed`."""
    query = select(landed_objects.c.state, func.count().label("number")).group_by(landed_objects.c.state)
    with begin_read(ledger) as connection:
        counts = {row.state: row.number for row in connection.execute(query)}
    return {"finished": 0, "failed": 0} | counts
