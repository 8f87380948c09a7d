"""What an answer means for its postback, and for how all go on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from etl.jobs.delivery.breaker import Breaker
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Done
from etl.ledger.outcomes import Answer, Outcome
from etl.liftoff.answers import Judgement, Rule, judge_answer
from etl.liftoff.backoff import Patience

GAVE_UP: Final = "gave_up"
SLOWING_SECONDS: Final = 0.5
"""So often a process says at most that it is too fast: the rate itself takes one word a second."""


@dataclass(slots=True)
class Judge:
    """Judges answers by the rules; `refusal` is the code of one that says that something is wrong with us.

    `slow_down` lets all send more slowly, `wait` has all wait for so many seconds.
    """

    rules: tuple[Rule, ...]
    patience: Patience
    breaker: Breaker
    slow_down: Callable[[], None]
    wait: Callable[[float], None]
    clocks: Clocks
    tally: Tally
    chance: random.Random = field(default_factory=random.SystemRandom)
    refusal: str | None = None
    _slow_at: float = float("-inf")

    def judge(self, done: Done) -> Outcome:
        """Tell what came of an errand, and learn from it."""
        row, number, answer = done.errand.row, done.errand.number, done.answer
        judgement = judge_answer(answer, self.rules, self.clocks.now())
        self._learn(judgement)
        outcome, code = self._decide(done, judgement)
        is_retry = outcome == "retry" and judgement.meaning != "stop"
        wait = self.patience.draw_wait(number, self.chance, judgement.wait_seconds) if is_retry else 0.0
        self.tally.count(outcome)
        return Outcome(
            position=row.position,
            number=number,
            outcome=outcome,
            code=code,
            status=answer.status,
            detail=judgement.code,
            milliseconds=answer.milliseconds,
            retry_in_seconds=wait,
        )

    def _decide(self, done: Done, judgement: Judgement) -> tuple[Answer, str | None]:
        if judgement.meaning == "stop":
            return "retry", judgement.code
        first_at = done.errand.row.first_attempt_at
        is_retry = judgement.meaning == "retry"
        if is_retry and self.patience.is_over(done.errand.number, first_at, self.clocks.now()):
            return "refused", GAVE_UP
        return judgement.meaning, judgement.code

    def _learn(self, judgement: Judgement) -> None:
        if judgement.meaning == "stop":
            self.refusal = self.refusal or judgement.code
        if judgement.is_too_fast:
            self._slow()
        elif judgement.is_failure:
            self.breaker.note_failure()
        else:
            self.breaker.note_success()
        if judgement.wait_seconds:
            self.wait(judgement.wait_seconds)

    def _slow(self) -> None:
        now = self.clocks.monotonic()
        if now >= self._slow_at + SLOWING_SECONDS:
            self._slow_at = now
            self.slow_down()
