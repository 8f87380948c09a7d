"""How far a plan is: its rows counted by state, and the plan finished when none is left to send."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import bindparam, func, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.postback_tables import IN_DOUBT_OR_DONE, TOUCHED, WAITING, plans, postbacks

STATES: Final = ("queued", "sending", "delivered", "refused", "unknown", "excluded", "cancelled")


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many rows of a day and name are in a state, by code."""

    event_date: date
    event_name: str
    state: str
    code: str | None
    count: int


_OF_PLAN: Final = postbacks.c.plan_id == bindparam("plan")
_FRESH: Final = select(postbacks.c.position).where(
    _OF_PLAN, postbacks.c.position >= plans.c.next_position, postbacks.c.state == "queued"
)
_WAITING: Final = select(postbacks.c.position).where(_OF_PLAN, WAITING)
_SENDING: Final = select(postbacks.c.position).where(_OF_PLAN, TOUCHED, postbacks.c.state == "sending")
_IS_DONE: Final = ~(_FRESH.exists() | _WAITING.exists() | _SENDING.exists())


def count_states(ledger: Ledger, plan_id: str, before: int | None = None) -> dict[str, int]:
    """Count a plan's rows by state, every state among them; only below a position if so asked."""
    below = () if before is None else (postbacks.c.position < before,)
    touched = select(postbacks.c.state, func.count()).where(
        _OF_PLAN, TOUCHED, postbacks.c.state != "queued", *below
    )
    every = select(func.count()).select_from(postbacks).where(_OF_PLAN, *below)
    counts = dict.fromkeys(STATES, 0)
    with begin_read(ledger) as connection:
        values = {"plan": plan_id}
        for state, count in connection.execute(touched.group_by(postbacks.c.state), values):
            counts[state] = count
        counts["queued"] = connection.execute(every, values).scalar_one() - sum(counts.values())
    return counts


def count_outcomes(ledger: Ledger, plan_id: str) -> list[OutcomeCount]:
    """Count a plan's rows by day, name, state and code."""
    table = postbacks.c
    columns = (table.event_date, table.event_name, table.state, table.code)
    query = (
        select(*columns, func.count()).where(table.plan_id == plan_id).group_by(*columns).order_by(*columns)
    )
    with begin_read(ledger) as connection:
        return [OutcomeCount(*row) for row in connection.execute(query)]


def settle_plan_if_done(ledger: Ledger, plan_id: str) -> bool:
    """Finish an approved plan with nothing left to send; tell whether it is finished now.

    What is unknown is held, and does not keep the plan open: only a person can resolve it.
    """
    statement = update(plans).where(plans.c.id == plan_id, plans.c.state == "approved", _IS_DONE)
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        connection.execute(statement.values(state="finished", finished_at=now), {"plan": plan_id})
        query = select(plans.c.state).where(plans.c.id == plan_id)
        return connection.execute(query).scalar_one_or_none() == "finished"


def has_deliveries(ledger: Ledger) -> bool:
    """Whether the ledger knows of anything that Liftoff has, or may have, heard of."""
    with begin_read(ledger) as connection:
        query = select(postbacks.c.position).where(IN_DOUBT_OR_DONE).limit(1)
        return connection.execute(query).first() is not None
