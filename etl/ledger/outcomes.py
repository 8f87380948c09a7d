"""Outcomes: what became of attempts, recorded after their requests.

An outcome settles its row only while that attempt is the row's last, and while nobody knows better: a row
that became unknown meanwhile is settled, one that a person dropped or that was tried again is not. What came
is written to the attempt in either case.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection, Text, bindparam, or_, update

from etl.ledger.dialects import NumberList, find_number, is_among
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
        milliseconds=find_number(attempts.c.position, bindparam("milliseconds_of", type_=Text)),
    )
    .where(
        attempts.c.plan_id == bindparam("plan"),
        is_among(attempts.c.position, bindparam("positions", type_=NumberList)),
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
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
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
    alike = [
        _describe(sender, group, now, is_cancelled=is_cancelled) for group in _group_alike(outcomes).values()
    ]
    connection.execute(_SETTLE, alike)
    connection.execute(_ANSWER, alike)
    if plan_state == "finished" and any(row["new_state"] == "queued" for row in alike):
        reopen_plan(connection, sender.plan_id)


def _group_alike(outcomes: Sequence[Outcome]) -> Mapping[object, list[Outcome]]:
    """Group outcomes that say the same but for how long they took: nearly all, where nothing is wrong."""
    groups: dict[object, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        said = (each.number, each.outcome, each.code, each.status, each.detail, each.retry_in_seconds)
        groups[said].append(each)
    return groups


def _describe(
    sender: Sender, alike: Sequence[Outcome], now: datetime, *, is_cancelled: bool
) -> dict[str, object]:
    """Describe rows and their attempts afterwards."""
    outcome = alike[0]
    state: str = "queued" if outcome.outcome == "retry" else outcome.outcome
    if state == "queued" and is_cancelled:
        state = "cancelled"
    is_queued = state == "queued"
    return {
        "plan": sender.plan_id,
        "positions": [each.position for each in alike],
        "attempt": outcome.number,
        "now": now,
        "new_outcome": outcome.outcome,
        "new_status": outcome.status,
        "new_detail": outcome.detail,
        "milliseconds_of": json.dumps({str(each.position): each.milliseconds for each in alike}),
        "new_state": state,
        "new_code": outcome.code,
        "due_at": now + timedelta(seconds=outcome.retry_in_seconds) if is_queued else None,
        "ended_at": None if state in {"queued", "unknown"} else now,
        "new_sender": None if is_queued else sender.id,
    }
