"""Which outcomes the lake has: rows in the state in which they were exported last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam, or_, select, update

from etl.ledger.database import AnyRow, Ledger, begin_read
from etl.ledger.postback_tables import attempts, postbacks

Spans = tuple[tuple[int, int], ...]
"""Positions from a first to a last one, both included."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Rows of a plan that a publish brings into the lake, by the state in which it does."""

    plan_id: str
    states: tuple[tuple[str, Spans], ...]


_OPEN: Final = ("queued", "sending")
_COLUMNS: Final = (
    postbacks.c.position,
    postbacks.c.occurrence_id,
    postbacks.c.event_id,
    postbacks.c.liftoff_app_id,
    postbacks.c.mode,
    postbacks.c.event_date,
    postbacks.c.source_name,
    postbacks.c.event_name,
    postbacks.c.state,
    postbacks.c.code,
    postbacks.c.attempts,
    attempts.c.status,
    postbacks.c.first_attempt_at,
    postbacks.c.settled_at,
)
_NEWS: Final = (
    select(*_COLUMNS)
    .select_from(
        postbacks.outerjoin(
            attempts,
            (attempts.c.plan_id == postbacks.c.plan_id)
            & (attempts.c.position == postbacks.c.position)
            & (attempts.c.number == postbacks.c.attempts),
        )
    )
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position > bindparam("after"),
        postbacks.c.state.not_in(_OPEN),
        or_(postbacks.c.exported_state.is_(None), postbacks.c.exported_state != postbacks.c.state),
    )
    .order_by(postbacks.c.position)
    .limit(bindparam("limit"))
)
_MARK: Final = (
    update(postbacks)
    .values(exported_state=bindparam("new_state"))
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position.between(bindparam("first"), bindparam("last")),
    )
)


def read_news(ledger: Ledger, plan_id: str, limit: int, after: int = -1) -> Sequence[AnyRow]:
    """Read rows above a position whose outcome the lake does not have, without their personal values."""
    with begin_read(ledger) as connection:
        return connection.execute(_NEWS, {"plan": plan_id, "after": after, "limit": limit}).all()


def describe_exported(plan_id: str, rows: Iterable[tuple[int, str]]) -> Exported:
    """Describe rows, given as positions with their states, in the order of positions, as spans by state."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for position, state in rows:
        mine = spans.setdefault(state, [])
        if mine and mine[-1][1] == position - 1:
            mine[-1] = (mine[-1][0], position)
        else:
            mine.append((position, position))
    return Exported(plan_id, tuple((state, tuple(found)) for state, found in spans.items()))


def mark_exported(connection: Connection, exported: Exported) -> None:
    """Note which outcomes the lake has, within the caller's transaction."""
    rows = list(_list_marks(exported))
    if rows:
        connection.execute(_MARK, rows)


def read_exported(found: dict[str, Any]) -> Exported:
    """Read what JSON made of it."""
    states = tuple((state, tuple((first, last) for first, last in spans)) for state, spans in found["states"])
    return Exported(found["plan_id"], states)


def _list_marks(exported: Exported) -> Iterator[dict[str, object]]:
    for state, spans in exported.states:
        for first, last in spans:
            yield {"plan": exported.plan_id, "new_state": state, "first": first, "last": last}
