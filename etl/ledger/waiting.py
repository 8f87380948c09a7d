"""Requests of ids that too many installs share: they wait until a person has decided."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update

from etl.errors import UsageError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.evidence import note_requests_within
from etl.ledger.opt_out_tables import opt_out_requests
from etl.ledger.opt_outs import OVER
from etl.ledger.suppressions import suppress_within


def find_waiting(ledger: Ledger, number: int) -> str:
    """Give the id of a request that waits for a person; UsageError where none of this number does."""
    table = opt_out_requests.c
    query = select(table.identifier).where(table.number == number, table.state == "waiting")
    with begin_read(ledger) as connection:
        found: str | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise UsageError(f"No request {number} waits for a person; pushlift opt-outs status lists those.")
    return found


def list_confirmed(ledger: Ledger, most_installs: int) -> frozenset[str]:
    """List the subjects of requests that go on although so many installs have no person: one let them."""
    table = opt_out_requests.c
    query = select(table.subject).where(table.installs > most_installs, table.state != "waiting").distinct()
    with begin_read(ledger) as connection:
        return frozenset(connection.scalars(query))


def confirm_requests(ledger: Ledger, subject: str, forms: Iterable[str], who: str) -> int:
    """Let the requests of a subject that wait for a person go on; their people are suppressed from now on."""
    table = opt_out_requests.c
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        statement = update(opt_out_requests).where(table.subject == subject, table.state == "waiting")
        moved = statement.values(state="open", suppressed_at=now)
        found = connection.execute(moved.returning(table.app_id, table.kind, table.number)).all()
        numbers = [row.number for row in found]
        note_requests_within(connection, now, "suppressed", numbers, {"confirmed_by": who})
        for app_id, kind, _ in found:
            suppress_within(connection, forms, app_id, kind, now)
        is_over = (table.state == "open") & (table.submission != "due") & table.erasure.in_(OVER)
        ended = update(opt_out_requests).where(table.subject == subject, is_over)
        connection.execute(ended.values(state="done", identifier=None))
        return len(found)
