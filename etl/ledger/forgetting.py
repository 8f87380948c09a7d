"""People leave the ledger's postbacks: rows lose what tells of them, and what is queued is never sent."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from sqlalchemy import and_, bindparam, case, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.evidence import note_within
from etl.ledger.intents import SUPPRESSED
from etl.ledger.plans import list_plans
from etl.ledger.postback_tables import postbacks
from etl.ledger.suppressions import EVERY_APP

CHUNK: Final = 10_000

_NAMED: Final = (
    select(postbacks.c.position, postbacks.c.subjects)
    .where(
        postbacks.c.plan_id == bindparam("plan"),
        postbacks.c.position > bindparam("after"),
        postbacks.c.subjects.is_not(None),
        postbacks.c.state != "sending",
    )
    .order_by(postbacks.c.position)
    .limit(CHUNK)
)
_QUEUED: Final = postbacks.c.state == "queued"
_FORGET: Final = (
    update(postbacks)
    .values(
        parameters=None,
        subjects=None,
        state=case((_QUEUED, "excluded"), else_=postbacks.c.state),
        code=case((_QUEUED, SUPPRESSED), else_=postbacks.c.code),
        not_before=case((_QUEUED, None), else_=postbacks.c.not_before),
        settled_at=case((_QUEUED, bindparam("now")), else_=postbacks.c.settled_at),
        sender=case((_QUEUED, None), else_=postbacks.c.sender),
    )
    .where(
        and_(
            postbacks.c.plan_id == bindparam("plan"),
            postbacks.c.position == bindparam("at"),
            postbacks.c.state != "sending",
        )
    )
)


def forget_people(ledger: Ledger, people: Mapping[str, Collection[str]]) -> int:
    """Take people's personal values from the rows of all plans of some apps; gives from how many.

    `people` gives for each keyed hash the apps that are to forget it, `EVERY_APP` among them for all. What is
    queued of theirs is excluded as suppressed. What is on its way right now keeps its values until
    `keep_personal_days` after it is answered.
    """
    return sum(
        _forget_in(ledger, plan.id, _list_forgotten(people, plan.app_id)) for plan in list_plans(ledger)
    )


def _list_forgotten(people: Mapping[str, Collection[str]], app_id: str) -> frozenset[str]:
    return frozenset(each for each, apps in people.items() if app_id in apps or EVERY_APP in apps)


def _forget_in(ledger: Ledger, plan_id: str, wanted: frozenset[str]) -> int:
    count = 0
    if not wanted:
        return count
    for positions in _find(ledger, plan_id, wanted):
        if positions:
            with begin_write(ledger) as connection:
                now = ledger.clock(connection)
                rows = [{"plan": plan_id, "at": position, "now": now} for position in positions]
                connection.execute(_FORGET, rows)
                note_within(connection, now, "forgotten", {"plan": plan_id, "postbacks": len(positions)})
            count += len(positions)
    return count


def _find(ledger: Ledger, plan_id: str, wanted: frozenset[str]) -> Iterator[list[int]]:
    """Find the rows that name one of them, some thousand looked at in a transaction."""
    after = -1
    while True:
        with begin_read(ledger) as connection:
            rows = connection.execute(_NAMED, {"plan": plan_id, "after": after}).all()
        if not rows:
            return
        after = rows[-1].position
        yield [row.position for row in rows if not wanted.isdisjoint(row.subjects.split())]
