"""The circuit breaker of the shared rate: who finds it broken waits, and one at a time probes."""

import pytest

from etl.ledger.database import Ledger
from etl.ledger.rates import block_until, lift_stop, read_rate, recover, reserve, stop, trip_breaker
from etl.ledger.slots import FIRST_BREAK_SECONDS, LONGEST_BREAK_SECONDS, PROBE_SECONDS, Reservation
from tests.ledger.conftest import HandClock

RATE = "production"


def ask(ledger: Ledger) -> Reservation:
    """Ask for more than a probe."""
    return reserve(ledger, RATE, 100, 10)


def test_a_broken_rate_gives_nobody_a_slot(ledger: Ledger) -> None:
    """Everybody waits, and is told for how long."""
    trip_breaker(ledger, RATE)
    found = ask(ledger)
    assert (found.slots, found.reason, found.detail) == ((), "blocked", "circuit_breaker")
    assert found.wait_seconds == FIRST_BREAK_SECONDS


def test_one_slot_is_given_to_probe_and_all_others_wait(ledger: Ledger, clock: HandClock) -> None:
    """Of all who ask after the break, one may send one request."""
    trip_breaker(ledger, RATE)
    clock.advance(FIRST_BREAK_SECONDS)
    found = ask(ledger)
    assert (len(found.slots), found.reason) == (1, "probe")
    assert [ask(ledger).reason for _ in range(3)] == ["blocked"] * 3


def test_a_probes_success_lets_all_go_on(ledger: Ledger, clock: HandClock) -> None:
    """At once, and without counting what was."""
    trip_breaker(ledger, RATE)
    clock.advance(FIRST_BREAK_SECONDS)
    ask(ledger)
    recover(ledger, RATE)
    assert len(ask(ledger).slots) == 10
    trip_breaker(ledger, RATE)
    assert ask(ledger).wait_seconds == FIRST_BREAK_SECONDS


def test_a_probes_failure_breaks_for_twice_as_long(ledger: Ledger, clock: HandClock) -> None:
    """Up to a limit."""
    waits = []
    for _ in range(9):
        trip_breaker(ledger, RATE)
        waits.append(ask(ledger).wait_seconds)
        clock.advance(waits[-1])
        assert ask(ledger).reason == "probe"
    assert waits[:3] == [FIRST_BREAK_SECONDS, 2 * FIRST_BREAK_SECONDS, 4 * FIRST_BREAK_SECONDS]
    assert waits[-1] == LONGEST_BREAK_SECONDS


def test_another_probes_where_the_first_never_tells(ledger: Ledger, clock: HandClock) -> None:
    """A process that dies with the probe stops nobody for ever."""
    trip_breaker(ledger, RATE)
    clock.advance(FIRST_BREAK_SECONDS)
    ask(ledger)
    clock.advance(PROBE_SECONDS + 0.1)
    assert ask(ledger).reason == "probe"


def test_failures_that_come_late_break_nothing_more(ledger: Ledger) -> None:
    """Three processes that fail at once have one break, not three."""
    for _ in range(3):
        trip_breaker(ledger, RATE)
    rate = read_rate(ledger, RATE)
    assert rate is not None
    assert rate.failures == 1
    assert ask(ledger).wait_seconds == FIRST_BREAK_SECONDS


@pytest.mark.parametrize("seconds", [60.0, 1.0])
def test_a_success_does_not_lift_what_the_partner_asked_for(
    ledger: Ledger, clock: HandClock, seconds: float
) -> None:
    """Retry-After is the partner's word."""
    block_until(ledger, RATE, seconds, "retry_after")
    recover(ledger, RATE)
    assert ask(ledger).detail == "retry_after"


def test_lifting_a_stop_mends_the_breaker(ledger: Ledger) -> None:
    """A person has looked."""
    trip_breaker(ledger, RATE)
    stop(ledger, RATE, "a test", "rehearsal")
    lift_stop(ledger, RATE, "a test")
    assert len(ask(ledger).slots) == 10
