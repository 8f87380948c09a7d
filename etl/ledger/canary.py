"""The first postbacks of a plan, which show whether the partner takes them, before the rest follows."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, case, func, select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import postbacks


@dataclass(frozen=True, slots=True)
class CanaryCount:
    """The rows below a position: how many are still `open`, were `taken`, and were `refused`.

    One that was tried in vain so often as to be given up only for its age counts as refused.
    """

    open: int
    taken: int
    refused: int


_BOUNDARY: Final = (
    select(postbacks.c.position)
    .where(postbacks.c.plan_id == bindparam("plan"), postbacks.c.state != "excluded")
    .order_by(postbacks.c.position)
    .offset(bindparam("size"))
    .limit(1)
)
_IS_REFUSED: Final = (postbacks.c.state == "refused") | (
    (postbacks.c.state == "queued") & (postbacks.c.attempts >= bindparam("vain"))
)
_IS_OPEN: Final = (postbacks.c.state == "sending") | (
    (postbacks.c.state == "queued") & (postbacks.c.attempts < bindparam("vain"))
)
_COUNT: Final = select(
    func.coalesce(func.sum(case((_IS_OPEN, 1), else_=0)), 0),
    func.coalesce(func.sum(case((postbacks.c.state.in_(["delivered", "unknown"]), 1), else_=0)), 0),
    func.coalesce(func.sum(case((_IS_REFUSED, 1), else_=0)), 0),
).where(postbacks.c.plan_id == bindparam("plan"), postbacks.c.position < bindparam("before"))


def find_canary_end(ledger: Ledger, plan_id: str, size: int) -> int | None:
    """Find the position behind the first `size` rows to send; None where there are no more than these."""
    with begin_read(ledger) as connection:
        found: int | None = connection.execute(
            _BOUNDARY, {"plan": plan_id, "size": size}
        ).scalar_one_or_none()
    return found


def count_canary(ledger: Ledger, plan_id: str, before: int, vain_attempts: int) -> CanaryCount:
    """Count the rows below a position."""
    with begin_read(ledger) as connection:
        row = connection.execute(_COUNT, {"plan": plan_id, "before": before, "vain": vain_attempts}).one()
    return CanaryCount(*(int(each) for each in row))
