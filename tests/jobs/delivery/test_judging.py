"""What is made of an answer, for its postback and for all that follow."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from etl.jobs.delivery.breaker import MOST_FAILURES, Breaker
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Done, Errand
from etl.jobs.delivery.judging import SLOWING_SECONDS, Judge
from etl.ledger.claims import Claimed
from etl.ledger.outcomes import Outcome
from etl.liftoff.answers import Answer
from etl.liftoff.backoff import Patience

NOW = datetime(2026, 9, 2, 12, tzinfo=UTC)


@dataclass(slots=True)
class Bench:
    """A judge, and what it told others to do."""

    told: list[object] = field(default_factory=list)
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    breaker: Breaker = field(init=False)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        """Appoint the judge."""
        self.breaker = Breaker(lambda: self.told.append("trip"), lambda: self.told.append("recover"))
        self.judge = Judge(
            rules=(),
            patience=Patience(4, 60, 5, timedelta(hours=24)),
            breaker=self.breaker,
            slow_down=lambda: self.told.append("slow down"),
            wait=self.told.append,
            clocks=Clocks(monotonic=lambda: self.seconds, now=lambda: NOW),
            tally=self.tally,
            chance=random.Random(1),  # noqa: S311 - seeded, not secret
        )

    def hear(self, answer: Answer, number: int = 1, hours: float = 0.0) -> Outcome:
        """Judge an answer to an attempt of a row that was first tried so many hours ago."""
        first_at = NOW - timedelta(hours=hours) if number > 1 else None
        row = Claimed(7, "occurrence", "event", date(2026, 9, 1), "purchase", "{}", "", number - 1, first_at)
        return self.judge.judge(Done(Errand(row, number, "url", 0.0, 60.0), answer))


def answered(status: int, retry_after: str | None = None) -> Answer:
    """Make an answer."""
    return Answer("answered", status, b"", retry_after, milliseconds=12)


@pytest.fixture
def bench() -> Bench:
    """Give a judge."""
    return Bench()


def test_an_outcome_says_what_came_and_nothing_of_the_request(bench: Bench) -> None:
    """Status, code and time; no text of the partner's."""
    outcome = bench.hear(answered(400), number=3)
    assert outcome == Outcome(7, 3, "refused", "http_400", 400, "http_400", 12, 0.0)
    assert bench.tally == Tally(refused=1)


def test_what_was_not_accepted_waits_for_its_next_attempt(bench: Bench) -> None:
    """By the backoff, and at least as long as the partner asks."""
    assert 0 < bench.hear(answered(503)).retry_in_seconds <= 4
    assert bench.hear(answered(503, "9")).retry_in_seconds == 9


def test_the_partners_wait_is_everybodys(bench: Bench) -> None:
    """Retry-After is said to all who share the rate."""
    bench.hear(answered(429, "9"))
    assert bench.told == ["slow down", 9.0]


def test_too_fast_is_said_once_for_many_answers(bench: Bench) -> None:
    """They were asked for at the same speed."""
    for _ in range(20):
        bench.hear(answered(429))
    assert bench.told == ["slow down"]
    bench.seconds = SLOWING_SECONDS
    bench.hear(answered(429))
    assert bench.told == ["slow down", "slow down"]


def test_giving_up_needs_attempts_and_age(bench: Bench) -> None:
    """One without the other is tried again."""
    assert bench.hear(answered(503), number=4, hours=30).outcome == "retry"
    assert bench.hear(answered(503), number=9, hours=23).outcome == "retry"
    given_up = bench.hear(answered(503), number=5, hours=24)
    assert (given_up.outcome, given_up.code, given_up.detail) == ("refused", "gave_up", "http_503")


@pytest.mark.parametrize("status", [401, 403, 302])
def test_what_is_wrong_with_us_stops_and_loses_nothing(bench: Bench, status: int) -> None:
    """However old the row is, it stays queued and due."""
    outcome = bench.hear(answered(status), number=9, hours=30)
    assert (outcome.outcome, outcome.retry_in_seconds) == ("retry", 0.0)
    assert bench.judge.refusal == f"http_{status}"


def test_many_failures_in_a_row_trip_the_breaker(bench: Bench) -> None:
    """Errors, lost connections and silence alike; once, not at each further one."""
    signs = [answered(500), Answer("unsent"), Answer("unanswered")]
    for number in range(MOST_FAILURES + MOST_FAILURES // 2):
        bench.hear(signs[number % 3])
    assert bench.told == ["trip"]


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_in_between_begins_the_count_anew(bench: Bench, status: int) -> None:
    """A refusal is a sign of life, too."""
    for number in range(3 * MOST_FAILURES):
        bench.hear(answered(status if number % 5 == 0 else 500))
    assert bench.told == []


def test_a_probe_decides_by_itself(bench: Bench) -> None:
    """One failure breaks again, one success lets all go on."""
    bench.breaker.is_probing = True
    bench.hear(answered(503))
    assert bench.told == ["trip"]
    bench.breaker.is_probing = True
    bench.hear(answered(200))
    assert bench.told == ["trip", "recover"]
    bench.hear(answered(200))
    assert bench.told == ["trip", "recover"]
