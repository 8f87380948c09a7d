"""Claims: rows that a sender has taken to send next, which no other sender of the plan takes meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import NumberList, is_among
from etl.ledger.postback_tables import WAITING, plans, postbacks
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
_WAITING: Final = (
    select(*_COLUMNS)
    .where(postbacks.c.plan_id == bindparam("plan"), WAITING, postbacks.c.sender.is_(None))
    .order_by(postbacks.c.not_before, postbacks.c.position)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_DUE: Final = _WAITING.where(postbacks.c.not_before <= bindparam("now"))
_OVERDUE: Final = _WAITING.where(postbacks.c.not_before > bindparam("farthest"))
_NEXT_POSITION: Final = select(plans.c.next_position).where(plans.c.id == bindparam("plan")).with_for_update()
_FRESH: Final = (
    select(*_COLUMNS)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position >= bindparam("first"),
        postbacks.c.position < bindparam("before"),
        postbacks.c.state == "queued",
    )
    .order_by(postbacks.c.position)
    .limit(bindparam("limit"))
)
_ADVANCE: Final = update(plans).values(next_position=bindparam("next")).where(plans.c.id == bindparam("plan"))
_TAKE: Final = (
    update(postbacks)
    .values(sender=bindparam("sender_id"), not_before=bindparam("now"))
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
    )
)
_GIVE_BACK: Final = (
    update(postbacks)
    .values(sender=None)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        WAITING,
        postbacks.c.sender == bindparam("sender_id"),
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
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
        next_position = _lock_plan(connection, sender.plan_id)
        if find_hindrance(ledger, connection, sender) is not None:
            return []
        now = ledger.clock(connection)
        farthest = now + timedelta(seconds=longest_wait_seconds)
        values = {"plan": sender.plan_id, "now": now, "farthest": farthest}
        found = _read(connection, _DUE, values | {"limit": limit})
        if len(found) < limit:
            found += _read(connection, _OVERDUE, values | {"limit": limit - len(found)})
        if len(found) < limit:
            found += _take_fresh(connection, sender.plan_id, next_position, limit - len(found), before)
        if found:
            positions = [row.position for row in found]
            taken = {"plan": sender.plan_id, "sender_id": sender.id, "positions": positions, "now": now}
            connection.execute(_TAKE, taken)
    return found


def _lock_plan(connection: Connection, plan_id: str) -> int:
    """Keep other claims of the plan out, and tell where its fresh rows begin.

    The first lock of the transaction: a stronger one than what others share, it cannot be had after it.
    """
    position: int = connection.execute(_NEXT_POSITION, {"plan": plan_id}).scalar_one()
    return position


def _take_fresh(
    connection: Connection, plan_id: str, first: int, limit: int, before: int | None
) -> list[Claimed]:
    """Take the next rows that nobody had yet."""
    end = _EVERYWHERE if before is None else before
    values: dict[str, object] = {"plan": plan_id, "first": first, "before": end, "limit": limit}
    found = _read(connection, _FRESH, values)
    if found:
        connection.execute(_ADVANCE, {"plan": plan_id, "next": found[-1].position + 1})
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
    fresh = (
        select(postbacks.c.position)
        .join(plans, plans.c.id == postbacks.c.plan_id)
        .where(
            postbacks.c.plan_id == plan_id,
            postbacks.c.position >= plans.c.next_position,
            postbacks.c.state == "queued",
        )
        .limit(1)
    )
    waiting = select(func.min(postbacks.c.not_before)).where(
        postbacks.c.plan_id == plan_id, WAITING, postbacks.c.sender.is_(None)
    )
    with begin_read(ledger) as connection:
        if connection.execute(fresh).first() is not None:
            return 0.0
        due: datetime | None = connection.execute(waiting).scalar_one()
        if due is None:
            return None
        return max(0.0, (due - ledger.clock(connection)).total_seconds())


def _read(connection: Connection, query: Select[Any], values: dict[str, object]) -> list[Claimed]:
    return [Claimed(*row) for row in connection.execute(query, values)]
