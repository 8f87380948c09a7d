"""Senders: processes that drain a plan, each for as long as it renews its lease.

What a sender claimed is free again when its lease is over. What it had an intent for is then unknown, and
stays so until its answer is recorded after all or a person decides: it is never queued again by itself.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, bindparam, func, insert, select, update

from etl.ledger.database import AnyRow, Ledger, begin_read, begin_write
from etl.ledger.plans import require_plan
from etl.ledger.postback_tables import TOUCHED, WAITING, attempts, plans, postbacks, rates, senders

_STANDING: Final = (
    select(
        senders.c.state.label("sender_state"),
        senders.c.expires_at,
        plans.c.state.label("plan_state"),
        rates.c.stopped_at,
        rates.c.day,
        rates.c.sent,
    )
    .select_from(
        senders.join(plans, plans.c.id == senders.c.plan_id).outerjoin(rates, rates.c.name == plans.c.mode)
    )
    .where(senders.c.id == bindparam("sender_id"))
    .with_for_update(read=True, of=[senders, plans])
)
_FREE: Final = (
    update(postbacks)
    .values(sender=None)
    .where(postbacks.c.plan_id == bindparam("plan"), WAITING, postbacks.c.sender == bindparam("sender_id"))
)
_SENDING: Final = select(postbacks.c.position.label("at"), postbacks.c.attempts.label("attempt")).where(
    postbacks.c.plan_id == bindparam("plan"),
    TOUCHED,
    postbacks.c.state == "sending",
    postbacks.c.sender == bindparam("sender_id"),
)
_LEAVE_IN_DOUBT: Final = (
    update(postbacks)
    .values(state="unknown", code=bindparam("reason"))
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position == bindparam("at"),
        postbacks.c.state == "sending",
    )
)
_LEAVE_UNANSWERED: Final = (
    update(attempts)
    .values(outcome="unknown", detail=bindparam("reason"), outcome_at=bindparam("now"))
    .where(
        attempts.c.plan_id == bindparam("plan"),
        attempts.c.position == bindparam("at"),
        attempts.c.number == bindparam("attempt"),
    )
)


@dataclass(frozen=True, slots=True)
class Sender:
    """A process that drains a plan; `daily_cap` is how many attempts may be made in its mode on a UTC day."""

    id: str
    plan_id: str
    app_id: str
    liftoff_app_id: str
    mode: str
    daily_cap: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A sender's plan's state, and why the sender may not send: its lease, its plan, a stop or the day's cap.

    Codes: `lease_lost`, `plan_` and the plan's state, `stopped`, `daily_cap`; None if it may.
    """

    plan_state: str
    hindrance: str | None


def start_sender(ledger: Ledger, plan_id: str, lease_seconds: float, daily_cap: int | None = None) -> Sender:
    """Register this process as a sender of a plan; UsageError where there is no such plan."""
    plan = require_plan(ledger, plan_id)
    sender = Sender(uuid4().hex, plan.id, plan.app_id, plan.liftoff_app_id, plan.mode, daily_cap)
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        row = {
            "id": sender.id,
            "plan_id": plan.id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "state": "active",
            "started_at": now,
            "renewed_at": now,
            "expires_at": now + timedelta(seconds=lease_seconds),
        }
        connection.execute(insert(senders), row)
    return sender


def renew_sender(ledger: Ledger, sender: Sender, lease_seconds: float) -> bool:
    """Keep the lease for `lease_seconds` from now; False where it is stopped, or was found to be lost.

    One that is over, but was not found so yet, is renewed: nobody has touched what it holds.
    """
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        statement = (
            update(senders)
            .values(renewed_at=now, expires_at=now + timedelta(seconds=lease_seconds))
            .where(senders.c.id == sender.id, senders.c.state == "active")
        )
        return connection.execute(statement).rowcount == 1


def stop_sender(ledger: Ledger, sender: Sender) -> None:
    """Free what the sender claimed; what it has no answer for is unknown from now on."""
    with begin_write(ledger) as connection:
        _end(ledger, connection, sender.id, "stopped")


def expire_senders(ledger: Ledger) -> list[str]:
    """Free what senders claimed whose leases are over, make what they sent unknown; return their ids.

    A lease that begins in the future was given before the clock was set back: it begins anew, now.
    """
    with begin_read(ledger) as connection:
        if not any(_is_out_of_time(row, ledger.clock(connection)) for row in _find_active(connection)):
            return []
    lost = []
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        for row in _find_active(connection):
            if now < row.renewed_at:
                _begin_anew(connection, row, now)
            elif row.expires_at <= now and _end(ledger, connection, row.id, "lost"):
                lost.append(row.id)
    return lost


def count_senders(ledger: Ledger, mode: str) -> int:
    """Count the senders that share a mode's rate, as far as their leases tell."""
    with begin_read(ledger) as connection:
        statement = (
            select(func.count())
            .select_from(senders.join(plans, plans.c.id == senders.c.plan_id))
            .where(plans.c.mode == mode, senders.c.state == "active")
            .where(senders.c.expires_at > ledger.clock(connection))
        )
        return int(connection.execute(statement).scalar_one())


def check_sender(ledger: Ledger, sender: Sender) -> str | None:
    """Tell why this sender may not send at all (a code of `Standing`), or None."""
    with begin_write(ledger) as connection:
        return find_hindrance(ledger, connection, sender)


def find_hindrance(ledger: Ledger, connection: Connection, sender: Sender) -> str | None:
    """Find why a sender may not send, as `find_standing` does."""
    return find_standing(ledger, connection, sender).hindrance


def find_standing(ledger: Ledger, connection: Connection, sender: Sender) -> Standing:
    """Find how a sender and its plan stand; both keep their states until the transaction ends.

    Whoever changes rows asks first: locks are taken in the order of plan, sender, rows.
    """
    row = connection.execute(_STANDING, {"sender_id": sender.id}).one()
    return Standing(row.plan_state, _judge(row, ledger.clock(connection), sender.daily_cap))


def _judge(row: AnyRow, now: datetime, daily_cap: int | None) -> str | None:
    if row.sender_state != "active" or row.expires_at <= now:
        return "lease_lost"
    if row.plan_state != "approved":
        return f"plan_{row.plan_state}"
    if row.stopped_at is not None:
        return "stopped"
    is_over_cap = daily_cap is not None and (row.sent or 0) > daily_cap
    return "daily_cap" if is_over_cap and row.day == now.date() else None


def _is_out_of_time(row: AnyRow, now: datetime) -> bool:
    return bool(now < row.renewed_at or row.expires_at <= now)


def _find_active(connection: Connection) -> Sequence[AnyRow]:
    columns = (senders.c.id, senders.c.renewed_at, senders.c.expires_at)
    return connection.execute(select(*columns).where(senders.c.state == "active")).all()


def _begin_anew(connection: Connection, row: AnyRow, now: datetime) -> None:
    values = {"renewed_at": now, "expires_at": now + (row.expires_at - row.renewed_at)}
    statement = update(senders).values(**values)
    connection.execute(statement.where(senders.c.id == row.id, senders.c.renewed_at == row.renewed_at))


def _end(ledger: Ledger, connection: Connection, sender_id: str, state: str) -> bool:
    """End an active sender; False where another has done so, or it has renewed its lease meanwhile."""
    now = ledger.clock(connection)
    statement = (
        update(senders)
        .values(state=state)
        .where(senders.c.id == sender_id, senders.c.state == "active")
        .returning(senders.c.plan_id)
    )
    if state == "lost":
        statement = statement.where(senders.c.expires_at <= now)
    plan_id = connection.execute(statement).scalar_one_or_none()
    if plan_id is None:
        return False
    parameters = {"plan": plan_id, "sender_id": sender_id}
    connection.execute(_FREE, parameters)
    rows = [
        {**row, "plan": plan_id, "now": now, "reason": f"sender_{state}"}
        for row in connection.execute(_SENDING, parameters).mappings()
    ]
    if rows:
        connection.execute(_LEAVE_IN_DOUBT, rows)
        connection.execute(_LEAVE_UNANSWERED, rows)
    return True
