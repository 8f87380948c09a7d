"""Outcomes: what became of attempts, recorded after their requests.

An outcome settles its row only while that attempt is the row's last, and while nobody knows better: a row
that became unknown meanwhile is settled, one that a person dropped or that was tried again is not. What came
is written to the attempt in either case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, bindparam, or_, update

from etl.ledger.plans import reopen_plan
from etl.ledger.postback_tables import attempts, postbacks
from etl.ledger.senders import Sender

Answer = Literal["delivered", "refused", "retry", "unknown"]

DROPPED: Final = "dropped"
"""The code of a row that stays unknown for good, because a person said so."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row's attempt `number`: Liftoff's status, a masked detail, and a code for counting.

    `retry` queues the row again, due in `retry_in_seconds`: only where Liftoff has surely not accepted it.
    """

    position: int
    number: int
    outcome: Answer
    code: str | None = None
    status: int | None = None
    detail: str | None = None
    milliseconds: int | None = None
    retry_in_seconds: float = 0.0


_ANSWER: Final = (
    update(attempts)
    .values(
        outcome=bindparam("new_outcome"),
        outcome_at=bindparam("now"),
        status=bindparam("new_status"),
        detail=bindparam("new_detail"),
        milliseconds=bindparam("new_milliseconds"),
    )
    .where(
        attempts.c.plan_id == bindparam("plan"),
        attempts.c.position == bindparam("at"),
        attempts.c.number == bindparam("attempt"),
        or_(attempts.c.outcome.is_(None), attempts.c.outcome == "unknown"),
    )
)
_SETTLE: Final = (
    update(postbacks)
    .values(
        state=bindparam("new_state"),
        code=bindparam("new_code"),
        not_before=bindparam("due_at"),
        settled_at=bindparam("ended_at"),
        sender=bindparam("new_sender"),
    )
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position == bindparam("at"),
        postbacks.c.attempts == bindparam("attempt"),
        or_(
            postbacks.c.state == "sending",
            (postbacks.c.state == "unknown") & (postbacks.c.code.is_distinct_from(DROPPED)),
        ),
    )
)


def write_outcomes(
    connection: Connection, sender: Sender, plan_state: str, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Write outcomes within the caller's transaction, in which the plan keeps its state.

    What is to be tried again of a cancelled plan is cancelled, and reopens a finished one.
    """
    if not outcomes:
        return
    is_cancelled = plan_state == "cancelled"
    rows = [_describe(sender, outcome, now, is_cancelled=is_cancelled) for outcome in outcomes]
    connection.execute(_SETTLE, rows)
    connection.execute(_ANSWER, rows)
    if plan_state == "finished" and any(row["new_state"] == "queued" for row in rows):
        reopen_plan(connection, sender.plan_id)


def _describe(sender: Sender, outcome: Outcome, now: datetime, *, is_cancelled: bool) -> dict[str, object]:
    """Describe the row and its attempt afterwards."""
    state: str = "queued" if outcome.outcome == "retry" else outcome.outcome
    if state == "queued" and is_cancelled:
        state = "cancelled"
    is_queued = state == "queued"
    return {
        "plan": sender.plan_id,
        "at": outcome.position,
        "attempt": outcome.number,
        "now": now,
        "new_outcome": outcome.outcome,
        "new_status": outcome.status,
        "new_detail": outcome.detail,
        "new_milliseconds": outcome.milliseconds,
        "new_state": state,
        "new_code": outcome.code,
        "due_at": now + timedelta(seconds=outcome.retry_in_seconds) if is_queued else None,
        "ended_at": None if state in {"queued", "unknown"} else now,
        "new_sender": None if is_queued else sender.id,
    }
