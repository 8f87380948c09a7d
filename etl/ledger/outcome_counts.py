"""Counts of what became of apps' postbacks over some days, from which nobody can be told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import IN_DOUBT_OR_DONE, NEVER_SENT, plan_counts, plans, postbacks

# Of an occurrence that several plans hold and that was never accepted, the first of these counts.
BEST_FIRST: Final = ("refused", "cancelled", "excluded")
_PLANNED: Final = "planned"


@dataclass(frozen=True, slots=True)
class PostbackCount:
    """How many occurrences of an app and AppsFlyer event name are in a state; `asked` were sent before."""

    app_id: str
    mode: str
    event_name: str
    state: str
    code: str | None
    occurrences: int
    asked: int


@dataclass(frozen=True, slots=True)
class LeftOutCount:
    """How often plans of an app left events out for a reason."""

    app_id: str
    code: str
    events: int


def count_postbacks(ledger: Ledger, apps: Collection[str], first: date, last: date) -> list[PostbackCount]:
    """Count what became of apps' postbacks of some UTC days, by mode, name, state and code.

    An occurrence counts once, by the best that became of it, but for what is only queued: that counts in
    every plan that holds it. Plans in draft hold nothing yet.
    """
    row = postbacks.c
    keys = (plans.c.app_id, row.mode, row.source_name, row.state, row.code)
    asked = func.sum(case((row.attempts > 0, 1), else_=0))
    query = (
        select(*keys, func.count(), asked)
        .select_from(postbacks.join(plans, plans.c.id == row.plan_id))
        .where(
            row.plan_id.in_(_list_plans(apps, first, last)),
            row.event_date.between(first, last),
            or_(row.state.in_(["sending", "unknown", "delivered"]), _is_best()),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    with begin_read(ledger) as connection:
        return [PostbackCount(*found) for found in connection.execute(query)]


def count_left_out(ledger: Ledger, apps: Collection[str], first: date, last: date) -> list[LeftOutCount]:
    """Count what plans for production left out of some UTC days, as often as a plan did."""
    count = func.sum(plan_counts.c.count)
    query = (
        select(plans.c.app_id, plan_counts.c.code, count)
        .select_from(plan_counts.join(plans, plans.c.id == plan_counts.c.plan_id))
        .where(
            plans.c.app_id.in_(list(apps)),
            plans.c.mode == "production",
            plan_counts.c.code != _PLANNED,
            plan_counts.c.event_date.between(first, last),
        )
        .group_by(plans.c.app_id, plan_counts.c.code)
        .order_by(plans.c.app_id, count.desc(), plan_counts.c.code)
    )
    with begin_read(ledger) as connection:
        return [LeftOutCount(app_id, code, int(events)) for app_id, code, events in connection.execute(query)]


def _list_plans(apps: Collection[str], first: date, last: date) -> Select[tuple[str]]:
    """Select the plans that may hold rows of the days: those whose counts say so, and those without any."""
    counts = plan_counts.c
    told = exists().where(counts.plan_id == plans.c.id)
    within = exists().where(counts.plan_id == plans.c.id, counts.event_date.between(first, last))
    return select(plans.c.id).where(
        plans.c.app_id.in_(list(apps)), plans.c.state != "drafting", or_(~told, within)
    )


def _is_best() -> ColumnElement[bool]:
    """Whether nothing better became of a row's occurrence: each question has an index of its own."""
    row, other = postbacks.c, postbacks.alias("other")
    same = (
        other.c.occurrence_id == row.occurrence_id,
        other.c.liftoff_app_id == row.liftoff_app_id,
        other.c.mode == row.mode,
    )
    is_better = or_(
        _place(other.c.state) < _place(row.state),
        and_(other.c.state == row.state, other.c.plan_id > row.plan_id),
    )
    others = select(literal(1)).select_from(other)
    sent, better = others.where(IN_DOUBT_OR_DONE, *same), others.where(NEVER_SENT, *same, is_better)
    return and_(~sent.exists(), or_(row.state == "queued", ~better.exists()))


def _place(state: ColumnElement[str]) -> ColumnElement[int]:
    return case({name: place for place, name in enumerate(BEST_FIRST)}, value=state, else_=len(BEST_FIRST))
