"""What became of an occurrence: its rows in every plan, and their attempts."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import IN_DOUBT_OR_DONE, NEVER_SENT, attempts, plans, postbacks


@dataclass(frozen=True, slots=True)
class Postback:
    """A row without its personal values."""

    plan_id: str
    position: int
    occurrence_id: str
    event_id: str
    liftoff_app_id: str
    mode: str
    event_date: date
    source_name: str
    event_name: str
    state: str
    code: str | None
    attempts: int
    not_before: datetime | None
    first_attempt_at: datetime | None
    intent_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a row; without an outcome the request is on its way, or its sender died just now."""

    number: int
    intent_at: datetime
    outcome_at: datetime | None
    outcome: str | None
    status: int | None
    detail: str | None
    milliseconds: int | None


_COLUMNS: Final = tuple(postbacks.c[field.name] for field in fields(Postback))


def find_postbacks(ledger: Ledger, occurrence_id: str) -> list[Postback]:
    """Find the rows of every plan for one occurrence; those still queued are searched for plan by plan."""
    is_named = postbacks.c.occurrence_id == occurrence_id
    unfinished = select(plans.c.id).where(plans.c.state.not_in(["finished", "cancelled"]))
    conditions = (
        (IN_DOUBT_OR_DONE,),
        (NEVER_SENT,),
        (postbacks.c.plan_id.in_(unfinished), postbacks.c.state == "queued"),
    )
    with begin_read(ledger) as connection:
        rows = [
            Postback(*row)
            for condition in conditions
            for row in connection.execute(select(*_COLUMNS).where(is_named, *condition))
        ]
    return sorted(rows, key=lambda row: (row.plan_id, row.position))


def list_attempts(ledger: Ledger, plan_id: str, position: int) -> list[Attempt]:
    """List a row's attempts, oldest first."""
    columns = [attempts.c[field.name] for field in fields(Attempt)]
    query = (
        select(*columns)
        .where(attempts.c.plan_id == plan_id, attempts.c.position == position)
        .order_by(attempts.c.number)
    )
    with begin_read(ledger) as connection:
        return [Attempt(*row) for row in connection.execute(query)]
