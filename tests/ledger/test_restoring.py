from datetime import UTC, datetime, timedelta

import pyarrow as pa
from sqlalchemy import select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.outcomes import Answer
from etl.ledger.plans import find_plan
from etl.ledger.postback_tables import postbacks
from etl.ledger.progress import has_deliveries
from etl.ledger.purging import purge_personal
from etl.ledger.resolving import resolve_unknown
from etl.ledger.restoring import restore_deliveries
from tests.ledger.conftest import HandClock
from tests.ledger.planned import (
    APP,
    DAY,
    LIFTOFF_APP,
    answer,
    begin_sending,
    intend,
    look_up,
    name_occurrence,
    state_of,
)

SETTLED_AT = datetime(2026, 2, 28, 1, 2, 3, 456789, tzinfo=UTC)


def describe_lake(*rows: tuple[str, str]) -> pa.Table:
    """Describe rows of one plan, each an occurrence's name and its state."""
    described = [
        {
            "plan_id": "lost",
            "position": position,
            "app_id": APP,
            "occurrence_id": name_occurrence(name),
            "event_id": name,
            "liftoff_app_id": LIFTOFF_APP,
            "mode": "production",
            "event_date": DAY,
            "source_name": "af_purchase",
            "event_name": "purchase",
            "state": state,
            "code": None,
            "attempts": 1,
            "settled_at": None if state == "unknown" else SETTLED_AT,
        }
        for position, (name, state) in enumerate(rows)
    ]
    return pa.Table.from_pylist(described)


def test_what_the_lake_shows_is_not_sent_again(ledger: Ledger) -> None:
    """Neither what was delivered nor what is in doubt; a refusal blocks nothing."""
    lake = describe_lake(("a", "delivered"), ("b", "unknown"), ("c", "refused"))
    assert not has_deliveries(ledger)
    assert restore_deliveries(ledger, lake) == 3
    assert has_deliveries(ledger)

    sender = begin_sending(ledger, "p", ["a", "b", "c"])
    _, verdict = intend(ledger, sender)

    assert verdict.admitted == {2: 1}
    assert verdict.refused == {0: "already_delivered", 1: "in_doubt_elsewhere"}
    assert look_up(ledger, "lost", "a").settled_at == SETTLED_AT
    plan = find_plan(ledger, "lost")
    assert plan is not None
    assert (plan.state, plan.app_id) == ("finished", APP)


def test_restoring_again_changes_nothing(ledger: Ledger) -> None:
    """Nor does it touch what the ledger knows better."""
    lake = describe_lake(("a", "delivered"), ("a", "unknown"))
    sender = begin_sending(ledger, "p", ["b"])
    intend(ledger, sender)
    answer(ledger, sender, "delivered")
    for expected in (1, 0):
        assert restore_deliveries(ledger, lake) == expected
    assert restore_deliveries(ledger, describe_lake(("b", "delivered"))) == 0
    assert state_of(ledger, "p", "b")[0] == "delivered"
    assert state_of(ledger, "lost", "a")[0] == "delivered"


def read_personal(ledger: Ledger) -> dict[str, bool]:
    """Tell of each row whether it has personal values."""
    columns = (postbacks.c.occurrence_id, postbacks.c.parameters, postbacks.c.subjects)
    names = {name_occurrence(name): name for name in "abcde"}
    with begin_read(ledger) as connection:
        rows = connection.execute(select(*columns)).all()
    assert all((row.parameters is None) == (row.subjects is None) for row in rows)
    return {names[row.occurrence_id]: row.parameters is not None for row in rows}


def test_a_backup_learns_what_was_sent_after_it(ledger: Ledger) -> None:
    """Rows that were queued when it was made; not one that a person queued again since it was told."""
    restore_deliveries(ledger, describe_lake(("a", "unknown"), ("b", "refused")))
    with begin_write(ledger) as connection:
        connection.execute(update(postbacks).values(state="queued"))
        connection.execute(update(postbacks).where(postbacks.c.position == 1).values(exported_state=None))

    lake = describe_lake(("a", "unknown"), ("b", "delivered"))
    assert restore_deliveries(ledger, lake) == 1
    assert restore_deliveries(ledger, lake) == 0
    with begin_read(ledger) as connection:
        found = connection.execute(select(postbacks.c.state).order_by(postbacks.c.position)).scalars().all()
    assert found == ["queued", "delivered"]


def test_personal_values_of_settled_rows_are_forgotten(ledger: Ledger, clock: HandClock) -> None:
    """After their time; what waits, or may have to be sent again, keeps them."""
    sender = begin_sending(ledger, "p", list("abcde"))
    intend(ledger, sender, 4)
    outcomes: tuple[Answer, ...] = ("delivered", "refused", "unknown", "retry")
    for position, outcome in enumerate(outcomes):
        answer(ledger, sender, outcome, position=position)
    clock.advance(60)
    assert purge_personal(ledger, clock.now - timedelta(hours=1)) == 0

    assert purge_personal(ledger, clock.now) == 2
    assert purge_personal(ledger, clock.now) == 0
    assert read_personal(ledger) == {"a": False, "b": False, "c": True, "d": True, "e": True}


def test_a_dropped_row_keeps_nothing_personal(ledger: Ledger, clock: HandClock) -> None:
    """It will not be sent again."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    answer(ledger, sender, "unknown")
    resolve_unknown(ledger, "p", resend=False, who="ana", reason="gone")
    clock.advance(1)
    assert purge_personal(ledger, clock.now) == 1
    assert read_personal(ledger) == {"a": False}
