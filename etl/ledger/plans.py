"""Plans: what would be sent, who approved it and how it ended.

A plan is drafted while its rows are added, and is nothing to anybody until it is finished.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, func, insert, select, update

from etl.errors import UsageError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.decisions import Decision, record_decision
from etl.ledger.postback_tables import plan_counts, plans, postbacks

Mode = Literal["production", "test"]
PlanState = Literal["drafting", "planned", "approved", "paused", "cancelled", "finished"]
Canary = Literal["off", "waiting", "passed", "failed"]

OPEN_STATES: Final[tuple[PlanState, ...]] = ("planned", "approved", "paused")


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What a plan is begun with; `filter` is the planner's JSON, `reason` a person's own words."""

    id: str
    app_id: str
    liftoff_app_id: str
    mode: Mode
    filter: str
    configuration_hash: str
    canary: Canary = "off"
    reason: str | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True)
class Plan(NewPlan):
    """A plan as the ledger has it; `summary` is the planner's JSON."""

    state: PlanState = "drafting"
    plan_hash: str | None = None
    rows: int = 0
    summary: str = "{}"
    created_at: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanCount:
    """How many events of a day and name the plan holds (code `planned`) or leaves out, by reason."""

    event_date: date
    event_name: str
    code: str
    count: int


def start_plan(ledger: Ledger, new: NewPlan) -> Plan:
    """Begin a plan, to which rows may be added until it is finished."""
    with begin_write(ledger) as connection:
        row = _describe(new) | {
            "state": "drafting",
            "rows": 0,
            "next_position": 0,
            "summary": "{}",
            "created_at": ledger.clock(connection),
        }
        connection.execute(insert(plans), row)
    return require_plan(ledger, new.id)


def finish_plan(
    ledger: Ledger, plan_id: str, plan_hash: str, counts: Sequence[PlanCount], summary: str
) -> Plan:
    """Finish drafting: counts, hash and summary appear with the state `planned`, or nothing does."""
    rows = [
        {
            "plan_id": plan_id,
            "event_date": each.event_date,
            "event_name": each.event_name,
            "code": each.code,
            "count": each.count,
        }
        for each in counts
    ]
    with begin_write(ledger) as connection:
        if not ledger.is_sqlite:
            connection.exec_driver_sql("ANALYZE postbacks")  # or else its planner takes millions for none
        query = select(func.count()).select_from(postbacks).where(postbacks.c.plan_id == plan_id)
        held = connection.execute(query).scalar_one()
        values = {"plan_hash": plan_hash, "summary": summary, "rows": held}
        move_plan(connection, plan_id, "planned", ("drafting",), values)
        if rows:
            connection.execute(insert(plan_counts), rows)
    return require_plan(ledger, plan_id)


def find_plan(ledger: Ledger, plan_id: str) -> Plan | None:
    """Find a plan in whatever state."""
    with begin_read(ledger) as connection:
        row = connection.execute(_select().where(plans.c.id == plan_id)).one_or_none()
    return None if row is None else Plan(*row)


def require_plan(ledger: Ledger, plan_id: str) -> Plan:
    """Find a plan, or raise UsageError where there is none."""
    plan = find_plan(ledger, plan_id)
    if plan is None:
        raise _unknown(plan_id)
    return plan


def list_plans(
    ledger: Ledger, states: Collection[PlanState] | None = None, app_id: str | None = None
) -> list[Plan]:
    """List plans, those in some states or of one app if so asked, oldest first."""
    query = _select()
    if states is not None:
        query = query.where(plans.c.state.in_(list(states)))
    if app_id is not None:
        query = query.where(plans.c.app_id == app_id)
    with begin_read(ledger) as connection:
        return [Plan(*row) for row in connection.execute(query)]


def has_plans(ledger: Ledger) -> bool:
    """Whether the ledger knows of any plan."""
    with begin_read(ledger) as connection:
        return connection.execute(select(plans.c.id).limit(1)).first() is not None


def read_plan_counts(ledger: Ledger, plan_id: str) -> list[PlanCount]:
    """Read what a plan counted, by day, name and code."""
    table = plan_counts.c
    query = (
        select(table.event_date, table.event_name, table.code, table.count)
        .where(table.plan_id == plan_id)
        .order_by(table.event_date, table.event_name, table.code)
    )
    with begin_read(ledger) as connection:
        return [PlanCount(*row) for row in connection.execute(query)]


def approve_plan(
    ledger: Ledger, plan_id: str, who: str, reason: str | None = None, plan_hash: str | None = None
) -> Plan:
    """Approve a plan; with a hash, only the plan that was seen: UsageError if it is another."""
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        values = {"approved_at": now, "approved_by": who}
        move_plan(connection, plan_id, "approved", ("planned",), values)
        found = connection.execute(select(plans.c.plan_hash).where(plans.c.id == plan_id)).scalar_one()
        if plan_hash is not None and found != plan_hash:
            raise UsageError(f"Plan {plan_id} is not the one that was approved: look at it again.")
        record_decision(ledger, connection, Decision(plan_id, "approve", who, reason))
    return require_plan(ledger, plan_id)


def pause_plan(ledger: Ledger, plan_id: str, who: str, reason: str | None = None) -> Plan:
    """Pause a plan: when this returns, no further intent of it is recorded."""
    return _change(ledger, Decision(plan_id, "pause", who, reason), "paused", ("approved", "paused"))


def resume_plan(ledger: Ledger, plan_id: str, who: str, reason: str | None = None) -> Plan:
    """Let a paused plan go on; an approved one goes on anyway."""
    return _change(ledger, Decision(plan_id, "resume", who, reason), "approved", ("approved", "paused"))


def reopen_plan(connection: Connection, plan_id: str) -> None:
    """Approve a finished plan again, some rows of which are to be sent after all."""
    statement = update(plans).values(state="approved", finished_at=None)
    connection.execute(statement.where(plans.c.id == plan_id, plans.c.state == "finished"))


def set_canary(ledger: Ledger, plan_id: str, canary: Canary, expected: Canary = "waiting") -> bool:
    """Note what the first requests showed; False where another sender has noted it."""
    statement = update(plans).values(canary=canary)
    with begin_write(ledger) as connection:
        statement = statement.where(plans.c.id == plan_id, plans.c.canary == expected)
        return connection.execute(statement).rowcount == 1


def move_plan(
    connection: Connection,
    plan_id: str,
    state: PlanState,
    sources: Sequence[PlanState],
    values: Mapping[str, object] | None = None,
) -> None:
    """Bring a plan from one of the sources to a state within the caller's transaction, or raise."""
    statement = (
        update(plans)
        .values(state=state, **(values or {}))
        .where(plans.c.id == plan_id, plans.c.state.in_(sources))
    )
    if connection.execute(statement).rowcount == 0:
        query = select(plans.c.state).where(plans.c.id == plan_id)
        present = connection.execute(query).scalar_one_or_none()
        if present is None:
            raise _unknown(plan_id)
        raise UsageError(f"Plan {plan_id} is {present} and cannot become {state}.")


def _change(ledger: Ledger, decision: Decision, state: PlanState, sources: Sequence[PlanState]) -> Plan:
    with begin_write(ledger) as connection:
        move_plan(connection, decision.subject, state, sources)
        record_decision(ledger, connection, decision)
    return require_plan(ledger, decision.subject)


def _unknown(plan_id: str) -> UsageError:
    return UsageError(f"The ledger knows no plan {plan_id}: `pushlift backfill list` shows those it has.")


def _describe(new: NewPlan) -> dict[str, object]:
    return {
        "id": new.id,
        "app_id": new.app_id,
        "liftoff_app_id": new.liftoff_app_id,
        "mode": new.mode,
        "filter": new.filter,
        "configuration_hash": new.configuration_hash,
        "canary": new.canary,
        "reason": new.reason,
        "who": new.who,
    }


def _select() -> Select[Any]:
    """Select plans in the order of `Plan`'s fields."""
    return select(*[plans.c[field.name] for field in fields(Plan)]).order_by(plans.c.created_at, plans.c.id)
