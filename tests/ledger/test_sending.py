"""Intents before, outcomes after: what may be sent, and what an answer settles."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from etl.errors import LedgerUnavailable
from etl.ledger.claims import claim, next_due, release_claims
from etl.ledger.database import Ledger
from etl.ledger.history import list_attempts
from etl.ledger.intents import Exclusion
from etl.ledger.outcomes import Answer, Outcome
from etl.ledger.plan_rows import cancel_plan
from etl.ledger.plans import pause_plan, require_plan, resume_plan
from etl.ledger.progress import count_outcomes, count_states, settle_plan_if_done
from etl.ledger.rates import lift_stop, reserve, stop
from etl.ledger.senders import check_sender, start_sender
from etl.ledger.sending import exchange, record_intents, record_outcomes
from etl.ledger.suppressions import EVERY_APP, lift, suppress
from tests.ledger.conftest import HandClock
from tests.ledger.planned import (
    APP,
    LEASE_SECONDS,
    answer,
    begin_sending,
    intend,
    look_up,
    make_plan,
    name_subject,
    put_off,
    state_of,
)


def test_an_intent_is_recorded_before_its_outcome(ledger: Ledger, clock: HandClock) -> None:
    """With the attempt's number and instants; a delivered row is settled."""
    sender = begin_sending(ledger, "p", ["a"])
    _, verdict = intend(ledger, sender)
    assert verdict.admitted == {0: 1}
    row = look_up(ledger, "p", "a")
    assert (row.state, row.attempts, row.intent_at, row.first_attempt_at) == (
        "sending",
        1,
        clock.now,
        clock.now,
    )
    started_at = clock.now
    clock.advance(2)

    answer(ledger, sender, "delivered")

    row = look_up(ledger, "p", "a")
    assert (row.state, row.settled_at) == ("delivered", clock.now)
    (attempt,) = list_attempts(ledger, "p", 0)
    assert (attempt.number, attempt.intent_at, attempt.outcome_at) == (1, started_at, clock.now)
    assert (attempt.outcome, attempt.status, attempt.detail, attempt.milliseconds) == (
        "delivered",
        200,
        "ok",
        12,
    )


def test_outcomes_and_intents_go_together(ledger: Ledger) -> None:
    """One exchange settles the last batch and begins the next."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    rows = claim(ledger, sender, 10)
    assert [row.parameters for row in rows] == ['{"event_name": "a"}', '{"event_name": "b"}']
    exchange(ledger, sender, intents=rows[:1])

    verdict = exchange(ledger, sender, [Outcome(0, 1, "delivered")], rows[1:])

    assert verdict.admitted == {1: 1}
    assert count_states(ledger, "p") | {"delivered": 1, "sending": 1} == count_states(ledger, "p")


def test_what_may_be_tried_again_waits(ledger: Ledger, clock: HandClock) -> None:
    """Until its time has come; then it is claimed before what is new, and keeps its first instant."""
    sender = begin_sending(ledger, "p", ["a", "b", "c"])
    intend(ledger, sender, 1)
    started_at = clock.now
    put_off(ledger, sender, 30)
    assert state_of(ledger, "p", "a") == ("queued", "http_retry")
    assert [row.position for row in claim(ledger, sender, 1)] == [1]

    clock.advance(30)
    rows, verdict = intend(ledger, sender, 1)

    assert [row.position for row in rows] == [0]
    assert verdict.admitted == {0: 2}
    assert look_up(ledger, "p", "a").first_attempt_at == started_at


def test_the_next_row_is_told(ledger: Ledger, clock: HandClock) -> None:
    """At once, later, or never; what somebody has claimed is not told of."""
    sender = begin_sending(ledger, "p", ["a"])
    assert next_due(ledger, "p") == 0
    intend(ledger, sender)
    assert next_due(ledger, "p") is None
    put_off(ledger, sender, 30)
    clock.advance(10)
    assert next_due(ledger, "p") == pytest.approx(20)


def test_a_claim_is_one_senders(ledger: Ledger) -> None:
    """Two senders of a plan get different rows, and nobody records an intent of another's."""
    sender = begin_sending(ledger, "p", ["a", "b", "c"])
    other = start_sender(ledger, "p", LEASE_SECONDS)
    mine, theirs = claim(ledger, sender, 2), claim(ledger, other, 2)
    assert [row.position for row in mine] == [0, 1]
    assert [row.position for row in theirs] == [2]

    assert record_intents(ledger, other, mine).refused == {0: "claim_lost", 1: "claim_lost"}
    assert count_states(ledger, "p")["sending"] == 0


def test_a_claim_given_back_is_free(ledger: Ledger) -> None:
    """For any sender, at once."""
    sender = begin_sending(ledger, "p", ["a"])
    release_claims(ledger, sender, [row.position for row in claim(ledger, sender, 10)])
    other = start_sender(ledger, "p", LEASE_SECONDS)
    assert len(claim(ledger, other, 10)) == 1


def test_a_canary_is_claimed_alone(ledger: Ledger) -> None:
    """New rows below a position, and none behind it."""
    sender = begin_sending(ledger, "p", ["a", "b", "c"])
    assert [row.position for row in claim(ledger, sender, 10, before=2)] == [0, 1]
    assert claim(ledger, sender, 10, before=2) == []
    assert [row.position for row in claim(ledger, sender, 10)] == [2]


def test_an_occurrence_is_sent_once_for_all_plans(ledger: Ledger) -> None:
    """What another plan has delivered is excluded."""
    first = begin_sending(ledger, "first", ["a"])
    second = begin_sending(ledger, "second", ["a", "b"])
    intend(ledger, first)
    answer(ledger, first, "delivered")

    _, verdict = intend(ledger, second)

    assert (verdict.admitted, verdict.refused) == ({1: 1}, {0: "already_delivered"})
    assert state_of(ledger, "second", "a") == ("excluded", "already_delivered")


def test_an_occurrence_in_doubt_elsewhere_is_not_sent(ledger: Ledger) -> None:
    """It is excluded: a person resolves it in the plan that holds it."""
    first = begin_sending(ledger, "first", ["a"])
    second = begin_sending(ledger, "second", ["a"])
    intend(ledger, first)
    answer(ledger, first, "unknown")

    _, verdict = intend(ledger, second)

    assert verdict.refused == {0: "in_doubt_elsewhere"}
    assert state_of(ledger, "second", "a") == ("excluded", "in_doubt_elsewhere")


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("delivered", ("excluded", "already_delivered")),
        ("unknown", ("excluded", "in_doubt_elsewhere")),
        ("refused", ("sending", None)),
    ],
)
def test_an_occurrence_that_is_being_sent_elsewhere_waits(
    ledger: Ledger, clock: HandClock, outcome: Answer, state: tuple[str, str | None]
) -> None:
    """Until the other is settled, which decides; a refusal elsewhere blocks nothing."""
    first = begin_sending(ledger, "first", ["a"])
    second = begin_sending(ledger, "second", ["a"])
    intend(ledger, first)
    _, verdict = intend(ledger, second)
    assert verdict.refused == {0: "sending_elsewhere"}
    assert state_of(ledger, "second", "a") == ("queued", "sending_elsewhere")
    assert claim(ledger, second, 10) == []
    answer(ledger, first, outcome)

    clock.advance(60)
    intend(ledger, second)

    assert state_of(ledger, "second", "a") == state


def test_an_occurrence_twice_in_a_plan_is_sent_once(ledger: Ledger) -> None:
    """Even in one batch."""
    sender = begin_sending(ledger, "p", ["a", "a"])
    _, verdict = intend(ledger, sender)
    assert (verdict.admitted, verdict.refused) == ({0: 1}, {1: "sending_elsewhere"})


def test_a_test_blocks_no_production_nor_the_reverse(ledger: Ledger) -> None:
    """Each mode has its own deliveries."""
    for plan_id, mode in (("t1", "test"), ("p1", "production"), ("t2", "test"), ("p2", "production")):
        sender = begin_sending(ledger, plan_id, ["a"], mode)  # type: ignore[arg-type]
        _, verdict = intend(ledger, sender)
        if plan_id.endswith("1"):
            assert verdict.admitted == {0: 1}
            answer(ledger, sender, "delivered")
        else:
            assert verdict.refused == {0: "already_delivered"}


@pytest.mark.parametrize("app_id", [APP, EVERY_APP])
def test_a_person_suppressed_while_queued_is_not_told_of(ledger: Ledger, app_id: str) -> None:
    """Nor while claimed: the last look is in the transaction of the intent."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    rows = claim(ledger, sender, 10)
    suppress(ledger, [name_subject("a")], app_id, "do_not_share")

    verdict = record_intents(ledger, sender, rows)

    assert (verdict.admitted, verdict.refused) == ({1: 1}, {0: "suppressed"})
    assert state_of(ledger, "p", "a") == ("excluded", "suppressed")


def test_suppressions_of_others_are_in_nobodys_way(ledger: Ledger) -> None:
    """Another app's, and lifted ones."""
    sender = begin_sending(ledger, "p", ["a"])
    suppress(ledger, [name_subject("a")], "com.another", "do_not_share")
    suppress(ledger, [name_subject("a")], APP, "do_not_share")
    assert lift(ledger, [name_subject("a")], APP) == 1
    assert intend(ledger, sender)[1].admitted == {0: 1}


def test_a_gate_at_the_attempt_settles_a_row(ledger: Ledger, clock: HandClock) -> None:
    """With the gate's code; only what this sender has claimed."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    claim(ledger, sender, 1)
    exchange(ledger, sender, exclusions=[Exclusion(0, "too_old"), Exclusion(1, "too_old")])

    assert state_of(ledger, "p", "a") == ("excluded", "too_old")
    assert state_of(ledger, "p", "b") == ("queued", None)
    told = [(each.state, each.code, each.count) for each in count_outcomes(ledger, "p")]
    assert told == [("excluded", "too_old", 1), ("queued", None, 1)]


def hinder_by_pause(ledger: Ledger) -> None:
    """Pause the plan."""
    pause_plan(ledger, "p", "ana")


def hinder_by_cancelling(ledger: Ledger) -> None:
    """Cancel the plan."""
    cancel_plan(ledger, "p", "ana")


def hinder_by_stop(ledger: Ledger) -> None:
    """Stop all of production."""
    stop(ledger, "production", "ana", "wrong app")


@pytest.mark.parametrize(
    ("hinder", "code"),
    [
        (hinder_by_pause, "plan_paused"),
        (hinder_by_cancelling, "plan_cancelled"),
        (hinder_by_stop, "stopped"),
    ],
)
def test_a_hindrance_is_seen_at_the_intent(
    ledger: Ledger, hinder: Callable[[Ledger], None], code: str
) -> None:
    """Nothing is admitted or claimed any more; outcomes are recorded all the same."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender, 1)
    rows = claim(ledger, sender, 1)
    hinder(ledger)

    verdict = exchange(ledger, sender, [Outcome(0, 1, "delivered")], rows)

    assert (verdict.admitted, verdict.refused, verdict.hindrance) == ({}, {}, code)
    assert check_sender(ledger, sender) == code
    assert claim(ledger, sender, 10) == []
    assert state_of(ledger, "p", "a")[0] == "delivered"
    assert count_states(ledger, "p")["sending"] == 0


def test_what_was_claimed_may_be_sent_after_a_pause(ledger: Ledger) -> None:
    """The claim has outlasted it."""
    sender = begin_sending(ledger, "p", ["a"])
    rows = claim(ledger, sender, 1)
    pause_plan(ledger, "p", "ana")
    assert record_intents(ledger, sender, rows).hindrance == "plan_paused"
    resume_plan(ledger, "p", "ana")
    assert record_intents(ledger, sender, rows).admitted == {0: 1}


def test_a_stop_of_tests_is_none_of_production(ledger: Ledger) -> None:
    """And it ends when it is lifted."""
    sender = begin_sending(ledger, "p", ["a"])
    stop(ledger, "test", "ana", "sandbox is down")
    assert check_sender(ledger, sender) is None
    stop(ledger, "production", "ana", "wrong app")
    assert lift_stop(ledger, "production", "ana")
    assert check_sender(ledger, sender) is None


def test_no_intent_beyond_the_days_cap(ledger: Ledger, clock: HandClock) -> None:
    """A cap that was lowered below what was used holds until the day ends."""
    make_plan(ledger, "p", ["a"])
    sender = start_sender(ledger, "p", 2 * 86_400, daily_cap=3)
    reserve(ledger, "production", 1000, 3, daily_cap=3)
    assert check_sender(ledger, sender) is None
    reserve(ledger, "production", 1000, 1)
    assert check_sender(ledger, sender) == "daily_cap"
    clock.advance(86_400)
    assert check_sender(ledger, sender) is None


def test_an_outcome_settles_its_own_attempt_alone(ledger: Ledger) -> None:
    """One that comes after the row was tried again changes the attempt's record only."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    answer(ledger, sender, "retry")
    intend(ledger, sender)

    answer(ledger, sender, "delivered", number=1)

    assert state_of(ledger, "p", "a") == ("sending", None)
    first, second = list_attempts(ledger, "p", 0)
    assert (first.outcome, second.outcome) == ("retry", None)


def test_recording_an_outcome_again_changes_nothing(ledger: Ledger, clock: HandClock) -> None:
    """A sender that was not told of a commit repeats it."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    outcome = [Outcome(0, 1, "delivered")]
    record_outcomes(ledger, sender, outcome)
    before = look_up(ledger, "p", "a")
    clock.advance(10)
    record_outcomes(ledger, sender, outcome)
    record_outcomes(ledger, sender, [Outcome(0, 1, "refused", "http_400")])
    assert look_up(ledger, "p", "a") == before


def test_recording_intents_again_admits_them_again(ledger: Ledger) -> None:
    """To the sender that was not told of their commit, under the same number; to no other."""
    sender = begin_sending(ledger, "p", ["a"])
    rows = claim(ledger, sender, 10)
    for _ in range(2):
        assert record_intents(ledger, sender, rows).admitted == {0: 1}
    other = start_sender(ledger, "p", LEASE_SECONDS)
    assert record_intents(ledger, other, rows).refused == {0: "claim_lost"}
    answer(ledger, sender, "delivered")
    assert record_intents(ledger, sender, rows).refused == {0: "claim_lost"}


def test_an_exchange_is_all_or_nothing(ledger: Ledger) -> None:
    """Whichever of its statements fails, nothing of it is there; repeated, all of it is."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender, 1)
    rows = claim(ledger, sender, 1)
    failures = 0
    for statement in range(1, 100):
        seen: list[Connection] = []

        def fail(
            connection: Connection, *_: object, seen: list[Connection] = seen, at: int = statement
        ) -> None:
            seen.append(connection)
            if len(seen) == at:
                raise LedgerUnavailable("gone")

        event.listen(ledger.engine, "before_cursor_execute", fail)
        try:
            verdict = exchange(ledger, sender, [Outcome(0, 1, "delivered")], rows)
        except LedgerUnavailable:
            failures += 1
            event.remove(ledger.engine, "before_cursor_execute", fail)
            assert (state_of(ledger, "p", "a")[0], state_of(ledger, "p", "b")[0]) == ("sending", "queued")
        else:
            event.remove(ledger.engine, "before_cursor_execute", fail)
            assert verdict.admitted == {1: 1}
            break
    assert failures >= 6
    assert (state_of(ledger, "p", "a")[0], state_of(ledger, "p", "b")[0]) == ("delivered", "sending")


def test_a_plan_is_finished_when_nothing_is_left_to_send(ledger: Ledger) -> None:
    """Not while a row waits, is claimed or is on its way; what is unknown does not keep it open."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    assert not settle_plan_if_done(ledger, "p")
    rows = claim(ledger, sender, 10)
    assert not settle_plan_if_done(ledger, "p")
    record_intents(ledger, sender, rows)
    assert not settle_plan_if_done(ledger, "p")
    answer(ledger, sender, "unknown", position=0)
    answer(ledger, sender, "retry", position=1)
    assert not settle_plan_if_done(ledger, "p")
    intend(ledger, sender)
    answer(ledger, sender, "refused", position=1, number=2)
    assert settle_plan_if_done(ledger, "p")
    assert settle_plan_if_done(ledger, "p")
    assert require_plan(ledger, "p").state == "finished"


def test_what_is_tried_again_of_a_cancelled_plan_is_cancelled(ledger: Ledger) -> None:
    """Liftoff has not accepted it, and nobody wants it sent any more."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    cancel_plan(ledger, "p", "ana")
    assert state_of(ledger, "p", "a")[0] == "sending"
    answer(ledger, sender, "retry")
    assert state_of(ledger, "p", "a")[0] == "cancelled"


def test_a_row_waits_no_longer_than_it_can_have_been_told_to(ledger: Ledger, clock: HandClock) -> None:
    """One that does was told so before the clock was set back, and is due."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    put_off(ledger, sender, 300)
    clock.now -= timedelta(days=1)
    clock.advance(0)
    other = start_sender(ledger, "p", LEASE_SECONDS)
    assert [row.position for row in claim(ledger, other, 10, longest_wait_seconds=300)] == [0]
