"""Intents: the word, durable before the request, that a row is about to be sent.

Of an occurrence one row at most, of all plans of a Liftoff app and mode, is `sending`, `unknown` or
`delivered`: a unique index holds it. A row whose occurrence another has delivered, or holds as unknown, is
excluded (a person resolves the unknown where it is). One whose occurrence another is sending at this moment
waits until that is settled. A refusal elsewhere is in nobody's way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from etl.ledger.claims import Claimed
from etl.ledger.database import AnyRow
from etl.ledger.dialects import NumberList, TextList, is_among
from etl.ledger.postback_tables import IN_DOUBT_OR_DONE, attempts, postbacks
from etl.ledger.schema import UtcInstant
from etl.ledger.senders import Sender
from etl.ledger.suppressions import find_suppressed

ALREADY_DELIVERED: Final = "already_delivered"
IN_DOUBT_ELSEWHERE: Final = "in_doubt_elsewhere"
SENDING_ELSEWHERE: Final = "sending_elsewhere"
SUPPRESSED: Final = "suppressed"
CLAIM_LOST: Final = "claim_lost"

WAIT_SECONDS: Final = 15.0
"""How long a row waits whose occurrence another plan is sending."""

_CODES: Final = {
    "delivered": ALREADY_DELIVERED,
    "unknown": IN_DOUBT_ELSEWHERE,
    "sending": SENDING_ELSEWHERE,
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A claimed row that a gate refuses before any attempt, and the gate's code."""

    position: int
    code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of intents: the attempt's number of each admitted position, a code of each refused one.

    `hindrance` is why none was admitted (a code of `senders.Standing`): all rows are then as they were.
    """

    admitted: Mapping[int, int] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    hindrance: str | None = None


_HELD: Final = (
    select(postbacks.c.position, postbacks.c.attempts, postbacks.c.occurrence_id, postbacks.c.subjects)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
        postbacks.c.state == "queued",
        postbacks.c.sender == bindparam("sender_id"),
    )
    .order_by(postbacks.c.position)
    .with_for_update()
)
_SENDING: Final = select(postbacks.c.position, postbacks.c.attempts).where(
    postbacks.c.plan_id == bindparam("plan"),
    is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
    postbacks.c.state == "sending",
    postbacks.c.sender == bindparam("sender_id"),
)
_ELSEWHERE: Final = select(postbacks.c.occurrence_id, postbacks.c.state).where(
    is_among(postbacks.c.occurrence_id, bindparam("occurrences", type_=TextList)),
    postbacks.c.liftoff_app_id == bindparam("liftoff_app"),
    postbacks.c.mode == bindparam("in_mode"),
    IN_DOUBT_OR_DONE,
)
_SEND: Final = (
    update(postbacks)
    .values(
        state="sending",
        code=None,
        not_before=None,
        attempts=postbacks.c.attempts + 1,
        intent_at=bindparam("now"),
        first_attempt_at=func.coalesce(postbacks.c.first_attempt_at, bindparam("now", type_=UtcInstant)),
    )
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
    )
)
_EXCLUDE: Final = (
    update(postbacks)
    .values(state="excluded", code=bindparam("reason"), not_before=None, settled_at=bindparam("now"))
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position == bindparam("at"),
        postbacks.c.state == "queued",
        postbacks.c.sender == bindparam("sender_id"),
    )
)
_POSTPONE: Final = (
    update(postbacks)
    .values(sender=None, code=bindparam("reason"), not_before=bindparam("due_at"))
    .where(postbacks.c.plan_id == bindparam("plan"), postbacks.c.position == bindparam("at"))
)
_ATTEMPT: Final = insert(attempts).from_select(
    ["plan_id", "position", "number", "sender", "intent_at"],
    select(
        postbacks.c.plan_id,
        postbacks.c.position,
        postbacks.c.attempts,
        postbacks.c.sender,
        postbacks.c.intent_at,
    ).where(
        postbacks.c.plan_id == bindparam("plan"),
        is_among(postbacks.c.position, bindparam("positions", type_=NumberList)),
    ),
)


def write_intents(connection: Connection, sender: Sender, rows: Sequence[Claimed], now: datetime) -> Verdict:
    """Admit or refuse claimed rows within the caller's transaction, which has found no hindrance.

    The rows are locked, so that what was found of them is so until the transaction ends.
    """
    if not rows:
        return Verdict()
    held = _find_held(connection, sender, rows)
    codes = _judge(connection, sender, held)
    new = {row.position: row.attempts + 1 for row in held if row.position not in codes}
    _admit(connection, sender, list(new), now)
    _refuse(connection, sender, codes, now)
    lost = [row for row in rows if row.position not in new and row.position not in codes]
    admitted = new | _find_admitted(connection, sender, lost)
    unclaimed = {row.position: CLAIM_LOST for row in lost if row.position not in admitted}
    return Verdict(admitted, codes | unclaimed)


def _find_held(connection: Connection, sender: Sender, rows: Sequence[Claimed]) -> Sequence[AnyRow]:
    """Find, and lock, the rows that are still queued and this sender's."""
    positions = [row.position for row in rows]
    values = {"plan": sender.plan_id, "sender_id": sender.id, "positions": positions}
    return connection.execute(_HELD, values).all()


def _find_admitted(connection: Connection, sender: Sender, lost: Sequence[Claimed]) -> dict[int, int]:
    """Find those that were admitted by a transaction whose end the sender was not told of."""
    if not lost:
        return {}
    numbers = {row.position: row.attempts + 1 for row in lost}
    values = {"plan": sender.plan_id, "sender_id": sender.id, "positions": list(numbers)}
    found = connection.execute(_SENDING, values)
    return {row.position: row.attempts for row in found if row.attempts == numbers[row.position]}


def write_exclusions(
    connection: Connection, sender: Sender, exclusions: Sequence[Exclusion], now: datetime
) -> None:
    """Settle claimed rows which a gate refuses, within the caller's transaction."""
    values = {"plan": sender.plan_id, "sender_id": sender.id, "now": now}
    rows = [values | {"at": each.position, "reason": each.code} for each in exclusions]
    if rows:
        connection.execute(_EXCLUDE, rows)


def _judge(connection: Connection, sender: Sender, held: Sequence[AnyRow]) -> dict[int, str]:
    """Judge which of the rows must not be sent, or not now, and why."""
    if not held:
        return {}
    suppressed = _find_suppressed_rows(connection, sender, held)
    elsewhere = _find_elsewhere(connection, sender, held)
    codes = {}
    for row in held:
        code = SUPPRESSED if row.position in suppressed else elsewhere.get(row.occurrence_id)
        if code is None:
            elsewhere[row.occurrence_id] = SENDING_ELSEWHERE  # by this very row
        else:
            codes[row.position] = code
    return codes


def _find_suppressed_rows(connection: Connection, sender: Sender, held: Sequence[AnyRow]) -> frozenset[int]:
    subjects = {row.position: frozenset((row.subjects or "").split()) for row in held}
    found = find_suppressed(connection, frozenset().union(*subjects.values()), sender.app_id)
    return frozenset(position for position, named in subjects.items() if named & found)


def _find_elsewhere(connection: Connection, sender: Sender, held: Sequence[AnyRow]) -> dict[str, str]:
    """Find what other rows say about the occurrences: for each that is in somebody's hands, a code."""
    values = {
        "occurrences": [row.occurrence_id for row in held],
        "liftoff_app": sender.liftoff_app_id,
        "in_mode": sender.mode,
    }
    return {row.occurrence_id: _CODES[row.state] for row in connection.execute(_ELSEWHERE, values)}


def _admit(connection: Connection, sender: Sender, positions: Sequence[int], now: datetime) -> None:
    """Have rows that are held, and so this sender's, sending; each attempt is numbered as its row counts."""
    if positions:
        connection.execute(_SEND, {"plan": sender.plan_id, "positions": positions, "now": now})
        connection.execute(_ATTEMPT, {"plan": sender.plan_id, "positions": positions})


def _refuse(connection: Connection, sender: Sender, codes: Mapping[int, str], now: datetime) -> None:
    final = [Exclusion(position, code) for position, code in codes.items() if code != SENDING_ELSEWHERE]
    write_exclusions(connection, sender, final, now)
    due_at = now + timedelta(seconds=WAIT_SECONDS)
    waiting = [
        {"plan": sender.plan_id, "at": position, "reason": code, "due_at": due_at}
        for position, code in codes.items()
        if code == SENDING_ELSEWHERE
    ]
    if waiting:
        connection.execute(_POSTPONE, waiting)
