from datetime import timedelta

import pyarrow as pa
import pytest
from sqlalchemy import select

from etl.errors import LedgerError, UsageError
from etl.ledger.bulk import STATEMENT_ROWS
from etl.ledger.database import Ledger, begin_read
from etl.ledger.decisions import list_decisions
from etl.ledger.plan_rows import Overlap, add_postbacks, cancel_plan, compare_plan, drop_drafting
from etl.ledger.plans import (
    PlanCount,
    approve_plan,
    find_plan,
    finish_plan,
    has_plans,
    list_plans,
    pause_plan,
    read_plan_counts,
    require_plan,
    resume_plan,
    set_canary,
)
from etl.ledger.postback_tables import postbacks
from etl.ledger.progress import count_states, has_deliveries
from tests.ledger.conftest import HandClock
from tests.ledger.planned import (
    DAY,
    answer,
    begin_sending,
    draft_plan,
    intend,
    make_plan,
    state_of,
    tabulate_rows,
)


def test_a_plan_is_read_as_it_was_made(ledger: Ledger, clock: HandClock) -> None:
    """With its counts, its hash and as many rows as were added."""
    assert not has_plans(ledger)
    draft_plan(ledger, "p", ["a", "b"])
    counts = [PlanCount(DAY, "purchase", "no_identifier", 3), PlanCount(DAY, "purchase", "planned", 2)]
    plan = finish_plan(ledger, "p", "hash", counts, '{"seconds": 1}')

    assert (plan.state, plan.rows, plan.plan_hash, plan.summary) == ("planned", 2, "hash", '{"seconds": 1}')
    assert plan.created_at == clock.now
    assert read_plan_counts(ledger, "p") == counts
    assert list_plans(ledger, ["planned"], "com.example") == [plan]
    assert list_plans(ledger, ["approved"]) == []
    assert has_plans(ledger)


def test_rows_are_kept_as_they_were_given(ledger: Ledger) -> None:
    """Quotes, line ends, null and the empty text all come back."""
    plan = draft_plan(ledger, "p", [])
    odd = ['{"a": "\\"x\\", \n\r\u2028\U0001f600\\\\N"}', "", None, r"\N"]
    rows = tabulate_rows(list("abcd"))
    rows = rows.set_column(rows.column_names.index("parameters"), "parameters", [odd])
    add_postbacks(ledger, plan, rows)

    with begin_read(ledger) as connection:
        query = select(postbacks.c.parameters).order_by(postbacks.c.position)
        assert list(connection.scalars(query)) == odd


@pytest.mark.parametrize("number", [1, STATEMENT_ROWS - 1, STATEMENT_ROWS, 2 * STATEMENT_ROWS + 1])
def test_rows_keep_their_order_however_many_they_are(ledger: Ledger, number: int) -> None:
    """Statements of many rows and of one give the same."""
    plan = draft_plan(ledger, "p", [])
    rows = tabulate_rows([str(place) for place in range(number)])
    add_postbacks(ledger, plan, rows)
    with begin_read(ledger) as connection:
        query = select(postbacks.c.position, postbacks.c.occurrence_id, postbacks.c.mode, postbacks.c.state)
        kept = [tuple(row) for row in connection.execute(query.order_by(postbacks.c.position))]
    occurrences = rows["occurrence_id"].to_pylist()
    assert kept == [(place, occurrences[place], "production", "queued") for place in range(number)]


def test_a_position_twice_adds_nothing(ledger: Ledger) -> None:
    """The whole transaction is undone, and the ledger goes on."""
    plan = draft_plan(ledger, "p", ["a"])
    rows = tabulate_rows([str(place) for place in range(STATEMENT_ROWS)], first=1)
    twice = pa.concat_tables([rows, rows.slice(3, 1)])
    with pytest.raises(LedgerError):
        add_postbacks(ledger, plan, twice)
    assert finish_plan(ledger, "p", "hash", [], "{}").rows == 1


def test_a_plan_is_approved_as_it_was_seen(ledger: Ledger) -> None:
    """Another hash is another plan, and approves nothing."""
    draft_plan(ledger, "p", ["a"])
    finish_plan(ledger, "p", "hash", [], "{}")

    with pytest.raises(UsageError, match="not the one that was approved"):
        approve_plan(ledger, "p", "ana", plan_hash="another")
    assert require_plan(ledger, "p").state == "planned"
    plan = approve_plan(ledger, "p", "ana", "three weeks are missing", plan_hash="hash")
    assert (plan.state, plan.approved_by) == ("approved", "ana")


def test_a_plan_in_draft_is_not_approved(ledger: Ledger) -> None:
    """Nor is one that nobody made."""
    draft_plan(ledger, "p", ["a"])
    with pytest.raises(UsageError, match="is drafting and cannot become approved"):
        approve_plan(ledger, "p", "ana")
    with pytest.raises(UsageError, match="knows no plan q"):
        approve_plan(ledger, "q", "ana")


def test_a_plan_is_paused_and_resumed(ledger: Ledger) -> None:
    """As often as anybody likes; who, when and why is kept."""
    make_plan(ledger, "p", ["a"])
    assert pause_plan(ledger, "p", "bob", "lunch").state == "paused"
    assert pause_plan(ledger, "p", "bob").state == "paused"
    assert resume_plan(ledger, "p", "ana").state == "approved"

    told = [(each.decision, each.who, each.reason) for each in list_decisions(ledger, "p")]
    assert told == [
        ("approve", "ana", None),
        ("pause", "bob", "lunch"),
        ("pause", "bob", None),
        ("resume", "ana", None),
    ]


def test_cancelling_leaves_what_was_sent(ledger: Ledger) -> None:
    """What is queued is cancelled, claimed or not; a cancelled plan is not resumed, but cancelled again."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender, 1)
    answer(ledger, sender, "delivered")

    for _ in range(2):
        assert cancel_plan(ledger, "p", "ana").state == "cancelled"
    assert state_of(ledger, "p", "a")[0] == "delivered"
    assert state_of(ledger, "p", "b")[0] == "cancelled"
    with pytest.raises(UsageError, match="is cancelled and cannot become approved"):
        resume_plan(ledger, "p", "ana")


def test_old_drafts_are_dropped(ledger: Ledger, clock: HandClock) -> None:
    """With their rows; younger ones and finished plans stay."""
    make_plan(ledger, "kept", ["a"])
    draft_plan(ledger, "old", ["a", "b"])
    clock.advance(3600)
    draft_plan(ledger, "young", ["a"])

    assert drop_drafting(ledger, clock.now - timedelta(minutes=1)) == ["old"]
    assert find_plan(ledger, "old") is None
    assert [plan.id for plan in list_plans(ledger)] == ["kept", "young"]
    assert sum(count_states(ledger, "old").values()) == 0
    assert count_states(ledger, "young")["queued"] == 1


def test_plans_are_compared_by_occurrence(ledger: Ledger) -> None:
    """By plan and state; tests do not count for production."""
    sender = begin_sending(ledger, "first", ["a", "b", "c"])
    intend(ledger, sender, 1)
    answer(ledger, sender, "delivered")
    make_plan(ledger, "test", ["a"], "test")
    make_plan(ledger, "second", ["a", "b", "z"])

    assert compare_plan(ledger, "second") == [
        Overlap("first", "delivered", 1),
        Overlap("first", "queued", 1),
    ]
    assert compare_plan(ledger, "test") == []


def test_a_canary_is_judged_once(ledger: Ledger) -> None:
    """Of two senders one notes what it showed."""
    make_plan(ledger, "p", ["a"])
    assert not set_canary(ledger, "p", "passed")
    assert set_canary(ledger, "p", "waiting", expected="off")
    assert set_canary(ledger, "p", "passed")
    assert not set_canary(ledger, "p", "failed")
    assert require_plan(ledger, "p").canary == "passed"


def test_a_plan_alone_delivers_nothing(ledger: Ledger) -> None:
    """The ledger tells deliveries, and what may be one, from what is planned."""
    sender = begin_sending(ledger, "p", ["a"])
    assert not has_deliveries(ledger)
    intend(ledger, sender)
    assert has_deliveries(ledger)
