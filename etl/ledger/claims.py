"""Claims: rows that a sender has taken to send next, which no other sender of the plan takes meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.postback_tables import QUEUED, postbacks
from etl.ledger.senders import Sender, find_hindrance

LONGEST_WAIT_SECONDS: Final = 3600.0
"""No row waits longer for its next attempt, unless the clock was set back: such a one is due."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A queued row in a sender's hands; `parameters` is the mapping's JSON, `attempts` how many were made."""

    position: int
    occurrence_id: str
    event_id: str
    event_date: date
    event_name: str
    parameters: str
    subjects: str
    attempts: int
    first_attempt_at: datetime | None


_COLUMNS: Final = (
    postbacks.c.position,
    postbacks.c.occurrence_id,
    postbacks.c.event_id,
    postbacks.c.event_date,
    postbacks.c.event_name,
    func.coalesce(postbacks.c.parameters, "{}"),
    func.coalesce(postbacks.c.subjects, ""),
    postbacks.c.attempts,
    postbacks.c.first_attempt_at,
)
_FREE_ROWS: Final = (
    select(*_COLUMNS)
    .where(postbacks.c.plan_id == bindparam("plan"), QUEUED, postbacks.c.sender.is_(None))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_BY_DUE_TIME: Final = _FREE_ROWS.order_by(postbacks.c.not_before, postbacks.c.position)
_DUE: Final = _BY_DUE_TIME.where(postbacks.c.not_before <= bindparam("now"))
_OVERDUE: Final = _BY_DUE_TIME.where(postbacks.c.not_before > bindparam("farthest"))
_FRESH: Final = _FREE_ROWS.where(
    postbacks.c.not_before.is_(None), postbacks.c.position < bindparam("before")
).order_by(postbacks.c.position)
_TAKE: Final = (
    update(postbacks)
    .values(sender=bindparam("sender_id"))
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position.in_(bindparam("positions", expanding=True)),
    )
)
_GIVE_BACK: Final = (
    update(postbacks)
    .values(sender=None)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        QUEUED,
        postbacks.c.sender == bindparam("sender_id"),
        postbacks.c.position.in_(bindparam("positions", expanding=True)),
    )
)
_EVERYWHERE: Final = 2**62


def claim(
    ledger: Ledger,
    sender: Sender,
    limit: int,
    before: int | None = None,
    longest_wait_seconds: float = LONGEST_WAIT_SECONDS,
) -> list[Claimed]:
    """Claim up to `limit` rows that are due: first those to be tried again, then new ones by position.

    New ones only below the position `before`, if one is given (the canary's). None for a sender that may not
    send. A row that waits for longer than `longest_wait_seconds` waits on a clock that was set back, and is
    due.
    """
    with begin_write(ledger) as connection:
        if find_hindrance(ledger, connection, sender) is not None:
            return []
        now = ledger.clock(connection)
        values = {
            "plan": sender.plan_id,
            "now": now,
            "farthest": now + timedelta(seconds=longest_wait_seconds),
            "before": _EVERYWHERE if before is None else before,
        }
        found: list[Claimed] = []
        for query in (_DUE, _OVERDUE, _FRESH):
            if len(found) < limit:
                found += _read(connection, query, values | {"limit": limit - len(found)})
        if found:
            positions = [row.position for row in found]
            taken = {"plan": sender.plan_id, "sender_id": sender.id, "positions": positions}
            connection.execute(_TAKE, taken)
    return found


def release_claims(ledger: Ledger, sender: Sender, positions: Sequence[int]) -> None:
    """Give rows back that were claimed and not sent."""
    if not positions:
        return
    values = {"plan": sender.plan_id, "sender_id": sender.id, "positions": list(positions)}
    with begin_write(ledger) as connection:
        connection.execute(_GIVE_BACK, values)


def next_due(ledger: Ledger, plan_id: str) -> float | None:
    """Tell in how many seconds an unclaimed row of the plan is due: 0 for now, None where there is none."""
    query = select(postbacks.c.not_before).where(
        postbacks.c.plan_id == plan_id, QUEUED, postbacks.c.sender.is_(None)
    )
    fresh = query.where(postbacks.c.not_before.is_(None)).limit(1)
    waiting = query.where(postbacks.c.not_before.is_not(None)).order_by(postbacks.c.not_before).limit(1)
    with begin_read(ledger) as connection:
        if connection.execute(fresh).first() is not None:
            return 0.0
        due: datetime | None = connection.execute(waiting).scalar_one_or_none()
        if due is None:
            return None
        return max(0.0, (due - ledger.clock(connection)).total_seconds())


def _read(connection: Connection, query: Select[Any], values: dict[str, object]) -> list[Claimed]:
    return [Claimed(*row) for row in connection.execute(query, values)]
