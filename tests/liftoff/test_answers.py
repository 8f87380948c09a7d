"""What answers mean, how long to wait, and how slots are kept."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.ledger.slots import Reservation
from etl.liftoff.answers import LONGEST_WAIT_SECONDS, Answer, Rule, judge_answer, read_retry_after
from etl.liftoff.backoff import Patience
from etl.liftoff.pacing import AHEAD_SECONDS, Pacer

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
PATIENCE = Patience(1.0, 300.0, 5, timedelta(hours=24))


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", "delivered"),
        (204, b"", "delivered"),
        (200, b'{"status":"ok"}', "delivered"),
        (200, b'{"status":"error"}', "retry"),
        (200, b'{"error":"no such app"}', "retry"),
        (200, b'{"success":false}', "retry"),
        (200, b"{not json", "delivered"),
        (429, b"", "retry"),
        (500, b"", "retry"),
        (503, b"", "retry"),
        (502, b"", "unknown"),
        (504, b"", "unknown"),
        (400, b"", "refused"),
        (404, b"", "refused"),
        (401, b"", "stop"),
        (403, b"", "stop"),
        (301, b"", "stop"),
        (307, b"", "stop"),
    ],
)
def test_an_answer_means(status: int, body: bytes, meaning: str) -> None:
    """Status and body decide."""
    assert judge_answer(Answer("answered", status, body), (), NOW).meaning == meaning


def test_a_rule_of_the_users_comes_first() -> None:
    """It may name a text of the body."""
    rules = (Rule("4xx", "delivered", "Duplicate"), Rule("5xx", "refused"))
    assert judge_answer(Answer("answered", 409, b"a duplicate"), rules, NOW).meaning == "delivered"
    assert judge_answer(Answer("answered", 409, b"conflict"), rules, NOW).meaning == "refused"
    assert judge_answer(Answer("answered", 503), rules, NOW).meaning == "refused"


def test_what_never_left_is_tried_again_and_what_did_is_unknown() -> None:
    """The client says which."""
    assert judge_answer(Answer("unsent"), (), NOW).meaning == "retry"
    assert judge_answer(Answer("unanswered"), (), NOW).meaning == "unknown"
    assert judge_answer(Answer("unanswered", 200), (), NOW).meaning == "unknown"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 01 Sep 2026 12:00:30 GMT", 30.0),
        ("Tue, 01 Sep 2026 11:00:00 GMT", 0.0),
        ("999999999", LONGEST_WAIT_SECONDS),
        ("soon", None),
        ("-3", None),
        (None, None),
    ],
)
def test_a_wait_is_read(text: str | None, seconds: float | None) -> None:
    """Seconds or a date; never more than an hour, never nonsense."""
    assert read_retry_after(text, NOW) == seconds


@given(st.integers(1, 10_000), st.integers(0, 2**32), st.one_of(st.none(), st.floats(0, 3600)))
def test_a_wait_is_between_what_is_asked_and_the_cap(attempts: int, seed: int, asked: float | None) -> None:
    """Full jitter below a ceiling that doubles."""
    wait = PATIENCE.draw_wait(attempts, random.Random(seed), asked)  # noqa: S311 - seeded, not secret
    assert (asked or 0.0) <= wait <= max(asked or 0.0, min(300.0, 2.0 ** min(attempts - 1, 60)))


def test_patience_ends_after_both_attempts_and_time() -> None:
    """Neither alone is enough."""
    long_ago, lately = NOW - timedelta(hours=25), NOW - timedelta(hours=1)
    assert PATIENCE.is_over(5, long_ago, NOW)
    assert not PATIENCE.is_over(4, long_ago, NOW)
    assert not PATIENCE.is_over(50, lately, NOW)


@dataclass
class Bench:
    """A clock in the test's hand, and a rate that gives slots without end."""

    now: float = 0.0
    next_at: float = 0.0
    handed_back: list[int] = field(default_factory=list)

    def pacer(self, per_second: float) -> Pacer:
        """Make a pacer."""
        return Pacer(
            per_second, lambda count: self.reserve(per_second, count), self.handed_back.append, self.clock
        )

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def reserve(self, per_second: float, count: int) -> Reservation:
        """Give slots one after the other."""
        start = max(self.next_at, self.now)
        self.next_at = start + count / per_second
        return Reservation(tuple(start - self.now + place / per_second for place in range(count)))


def test_slots_are_used_when_their_time_comes() -> None:
    """Only those of the next moment are given."""
    bench = Bench()
    pacer = bench.pacer(100)
    assert pacer.take(50, 0.02) == pytest.approx([0.0, 0.01, 0.02])
    assert pacer.next_at() == pytest.approx(0.03)


def test_late_slots_are_not_caught_up() -> None:
    """After a stall as many are sent as in any other moment."""
    bench = Bench()
    pacer = bench.pacer(100)
    pacer.take(1, 0.0)
    bench.now = 10.0
    assert len(pacer.take(1_000, AHEAD_SECONDS)) <= 100 * AHEAD_SECONDS + 1
    assert sum(bench.handed_back) == 4


def test_what_is_not_used_is_handed_back() -> None:
    """A sender that ends leaves the day's count as it should be."""
    bench = Bench()
    pacer = bench.pacer(1000)
    taken = len(pacer.take(10, 0.0))
    pacer.release()
    assert sum(bench.handed_back) == 1000 * AHEAD_SECONDS - taken
