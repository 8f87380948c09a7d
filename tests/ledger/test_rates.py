from datetime import timedelta
from itertools import pairwise

import pytest

from etl.ledger.database import Ledger
from etl.ledger.decisions import list_decisions
from etl.ledger.rates import (
    block_until,
    hand_back,
    lift_stop,
    read_rate,
    reserve,
    slow_down,
    stop,
)
from tests.ledger.conftest import HandClock
from tests.ledger.racers import race, reserve_slots


def test_a_rate_is_shared_through_the_ledger(ledger: Ledger, clock: HandClock) -> None:
    """What one has reserved another finds taken; production and tests have one each."""
    assert reserve(ledger, "production", 10, 3).slots == pytest.approx((0, 0.1, 0.2))
    assert reserve(ledger, "production", 10, 1).slots == pytest.approx((0.3,))
    assert reserve(ledger, "test", 1, 1).slots == (0.0,)
    clock.advance(0.25)
    assert reserve(ledger, "production", 10, 1).slots == pytest.approx((0.15,))


def test_slots_handed_back_do_not_count(ledger: Ledger) -> None:
    """Towards the day's cap."""
    assert len(reserve(ledger, "test", 100, 5, daily_cap=5).slots) == 5
    hand_back(ledger, "test", 2)
    assert len(reserve(ledger, "test", 100, 5, daily_cap=5).slots) == 2
    assert reserve(ledger, "test", 100, 5, daily_cap=5).reason == "daily_cap"


def test_everybody_slows_down(ledger: Ledger, clock: HandClock) -> None:
    """And everybody waits."""
    reserve(ledger, "production", 10, 1)
    assert slow_down(ledger, "production") == 0.5
    block_until(ledger, "production", 30, "Retry-After")
    refused = reserve(ledger, "production", 10, 1)
    assert (refused.reason, refused.wait_seconds, refused.detail) == ("blocked", 30, "Retry-After")
    clock.advance(31)
    assert reserve(ledger, "production", 10, 1).slots
    assert reserve(ledger, "test", 10, 1).slots


def test_a_stop_holds_until_it_is_lifted(ledger: Ledger, clock: HandClock) -> None:
    """The first to stop is remembered, and so is who lifted it."""
    assert not lift_stop(ledger, "production", "ana")
    stop(ledger, "production", "ana", "wrong app")
    stop(ledger, "production", "bob", "me too")
    clock.advance(86_400)
    refused = reserve(ledger, "production", 10, 1)
    assert (refused.slots, refused.reason, refused.detail) == ((), "stopped", "wrong app")
    rate = read_rate(ledger, "production")
    assert rate is not None
    assert (rate.stopped_by, rate.stopped_at) == ("ana", clock.now - timedelta(days=1))

    assert lift_stop(ledger, "production", "bob", "mended")
    assert reserve(ledger, "production", 10, 1).slots
    told = [(each.decision, each.who, each.reason) for each in list_decisions(ledger, "production")]
    assert told == [("stop", "ana", "wrong app"), ("lift_stop", "bob", "mended")]


def test_an_unused_rate_is_none(ledger: Ledger) -> None:
    """Reading begins nothing."""
    assert read_rate(ledger, "production") is None


def test_processes_share_one_rate(ledger: Ledger, ledger_url: str) -> None:
    """Slots of three processes at once, on one clock, are as far apart as one's would be."""
    reports = race(reserve_slots, ledger_url, 3, 200.0, 40)
    slots = sorted(slot for report in reports for slot in report)
    assert len(slots) == 120
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert min(gaps) > 0.0049
