"""Real processes at the same rows: nothing is sent twice, nothing is left behind."""

from collections import Counter

from etl.ledger.database import Ledger, open_ledger
from etl.ledger.progress import count_states, settle_plan_if_done
from etl.ledger.resolving import list_unknown
from etl.ledger.senders import expire_senders
from tests.ledger.planned import make_plan, name_occurrence
from tests.ledger.racers import CONTEXT, intend_until_lost, race, running, send_all

NAMES = [f"row {number}" for number in range(120)]


def test_senders_of_one_plan_share_its_rows(ledger: Ledger, ledger_url: str) -> None:
    """Each row is sent by one of them."""
    make_plan(ledger, "p", NAMES)
    reports = race(send_all, ledger_url, 3, ["p"])
    sent = Counter(occurrence for report in reports for occurrence in report)
    assert sent == Counter(name_occurrence(name) for name in NAMES)
    assert count_states(ledger, "p")["delivered"] == len(NAMES)
    assert settle_plan_if_done(ledger, "p")


def test_plans_over_the_same_occurrences_send_them_once(ledger: Ledger, ledger_url: str) -> None:
    """Whichever process takes which plan first, and in whatever order the rows are."""
    make_plan(ledger, "up", NAMES)
    make_plan(ledger, "down", NAMES[::-1])
    make_plan(ledger, "test", NAMES[:10], "test")
    reports = race(send_all, ledger_url, 3, ["up", "down"])
    sent = Counter(occurrence for report in reports for occurrence in report)
    assert max(sent.values()) == 1
    states = Counter(count_states(ledger, "up")) + Counter(count_states(ledger, "down"))
    assert states["delivered"] == len(sent)
    assert states["sending"] == 0
    assert states["delivered"] + states["excluded"] + states["queued"] == 2 * len(NAMES)
    assert count_states(ledger, "test")["queued"] == 10


def test_an_expiry_catches_every_intent(ledger: Ledger, ledger_url: str) -> None:
    """A sender whose lease is found lost while it records intents leaves none `sending`: all are unknown."""
    make_plan(ledger, "p", [f"row {number}" for number in range(2000)])
    watching = open_ledger(ledger_url)
    here, there = CONTEXT.Pipe()
    admitted: list[int] = []
    with running(intend_until_lost, (ledger_url, "p", there)) as (process,):
        hindrance = None
        while hindrance is None:
            if here.poll(0.001):
                hindrance, positions = here.recv()
                admitted += positions
            expire_senders(watching)
        process.join()
    expire_senders(watching)
    assert hindrance == "lease_lost"
    assert [row.position for row in list_unknown(ledger, "p")] == sorted(admitted)
    assert count_states(ledger, "p")["sending"] == 0
