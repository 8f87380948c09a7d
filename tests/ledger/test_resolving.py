import pytest

from etl.errors import UsageError
from etl.ledger.database import Ledger
from etl.ledger.decisions import list_decisions
from etl.ledger.plan_rows import cancel_plan
from etl.ledger.plans import require_plan
from etl.ledger.progress import settle_plan_if_done
from etl.ledger.resolving import list_unknown, resolve_unknown
from etl.ledger.senders import Sender, start_sender
from tests.ledger.planned import LEASE_SECONDS, answer, begin_sending, intend, name_occurrence, state_of


def leave_in_doubt(ledger: Ledger) -> Sender:
    """Send a plan of two rows, one of which gets no answer, and finish it."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender)
    answer(ledger, sender, "unknown", position=0)
    answer(ledger, sender, "delivered", position=1)
    assert settle_plan_if_done(ledger, "p")
    return sender


def test_what_is_in_doubt_is_listed(ledger: Ledger) -> None:
    """With what a person needs to ask the partner about it."""
    leave_in_doubt(ledger)
    (unknown,) = list_unknown(ledger, "p")
    assert (unknown.position, unknown.occurrence_id) == (0, name_occurrence("a"))
    assert (unknown.attempts, unknown.event_name, unknown.code) == (1, "purchase", "http_unknown")
    assert unknown.intent_at is not None


def test_resending_queues_what_is_in_doubt_again(ledger: Ledger) -> None:
    """And opens the plan; who decided so, and why, is kept."""
    leave_in_doubt(ledger)
    assert resolve_unknown(ledger, "p", resend=True, who="ana", reason="Liftoff has none") == 1

    assert require_plan(ledger, "p").state == "approved"
    sender = start_sender(ledger, "p", LEASE_SECONDS)
    assert intend(ledger, sender)[1].admitted == {0: 2}
    decision = list_decisions(ledger, "p")[-1]
    assert (decision.decision, decision.who, decision.reason, decision.rows) == (
        "resend",
        "ana",
        "Liftoff has none",
        1,
    )


def test_dropping_holds_it_for_good(ledger: Ledger) -> None:
    """It may have arrived: neither this plan nor another sends it, and no later decision reaches it."""
    leave_in_doubt(ledger)
    assert resolve_unknown(ledger, "p", resend=False, who="ana", reason="too old") == 1

    assert state_of(ledger, "p", "a") == ("unknown", "dropped")
    assert require_plan(ledger, "p").state == "finished"
    assert list_unknown(ledger, "p") == []
    assert resolve_unknown(ledger, "p", resend=True, who="ana", reason="after all") == 0
    other = begin_sending(ledger, "q", ["a"])
    assert intend(ledger, other)[1].refused == {0: "in_doubt_elsewhere"}


@pytest.mark.parametrize("resend", [True, False])
def test_a_persons_decision_stands(ledger: Ledger, *, resend: bool) -> None:
    """An answer that comes later settles nothing any more."""
    sender = leave_in_doubt(ledger)
    resolve_unknown(ledger, "p", resend=resend, who="ana", reason="decided")
    before = state_of(ledger, "p", "a")
    answer(ledger, sender, "delivered")
    assert state_of(ledger, "p", "a") == before


def test_nothing_of_a_cancelled_plan_is_sent_again(ledger: Ledger) -> None:
    """It may be dropped."""
    sender = begin_sending(ledger, "p", ["a"])
    intend(ledger, sender)
    answer(ledger, sender, "unknown")
    cancel_plan(ledger, "p", "ana")
    with pytest.raises(UsageError, match="plan anew"):
        resolve_unknown(ledger, "p", resend=True, who="ana", reason="again")
    assert resolve_unknown(ledger, "p", resend=False, who="ana", reason="gone") == 1
