"""The arithmetic of a shared rate: how fast, how far ahead, and what clocks may do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.ledger.slots import (
    HORIZON_SECONDS,
    LEAST_FACTOR,
    LONGEST_BLOCK_SECONDS,
    Rate,
    block,
    go_on,
    schedule,
    slow,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEW = Rate("production", START, START, day=START.date())


def seconds(number: float) -> timedelta:
    """Give a span."""
    return timedelta(seconds=number)


def take(rate: Rate, now: datetime, per_second: float, count: int) -> tuple[Rate, list[datetime]]:
    """Reserve, and give the slots as instants."""
    rate, reservation = schedule(rate, now, per_second, count)
    return rate, [now + seconds(slot) for slot in reservation.slots]


def test_slots_follow_each_other_at_the_rate() -> None:
    """Across reservations, whoever makes them."""
    rate, first = take(NEW, START, 10, 3)
    rate, second = take(rate, START + seconds(0.05), 10, 2)
    assert [(slot - START).total_seconds() for slot in first + second] == pytest.approx(
        [0, 0.1, 0.2, 0.3, 0.4]
    )


def test_time_that_nobody_used_is_nobodys_credit() -> None:
    """After an hour of rest there is no burst."""
    rate, _ = take(NEW, START, 10, 1)
    now = START + seconds(3600)
    rate, slots = take(rate, now, 10, 100)
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert set(gaps) == {seconds(0.1)}
    assert slots[0] - now <= seconds(HORIZON_SECONDS)


def test_no_slot_is_far_ahead() -> None:
    """Who asks for more gets fewer, and is then told when to ask again."""
    rate, slots = take(NEW, START, 10, 100)
    assert slots[-1] == START + seconds(HORIZON_SECONDS)
    _, refused = schedule(rate, START, 10, 1)
    assert (refused.slots, refused.reason) == ((), "ahead")
    assert refused.wait_seconds == pytest.approx(0.1)


def test_a_slow_rate_gives_its_slots_one_by_one() -> None:
    """Slower than one within the horizon."""
    rate, slots = take(NEW, START, 0.1, 5)
    assert slots == [START]
    _, refused = schedule(rate, START + seconds(4), 0.1, 1)
    assert refused.wait_seconds == pytest.approx(5)
    _, slots = take(rate, START + seconds(9.5), 0.1, 1)
    assert slots == [START + seconds(10)]


@given(
    per_second=st.floats(2, 2000),
    steps=st.lists(st.tuples(st.floats(0, 0.3), st.integers(1, 64)), min_size=1, max_size=60),
    jump=st.floats(-90_000, 90_000),
    jump_at=st.integers(0, 60),
)
def test_a_jump_of_the_clock_neither_bursts_nor_stalls(
    per_second: float, steps: list[tuple[float, int]], jump: float, jump_at: int
) -> None:
    """Real time passes as it does; the clock that the rate sees jumps once, by up to a day, either way."""
    rate, real, offset = NEW, 0.0, 0.0
    used: list[float] = []
    for number, (passes, count) in enumerate(steps):
        real += passes
        offset += jump if number == jump_at else 0.0
        rate, reservation = schedule(rate, START + seconds(real + offset), per_second, count)
        assert reservation.wait_seconds <= HORIZON_SECONDS + 2 / per_second + 0.01
        used += [real + slot for slot in reservation.slots]
    # A jump forward by less than what was reserved ahead looks like time that passed.
    hidden = min(max(jump, 0), HORIZON_SECONDS + 0.1 + 1 / per_second) if 0 < jump <= 1.6 else 0.0
    for index, begin in enumerate(used):
        window = [slot for slot in used[index:] if begin <= slot < begin + 1 - 1e-4]
        assert len(window) <= per_second * (1 + hidden) + 2


def test_many_answers_429_at_once_are_one() -> None:
    """The rate is halved, and again only by those that were asked for more slowly; never to nothing."""
    rate = slow(slow(NEW, START), START + seconds(0.5))
    assert rate.factor == 0.5
    for number in range(1, 10):
        rate = slow(rate, START + seconds(number))
    assert rate.factor == LEAST_FACTOR


def test_a_slowed_rate_recovers_to_the_ceiling() -> None:
    """Step by step, as time passes."""
    rate = slow(NEW, START)
    rate, slots = take(rate, START, 10, 2)
    assert slots[1] - slots[0] == seconds(0.2)
    rate, _ = take(rate, START + seconds(5), 10, 1)
    assert rate.factor == pytest.approx(0.55)
    rate, _ = take(rate, START + seconds(600), 10, 1)
    assert rate.factor == 1.0


def test_a_block_holds_for_everybody() -> None:
    """Until its end; a shorter one does not shorten it, and none lasts for ever."""
    rate = block(block(NEW, START, 60, "Retry-After"), START, 10, "breaker")
    _, refused = schedule(rate, START + seconds(59), 10, 1)
    assert (refused.reason, refused.detail) == ("blocked", "Retry-After")
    assert refused.wait_seconds == pytest.approx(1)
    _, slots = take(rate, START + seconds(60), 10, 1)
    assert len(slots) == 1
    endless = block(NEW, START, 1e9, "Retry-After")
    assert endless.blocked_until == START + seconds(LONGEST_BLOCK_SECONDS)


def test_a_block_lasts_no_longer_when_the_clock_is_set_back() -> None:
    """It begins anew, with the length that it had."""
    rate = block(NEW, START, 60, "Retry-After")
    rate, refused = schedule(rate, START - timedelta(days=1), 10, 1)
    assert refused.wait_seconds == pytest.approx(60)


def test_a_day_has_its_cap() -> None:
    """It ends at midnight UTC; a clock that was set back over midnight brings no second day."""
    evening = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    rate, reservation = schedule(NEW, evening, 1000, 10, daily_cap=4)
    assert len(reservation.slots) == 4
    rate, refused = schedule(rate, evening, 1000, 10, daily_cap=4)
    assert (refused.reason, refused.wait_seconds) == ("daily_cap", 1.0)

    morning = evening + seconds(2)
    rate, reservation = schedule(rate, morning, 1000, 3, daily_cap=4)
    assert len(reservation.slots) == 3
    assert (rate.day, rate.sent) == (date(2026, 3, 2), 3)
    rate, reservation = schedule(rate, evening, 1000, 3, daily_cap=4)
    assert (len(reservation.slots), rate.day) == (1, date(2026, 3, 2))


def test_lifting_a_stop_lets_everything_go_on() -> None:
    """With it go the block and the failures that came before it."""
    rate = block(NEW, START, 60, "breaker")
    assert schedule(go_on(rate), START, 10, 1)[1].slots == (0.0,)
