"""What Liftoff was sent about people before they opted out, for follow-up: counts, by request; never an id.

It is noted before their postbacks lose what tells of them, and stays as long as the ledger does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from etl.ledger.database import AnyRow, Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.opt_out_tables import opt_out_requests, opt_out_sent
from etl.ledger.plans import Plan, list_plans
from etl.ledger.postback_tables import postbacks
from etl.ledger.suppressions import EVERY_APP

CHUNK: Final = 10_000

RequestKey = tuple[str, str]
"""A request's subject and app."""

Owners = Mapping[str, Collection[RequestKey]]
"""For each keyed hash of a form of an id, the requests that it is of."""

_SENT: Final = (
    select(
        postbacks.c.position,
        postbacks.c.subjects,
        postbacks.c.event_name,
        postbacks.c.state,
        func.coalesce(postbacks.c.intent_at, postbacks.c.settled_at).label("sent_at"),
    )
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position > bindparam("after"),
        postbacks.c.subjects.is_not(None),
        postbacks.c.state.in_(["delivered", "unknown", "sending"]),
    )
    .order_by(postbacks.c.position)
    .limit(CHUNK)
)
_KEY: Final = ("subject", "app_id", "sent_app_id", "mode", "event_name")


@dataclass(frozen=True, slots=True)
class Sent:
    """Postbacks of one event name that were sent about a person: `number` and `subject` are the request's.

    `delivered` are occurrences that Liftoff accepted, `in_doubt` those of which it is not known.
    """

    number: int
    subject: str
    app_id: str
    sent_app_id: str
    mode: str
    event_name: str
    first_sent_at: datetime
    last_sent_at: datetime
    delivered: int
    in_doubt: int

    @property
    def occurrences(self) -> int:
        """How many occurrences Liftoff has, or may have, heard of."""
        return self.delivered + self.in_doubt


_NOTED: Final = tuple(each.name for each in fields(Sent) if each.name != "number")


def find_sent(ledger: Ledger, owners: Owners) -> list[Sent]:
    """Find what was sent about people, as far as the ledger's postbacks still tell whose they are.

    Nothing is noted, and all have the number 0: which one is the request's is told by `list_sent`.
    """
    found: dict[tuple[str, ...], Sent] = {}
    for plan in list_plans(ledger) if owners else ():
        for row in _read_sent(ledger, plan.id):
            for subject, app_id in _find_requests(plan, row, owners):
                each = _describe(plan, row, subject, app_id)
                key = (subject, app_id, plan.app_id, plan.mode, row.event_name)
                found[key] = _add(found[key], each) if key in found else each
    return [found[key] for key in sorted(found)]


def note_sent(ledger: Ledger, sent: Collection[Sent]) -> None:
    """Note what was sent; of what was noted before, what tells of more stands."""
    if not sent:
        return
    with begin_write(ledger) as connection:
        rows = [_spell(each) for each in sent]
        statement = insert_into(connection, opt_out_sent)
        old, new = opt_out_sent.c, statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=_KEY,
                set_={name: new[name] for name in ("first_sent_at", "last_sent_at", "delivered", "in_doubt")},
                where=new.delivered + new.in_doubt >= old.delivered + old.in_doubt,
            ),
            rows,
        )


def list_sent(ledger: Ledger) -> list[Sent]:
    """List what was sent, by number, app and event."""
    table, request = opt_out_sent.c, opt_out_requests.c
    joined = opt_out_sent.join(
        opt_out_requests, (request.subject == table.subject) & (request.app_id == table.app_id)
    )
    columns = [request.number, *(table[name] for name in _NOTED)]
    order = (request.number, table.sent_app_id, table.mode, table.event_name)
    with begin_read(ledger) as connection:
        query = select(*columns).select_from(joined).order_by(*order)
        return [Sent(*row) for row in connection.execute(query)]


def _read_sent(ledger: Ledger, plan_id: str) -> Iterator[AnyRow]:
    after = -1
    while True:
        with begin_read(ledger) as connection:
            rows = connection.execute(_SENT, {"plan": plan_id, "after": after}).all()
        if not rows:
            return
        after = rows[-1].position
        yield from rows


def _find_requests(plan: Plan, row: AnyRow, owners: Owners) -> set[RequestKey]:
    found = {request for form in row.subjects.split() for request in owners.get(form, ())}
    return {(subject, app_id) for subject, app_id in found if app_id in {EVERY_APP, plan.app_id}}


def _describe(plan: Plan, row: AnyRow, subject: str, app_id: str) -> Sent:
    is_delivered = row.state == "delivered"
    return Sent(
        number=0,
        subject=subject,
        app_id=app_id,
        sent_app_id=plan.app_id,
        mode=plan.mode,
        event_name=row.event_name,
        first_sent_at=row.sent_at,
        last_sent_at=row.sent_at,
        delivered=int(is_delivered),
        in_doubt=int(not is_delivered),
    )


def _add(one: Sent, other: Sent) -> Sent:
    return replace(
        one,
        first_sent_at=min(one.first_sent_at, other.first_sent_at),
        last_sent_at=max(one.last_sent_at, other.last_sent_at),
        delivered=one.delivered + other.delivered,
        in_doubt=one.in_doubt + other.in_doubt,
    )


def _spell(sent: Sent) -> dict[str, object]:
    return {name: getattr(sent, name) for name in _NOTED}
