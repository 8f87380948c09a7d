"""What proof of an erasure asks of the ledger: who must not be found, and whose a found hash is."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, Text, func, or_, select, update

from etl.errors import LedgerUnavailable
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.evidence import note_requests_within
from etl.ledger.opt_out_tables import opt_out_links, opt_out_requests
from etl.ledger.schema import METADATA

CHUNK: Final = 5_000
_STREAMED_ROWS: Final = 5_000
_SPACE: Final = " "
_DONE: Final = ("erased", "erased_except_landing", "verified")


@dataclass(frozen=True, slots=True)
class Gone:
    """A request that is erased: its number, app and type of id, how far, since when, and if its id is kept.

    The id is kept until Liftoff has answered, in the ledger alone.
    """

    number: int
    app_id: str
    id_type: str
    erasure: str
    erased_at: datetime
    is_kept: bool
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A request that is not erased yet: nothing is proven of it."""

    subject: str
    app_id: str
    identifier: str
    is_digest: bool


def list_gone(ledger: Ledger) -> list[Gone]:
    """List the requests that are erased and were not lifted."""
    table = opt_out_requests.c
    query = _select_gone().where(_is_gone()).order_by(table.number)
    with begin_read(ledger) as connection:
        return [_read(row) for row in connection.execute(query)]


def list_not_gone(ledger: Ledger) -> list[Due]:
    """List the requests that are to be erased and are not."""
    table = opt_out_requests.c
    query = select(table.subject, table.app_id, table.identifier, table.id_type).where(
        table.state.in_(["open", "waiting"]), table.erasure == "due", table.identifier.is_not(None)
    )
    with begin_read(ledger) as connection:
        return [
            Due(row.subject, row.app_id, row.identifier, row.id_type in {"sha1", "md5"})
            for row in connection.execute(query)
        ]


def list_links_of(ledger: Ledger, request: tuple[str, str]) -> list[tuple[str, str]]:
    """List the app and hash of each form that was suppressed with a request."""
    table = opt_out_links.c
    query = select(table.linked).where(table.subject == request[0], table.app_id == request[1])
    with begin_read(ledger) as connection:
        return [_split(linked) for linked in connection.scalars(query)]


def find_owners(ledger: Ledger, hashes: Collection[str]) -> dict[str, list[Gone]]:
    """Find the erased requests whose id, or a linked id, has one of some hashes.

    A digest of an id that is gone leads to nobody: it has no owner here.
    """
    found: dict[str, list[Gone]] = {each: [] for each in hashes}
    if not found:
        return found
    links = select(opt_out_links.c.subject, opt_out_links.c.app_id, opt_out_links.c.linked)
    with begin_read(ledger) as connection:
        streamed = connection.execution_options(yield_per=_STREAMED_ROWS)
        query = _select_gone().add_columns(opt_out_requests.c.subject).where(_is_gone())
        places = {(row.subject, row.app_id): _read(row) for row in streamed.execute(query)}
        for (subject, _), request in places.items():
            if subject in found:
                found[subject].append(request)
        for row in streamed.execute(links):
            form, place = _split(row.linked)[1], (row.subject, row.app_id)
            if form in found and place in places:
                found[form].append(places[place])
    return found


def record_verified(ledger: Ledger, numbers: Sequence[int], *, except_landing: bool) -> None:
    """Record that nothing was found of requests; `except_landing` where landing holds them, as it may."""
    table = opt_out_requests.c
    values: dict[str, str] = {} if except_landing else {"erasure": "verified"}
    for start in range(0, len(numbers), CHUNK):
        with begin_write(ledger) as connection:
            now = ledger.clock(connection)
            chunk = numbers[start : start + CHUNK]
            is_new = or_(table.verified_at.is_(None), table.erasure != values.get("erasure", table.erasure))
            statement = update(opt_out_requests).where(table.number.in_(chunk), _is_gone(), is_new)
            changed = statement.values(verified_at=now, **values).returning(table.number)
            done = list(connection.execute(changed).scalars())
            note_requests_within(connection, now, "verified", done, {"except_landing": except_landing})


def count_erasures(ledger: Ledger) -> dict[str, int]:
    """Count the requests to erase that were not lifted, by how far they are."""
    table = opt_out_requests.c
    query = select(table.erasure, func.count()).where(table.kind == "erase", table.state != "lifted")
    with begin_read(ledger) as connection:
        found = {row[0]: row[1] for row in connection.execute(query.group_by(table.erasure))}
    return dict.fromkeys(("due", *_DONE), 0) | found


def count_near(ledger: Ledger, now: datetime, alert_days: float) -> tuple[int, int]:
    """Count the requests that are not done and come due within so many days, and those past the deadline."""
    table = opt_out_requests.c
    is_open = table.state.in_(["open", "waiting"])
    counted = (
        select(func.count()).where(is_open, table.deadline_at <= instant)
        for instant in (now + timedelta(days=alert_days), now)
    )
    with begin_read(ledger) as connection:
        near, overdue = (connection.execute(query).scalar_one() for query in counted)
    return near, overdue


def list_text_columns() -> Iterator[tuple[Table, str]]:
    """List every column of texts of every table of the ledger."""
    for table in METADATA.sorted_tables:
        yield from ((table, column.name) for column in table.columns if isinstance(column.type, Text))


def stream_texts(ledger: Ledger, table: Table, column: str) -> Iterator[Sequence[str]]:
    """Read a column's texts, some thousand at a time."""
    query = select(table.c[column]).where(table.c[column].is_not(None))
    with begin_read(ledger) as connection:
        streamed = connection.execution_options(yield_per=_STREAMED_ROWS)
        if not ledger.is_sqlite:
            yield from streamed.scalars(query).partitions()
            return
        # Texts need no conversion, and a row of SQLAlchemy's for each costs as much as reading it.
        with streamed.execute(query) as result:
            cursor: Any = result.cursor
            while rows := cursor.fetchmany(_STREAMED_ROWS):
                yield [text for (text,) in rows]


def shorten_log(ledger: Ledger) -> None:
    """Copy SQLite's write-ahead log into the database and cut it, as far as nobody reads; else nothing."""
    if ledger.is_sqlite:
        _run_pragma(ledger, "PRAGMA wal_checkpoint(TRUNCATE)")


def _run_pragma(ledger: Ledger, statement: str) -> None:
    """Run what SQLite runs outside of transactions alone."""
    with closing(ledger.engine.raw_connection()) as raw:
        cursor = raw.cursor()
        try:
            cursor.execute(statement)
        except sqlite3.Error as error:
            raise LedgerUnavailable(
                f"The ledger {ledger.name} is in use ({error}): try again later."
            ) from None
        finally:
            cursor.close()


def _select_gone() -> Select[Any]:
    table = opt_out_requests.c
    return select(
        table.number,
        table.app_id,
        table.id_type,
        table.erasure,
        table.erased_at,
        table.identifier.is_not(None).label("is_kept"),
        table.verified_at,
    )


def _is_gone() -> ColumnElement[bool]:
    table = opt_out_requests.c
    return (table.state != "lifted") & (table.kind == "erase") & table.erasure.in_(_DONE)


def _split(linked: str) -> tuple[str, str]:
    app_id, _, form = linked.rpartition(_SPACE)
    return app_id, form


def _read(row: Any) -> Gone:  # noqa: ANN401 - SQLAlchemy's row of no fixed type
    return Gone(
        row.number, row.app_id, row.id_type, row.erasure, row.erased_at, bool(row.is_kept), row.verified_at
    )
