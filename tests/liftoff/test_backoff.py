"""How long to wait before the next attempt, and when to give up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.liftoff.backoff import Patience

FIRST_AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
PATIENCE = Patience(base_seconds=1, cap_seconds=60, least_attempts=5, give_up_after=timedelta(hours=24))


def draw(attempts: int, least: float | None = None) -> list[float]:
    """Draw many waits."""
    chance = random.Random(7)  # noqa: S311 - seeded, not secret
    return [PATIENCE.draw_wait(attempts, chance, least) for _ in range(500)]


@pytest.mark.parametrize(("attempts", "ceiling"), [(1, 1), (2, 2), (5, 16), (7, 60), (5000, 60)])
def test_waits_lie_anywhere_below_a_ceiling_that_doubles_up_to_the_cap(attempts: int, ceiling: float) -> None:
    """Full jitter: those that failed together do not come back together."""
    waits = draw(attempts)
    assert 0 <= min(waits) < 0.05 * ceiling
    assert 0.95 * ceiling < max(waits) <= ceiling


def test_a_wait_is_never_less_than_the_partner_asks_for() -> None:
    """Retry-After holds for the postback, too."""
    assert min(draw(1, least=7)) == 7


@pytest.mark.parametrize(
    ("attempts", "hours", "is_over"), [(4, 100, False), (5, 23.9, False), (5, 24, True), (100, 1, False)]
)
def test_it_is_given_up_only_after_both_attempts_and_age(attempts: int, hours: float, is_over: bool) -> None:  # noqa: FBT001 - a parameter
    """Neither many attempts in an hour nor a long pause after one is enough."""
    assert PATIENCE.is_over(attempts, FIRST_AT, FIRST_AT + timedelta(hours=hours)) is is_over


def test_a_first_attempt_is_never_the_last() -> None:
    """Whatever is configured, there is no age yet."""
    assert not PATIENCE.is_over(9, None, FIRST_AT)


@given(st.integers(1, 10_000), st.integers(0, 2**32), st.one_of(st.none(), st.floats(0, 3600)))
def test_a_wait_is_between_what_is_asked_and_the_cap(attempts: int, seed: int, asked: float | None) -> None:
    """Whatever the numbers are."""
    wait = PATIENCE.draw_wait(attempts, random.Random(seed), asked)  # noqa: S311 - seeded, not secret
    assert (asked or 0.0) <= wait <= max(asked or 0.0, min(60.0, 2.0 ** min(attempts - 1, 60)))
