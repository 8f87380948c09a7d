"""Personal values of settled rows, which leave the ledger after a time."""

from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, or_, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.outcomes import DROPPED
from etl.ledger.plans import list_plans
from etl.ledger.postback_tables import NEVER_SENT, postbacks

CHUNK: Final = 10_000

_FINAL: Final = or_(
    postbacks.c.state == "delivered",
    NEVER_SENT,
    and_(postbacks.c.state == "unknown", postbacks.c.code == DROPPED),
)
_SETTLED: Final = (
    select(postbacks.c.position)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position > bindparam("after"),
        or_(postbacks.c.parameters.is_not(None), postbacks.c.subjects.is_not(None)),
        postbacks.c.settled_at < bindparam("before"),
        _FINAL,
    )
    .order_by(postbacks.c.position)
    .limit(CHUNK)
)
_FORGET: Final = (
    update(postbacks)
    .values(parameters=None, subjects=None)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position == bindparam("at"),
        _FINAL,
    )
)


def purge_personal(ledger: Ledger, before: datetime) -> int:
    """Forget the parameters and subjects of rows that were settled before an instant; return how many.

    What waits for a person's decision keeps them, because it may have to be sent again. Rows are found
    without keeping writers out, and forgotten some at a time.
    """
    return sum(_purge_plan(ledger, plan.id, before) for plan in list_plans(ledger))


def has_personal(ledger: Ledger, before: datetime) -> bool:
    """Whether `purge_personal` would find anything to forget."""
    plans = list_plans(ledger)
    with begin_read(ledger) as connection:
        return any(
            connection.execute(_SETTLED, {"plan": plan.id, "after": -1, "before": before}).first()
            for plan in plans
        )


def _purge_plan(ledger: Ledger, plan_id: str, before: datetime) -> int:
    count = 0
    values = {"plan": plan_id, "after": -1, "before": before}
    while True:
        with begin_read(ledger) as connection:
            found = connection.scalars(_SETTLED, values).all()
        if not found:
            return count
        with begin_write(ledger) as connection:
            connection.execute(_FORGET, [{"plan": plan_id, "at": position} for position in found])
        count += len(found)
        values["after"] = found[-1]
