"""The rows of a plan as a whole: added in bulk, compared with other plans', cancelled, or dropped."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Delete, Update, bindparam, delete, func, select, update

from etl.ledger.bulk import insert_in_bulk
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.decisions import Decision, record_decision
from etl.ledger.plans import Plan, PlanState, move_plan, require_plan
from etl.ledger.postback_tables import plans, postbacks

PLANNED_COLUMNS: Final = (
    "position",
    "occurrence_id",
    "event_id",
    "event_date",
    "source_name",
    "event_name",
    "parameters",
    "subjects",
)
"""What the planner says of each row; the rest is the plan's, or not known yet.

A column `code` besides says why a row is excluded from the beginning; null where it is not.
"""

SWEEP_ROWS: Final = 10_000
"""Rows that one transaction changes at most, so that senders of other plans wait for no sweep."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of a plan's occurrences another plan of the same app and mode holds, in a state."""

    plan_id: str
    state: str
    count: int


def add_postbacks(ledger: Ledger, plan: Plan, rows: pa.Table) -> int:
    """Add rows to a plan that is being drafted, and return how many.

    The columns are those of `PLANNED_COLUMNS`; positions are the caller's, from 0 and each once in the plan.
    Each slice of `BULK_ROWS` is a transaction of its own: nobody sees the rows of a plan in draft.
    """
    constants = {
        "plan_id": plan.id,
        "liftoff_app_id": plan.liftoff_app_id,
        "mode": plan.mode,
        "attempts": 0,
    }
    chosen = rows.select(list(PLANNED_COLUMNS))
    if "code" in rows.column_names:
        with begin_read(ledger) as connection:
            chosen = _add_exclusions(chosen, rows["code"], ledger.clock(connection))
    else:
        constants["state"] = "queued"
    insert_in_bulk(ledger, postbacks, chosen, constants)
    return int(rows.num_rows)


def _add_exclusions(rows: pa.Table, codes: pa.ChunkedArray, now: datetime) -> pa.Table:
    """Add state, code and instant of what is excluded from the beginning."""
    is_excluded = pc.is_valid(codes)
    settled_at = pc.if_else(is_excluded, pa.scalar(now, pa.timestamp("us", "UTC")), None)
    rows = rows.append_column("state", pc.if_else(is_excluded, "excluded", "queued"))
    return rows.append_column("code", codes).append_column("settled_at", settled_at)


def compare_plan(ledger: Ledger, plan_id: str) -> list[Overlap]:
    """Count the occurrences of a plan that other plans of its app and mode hold, by plan and state."""
    mine, other = postbacks.alias("mine"), postbacks.alias("other")
    is_same = (
        (other.c.occurrence_id == mine.c.occurrence_id)
        & (other.c.liftoff_app_id == mine.c.liftoff_app_id)
        & (other.c.mode == mine.c.mode)
        & (other.c.plan_id != mine.c.plan_id)
    )
    query = (
        select(other.c.plan_id, other.c.state, func.count())
        .select_from(mine.join(other, is_same))
        .where(mine.c.plan_id == plan_id)
        .group_by(other.c.plan_id, other.c.state)
        .order_by(other.c.plan_id, other.c.state)
    )
    plan = require_plan(ledger, plan_id)
    others = select(plans.c.id).where(
        plans.c.id != plan_id, plans.c.liftoff_app_id == plan.liftoff_app_id, plans.c.mode == plan.mode
    )
    with begin_read(ledger) as connection:
        if connection.execute(others.limit(1)).first() is None:
            return []
        return [Overlap(*row) for row in connection.execute(query)]


def cancel_plan(ledger: Ledger, plan_id: str, who: str, reason: str | None = None) -> Plan:
    """Cancel a plan and what of it is still queued; what was sent stays as it is.

    When this returns, no further intent is recorded. A call that was cut off is completed by another.
    """
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        sources: tuple[PlanState, ...] = ("drafting", "planned", "approved", "paused", "cancelled")
        move_plan(connection, plan_id, "cancelled", sources, {"finished_at": now})
        record_decision(ledger, connection, Decision(plan_id, "cancel", who, reason))
    statement = update(postbacks).values(state="cancelled", sender=None, settled_at=now)
    _sweep(ledger, plan_id, statement.where(postbacks.c.state == "queued"))
    return require_plan(ledger, plan_id)


def drop_drafting(ledger: Ledger, before: datetime) -> list[str]:
    """Delete the plans that were begun before an instant and never finished; return their ids."""
    query = select(plans.c.id).where(plans.c.state == "drafting", plans.c.created_at < before)
    with begin_read(ledger) as connection:
        found = list(connection.scalars(query.order_by(plans.c.id)))
    for plan_id in found:
        _drop_plan(ledger, plan_id)
    return found


def _drop_plan(ledger: Ledger, plan_id: str) -> None:
    """Delete the rows first, so that a call that is cut off is completed by another."""
    _sweep(ledger, plan_id, delete(postbacks))
    with begin_write(ledger) as connection:
        connection.execute(delete(plans).where(plans.c.id == plan_id, plans.c.state == "drafting"))


def _sweep(ledger: Ledger, plan_id: str, statement: Update | Delete) -> None:
    """Carry a statement out over a plan's rows, so many at a time, each in a transaction of its own."""
    of_plan = postbacks.c.plan_id == plan_id
    ranges = statement.where(of_plan, postbacks.c.position.between(bindparam("first"), bindparam("last")))
    with begin_read(ledger) as connection:
        highest = connection.execute(select(func.max(postbacks.c.position)).where(of_plan)).scalar_one()
    for first in range(0, -1 if highest is None else highest + 1, SWEEP_ROWS):
        with begin_write(ledger) as connection:
            connection.execute(ranges, {"first": first, "last": first + SWEEP_ROWS - 1})
