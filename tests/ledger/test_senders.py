from datetime import timedelta

from etl.ledger.claims import claim
from etl.ledger.database import Ledger
from etl.ledger.history import list_attempts
from etl.ledger.outcomes import Outcome
from etl.ledger.plans import require_plan
from etl.ledger.progress import settle_plan_if_done
from etl.ledger.senders import check_sender, expire_senders, renew_sender, start_sender, stop_sender
from etl.ledger.sending import record_intents, record_outcomes
from tests.ledger.conftest import HandClock
from tests.ledger.planned import LEASE_SECONDS, answer, begin_sending, intend, state_of


def test_a_lost_sender_leaves_its_claims_to_others(ledger: Ledger, clock: HandClock) -> None:
    """What it had no intent for is free; what it had is unknown, and is not queued again."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender, 1)
    claim(ledger, sender, 1)
    clock.advance(LEASE_SECONDS)

    assert expire_senders(ledger) == [sender.id]
    assert expire_senders(ledger) == []

    other = start_sender(ledger, "p", LEASE_SECONDS)
    assert [row.position for row in claim(ledger, other, 10)] == [1]
    assert state_of(ledger, "p", "a") == ("unknown", "sender_lost")
    (attempt,) = list_attempts(ledger, "p", 0)
    assert (attempt.outcome, attempt.detail, attempt.outcome_at) == ("unknown", "sender_lost", clock.now)


def test_a_sender_that_overslept_sends_nothing(ledger: Ledger, clock: HandClock) -> None:
    """Its lease is over whether or not anybody has noticed, and lost once somebody has."""
    sender = begin_sending(ledger, "p", ["a"])
    rows = claim(ledger, sender, 1)
    clock.advance(LEASE_SECONDS)
    assert record_intents(ledger, sender, rows).hindrance == "lease_lost"
    assert claim(ledger, sender, 1) == []

    expire_senders(ledger)

    assert not renew_sender(ledger, sender, LEASE_SECONDS)
    assert record_intents(ledger, sender, rows).hindrance == "lease_lost"
    assert state_of(ledger, "p", "a") == ("queued", None)


def test_a_lease_is_renewed_until_somebody_finds_it_lost(ledger: Ledger, clock: HandClock) -> None:
    """Nobody has touched what the sender holds, so it goes on."""
    sender = begin_sending(ledger, "p", ["a"])
    rows = claim(ledger, sender, 1)
    clock.advance(LEASE_SECONDS + 1)
    assert renew_sender(ledger, sender, LEASE_SECONDS)
    assert expire_senders(ledger) == []
    assert record_intents(ledger, sender, rows).admitted == {0: 1}


def test_a_late_answer_settles_what_became_unknown(ledger: Ledger, clock: HandClock) -> None:
    """Delivered, refused, or to be tried again, which opens a plan that was finished meanwhile."""
    sender = begin_sending(ledger, "p", ["a", "b", "c"])
    intend(ledger, sender)
    clock.advance(LEASE_SECONDS)
    expire_senders(ledger)
    assert settle_plan_if_done(ledger, "p")

    answer(ledger, sender, "delivered", position=0)
    answer(ledger, sender, "refused", position=1)
    assert require_plan(ledger, "p").state == "finished"
    answer(ledger, sender, "retry", position=2)

    assert [state_of(ledger, "p", name)[0] for name in "abc"] == ["delivered", "refused", "queued"]
    assert require_plan(ledger, "p").state == "approved"
    assert list_attempts(ledger, "p", 0)[0].outcome == "delivered"


def test_a_stopped_sender_holds_nothing(ledger: Ledger) -> None:
    """Claims are free, and what it has no answer for is unknown."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender, 1)
    claim(ledger, sender, 1)
    stop_sender(ledger, sender)

    assert check_sender(ledger, sender) == "lease_lost"
    assert state_of(ledger, "p", "a") == ("unknown", "sender_stopped")
    other = start_sender(ledger, "p", LEASE_SECONDS)
    assert [row.position for row in claim(ledger, other, 10)] == [1]


def test_stopping_spoils_no_answer(ledger: Ledger) -> None:
    """What was settled before stays as it is."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender)
    record_outcomes(ledger, sender, [Outcome(0, 1, "delivered"), Outcome(1, 1, "retry")])
    stop_sender(ledger, sender)
    assert [state_of(ledger, "p", name)[0] for name in "ab"] == ["delivered", "queued"]


def test_a_lease_begins_anew_when_the_clock_is_set_back(ledger: Ledger, clock: HandClock) -> None:
    """A dead sender is found out after a lease's length, however far the clock went."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    clock.now -= timedelta(days=1)
    assert expire_senders(ledger) == []
    clock.advance(LEASE_SECONDS - 1)
    assert expire_senders(ledger) == []
    clock.advance(1)
    assert expire_senders(ledger) == [sender.id]
    assert state_of(ledger, "p", "a")[0] == "unknown"


def test_senders_of_other_plans_keep_what_is_theirs(ledger: Ledger, clock: HandClock) -> None:
    """Those that renewed, too."""
    lost = begin_sending(ledger, "p", ["a"])
    kept = begin_sending(ledger, "q", ["b"])
    intend(ledger, lost)
    intend(ledger, kept)
    clock.advance(LEASE_SECONDS - 1)
    renew_sender(ledger, kept, LEASE_SECONDS)
    clock.advance(1)
    assert expire_senders(ledger) == [lost.id]
    assert state_of(ledger, "q", "b")[0] == "sending"
