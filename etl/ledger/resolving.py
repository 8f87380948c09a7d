"""Unknown rows: asked for without an answer that anybody knows, until a person decides."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, TextClause, select, update

from etl.errors import UsageError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.decisions import Decision, record_decision
from etl.ledger.outcomes import DROPPED
from etl.ledger.plans import reopen_plan, require_plan
from etl.ledger.postback_tables import TOUCHED, plans, postbacks

RESENT: Final = "resent"


@dataclass(frozen=True, slots=True)
class UnknownPostback:
    """A row in doubt: which attempt is, since when, and why (`code`)."""

    position: int
    occurrence_id: str
    event_date: date
    event_name: str
    attempts: int
    intent_at: datetime | None
    code: str | None


def list_unknown(ledger: Ledger, plan_id: str) -> list[UnknownPostback]:
    """List the rows of a plan that wait for a person's decision, by position."""
    table = postbacks.c
    columns = (
        table.position,
        table.occurrence_id,
        table.event_date,
        table.event_name,
        table.attempts,
        table.intent_at,
        table.code,
    )
    query = select(*columns).where(table.plan_id == plan_id, *_undecided()).order_by(table.position)
    with begin_read(ledger) as connection:
        return [UnknownPostback(*row) for row in connection.execute(query)]


def resolve_unknown(ledger: Ledger, plan_id: str, *, resend: bool, who: str, reason: str) -> int:
    """Queue all unknown rows of a plan again, or hold them as unknown for good; return how many.

    A dropped row still blocks its occurrence: it may have been delivered. Resending opens a finished plan
    again. Neither touches what becomes unknown later. Raises UsageError for a plan that was cancelled, of
    which nothing is sent again.
    """
    require_plan(ledger, plan_id)
    statement = update(postbacks).where(postbacks.c.plan_id == plan_id, *_undecided())
    with begin_write(ledger) as connection:
        query = select(plans.c.state).where(plans.c.id == plan_id).with_for_update()
        if connection.execute(query).scalar_one() == "cancelled" and resend:
            raise UsageError(f"Plan {plan_id} is cancelled, and nothing of it is sent again: plan anew.")
        now = ledger.clock(connection)
        if resend:
            statement = statement.values(state="queued", code=RESENT, not_before=now, sender=None)
        else:
            statement = statement.values(code=DROPPED, settled_at=now)
        count = connection.execute(statement).rowcount
        if resend and count:
            reopen_plan(connection, plan_id)
        decision = Decision(plan_id, "resend" if resend else "drop", who, reason, count)
        record_decision(ledger, connection, decision)
        return count


def _undecided() -> tuple[ColumnElement[bool] | TextClause, ...]:
    return (TOUCHED, postbacks.c.state == "unknown", postbacks.c.code.is_distinct_from(DROPPED))
