"""The engine of a delivery: one loop that records, and a crew that sends.

Each turn of the loop is one durable transaction: it records what came of the requests that are done, and the
intents of the next ones, which leave only after it. So no more requests are ever in doubt than the crew has
members, and what costs, the commit, is shared by all that happened meanwhile.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from etl.errors import LedgerUnavailable
from etl.jobs.delivery.breaker import Breaker
from etl.jobs.delivery.canary import CanaryWatch
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Crew, Done, Errand
from etl.ledger.claims import Claimed, claim, release_claims
from etl.ledger.database import Ledger
from etl.ledger.intents import Exclusion, Verdict
from etl.ledger.outcomes import Outcome
from etl.ledger.rates import slow_down
from etl.ledger.senders import Sender, check_sender, expire_senders, renew_sender
from etl.ledger.sending import exchange
from etl.liftoff.answers import LONGEST_WAIT_SECONDS, Judgement, Rule, judge_answer
from etl.liftoff.backoff import Patience
from etl.liftoff.gates import judge_attempt
from etl.liftoff.pacing import Pacer
from etl.liftoff.payloads import decode_parameters
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.templates import Template

AHEAD_SECONDS: Final = 0.02
"""Intents are recorded so long before their slots, that the transaction is over when these begin."""

GATHER_SECONDS: Final = 0.01
"""Answers wait so long for others, to share their transaction."""

BUSY_GATHER_SECONDS: Final = 0.004
"""The same where the whole crew is busy, so that its members do not wait for their next errands."""

CLAIM_SIZE: Final = 64
TURN_SECONDS: Final = 0.25
LEAST_SECONDS: Final = 0.001
LOOK_SECONDS: Final = 1.0
"""So often the loop looks whether it may go on, whether others died and whether its canary is answered."""

LEDGER_PATIENCE_SECONDS: Final = 900.0
"""So long outcomes wait in memory for a ledger that is locked or gone."""

GAVE_UP: Final = "gave_up"

# Refused intents whose rows are not settled by that.
_OPEN_CODES: Final = frozenset({"claim_lost", "sending_elsewhere"})

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Intent:
    row: Claimed
    slot: float
    url: str


@dataclass(slots=True)
class Engine:
    """One process' share of a plan.

    `should_stop` asks whether somebody wants it to end; `guard` raises when something else forbids to go on;
    `tell` is told how far it is. `stopping` is why it ends, `refusal` the code of the answer that made it.
    """

    ledger: Ledger
    sender: Sender
    lease_seconds: float
    policy: SendingPolicy
    template: Template
    rules: tuple[Rule, ...]
    patience: Patience
    pacer: Pacer
    breaker: Breaker
    canary: CanaryWatch
    crew: Crew
    should_stop: Callable[[], bool]
    guard: Callable[[], None]
    tell: Callable[[Tally], None]
    clocks: Clocks = field(default_factory=Clocks)
    chance: random.Random = field(default_factory=random.SystemRandom)
    tally: Tally = field(default_factory=Tally)
    stopping: str | None = None
    refusal: str | None = None
    _claimed: deque[Claimed] = field(default_factory=deque)
    _outcomes: list[Outcome] = field(default_factory=list)
    _in_flight: int = 0
    _is_dry: bool = False
    _is_warm: bool = False
    _claim_at: float = 0.0
    _look_at: float = 0.0
    _renew_at: float = 0.0

    def run(self) -> None:
        """Send until nothing is due for this process any more, or until it must stop; `stopping` says why.

        Whatever happens, the outcomes of all requests that left are recorded before this returns or raises.
        """
        self._is_dry = False
        try:
            while self.stopping is None and not (self._is_dry and self._is_idle()):
                self._turn()
        finally:
            self._drain()

    def _turn(self) -> None:
        self._look()
        for errand in self._exchange(self._take_slots()):
            self._in_flight += 1
            self.crew.send(errand)
        self._collect()

    def _is_idle(self) -> bool:
        return not (self._claimed or self._in_flight or self._outcomes)

    def _take_slots(self) -> list[float]:
        if self.stopping is not None:
            return []
        most = self._count_free()
        if most <= 0:
            return []
        self._fill()
        # What is done for the first time takes long: let one wait for it, not a crowd.
        most = min(most, len(self._claimed)) if self._is_warm else min(1, len(self._claimed))
        slots = self.pacer.take(most, AHEAD_SECONDS)
        if self.pacer.reason == "daily_cap" and not slots:
            self.stopping = "daily_cap"
        return slots

    def _count_free(self) -> int:
        return self.breaker.limit(self.crew.size - self._in_flight, self._in_flight)

    def _fill(self) -> None:
        """Claim more rows before those in hand are used up."""
        now = self.clocks.monotonic()
        if len(self._claimed) >= CLAIM_SIZE // 2 or now < self._claim_at:
            return
        longest_wait = max(2 * self.patience.cap_seconds, LONGEST_WAIT_SECONDS)
        found = self._try(
            lambda: claim(self.ledger, self.sender, CLAIM_SIZE, self.canary.before, longest_wait)
        )
        self._claimed.extend(found or ())
        self._is_dry = found == []
        self._claim_at = now if found else now + TURN_SECONDS

    def _exchange(self, slots: list[float]) -> list[Errand]:
        """Record outcomes and intents in one transaction; give the errands that it admits."""
        now_ms = int(self.clocks.now().timestamp() * 1000)
        intents: dict[int, _Intent] = {}
        exclusions: list[Exclusion] = []
        while len(intents) < len(slots) and self._claimed:
            row = self._claimed.popleft()
            parameters = decode_parameters(row.parameters)
            code = judge_attempt(parameters, self.policy, now_ms)
            if code is None:
                intents[row.position] = _Intent(row, slots[len(intents)], self.template.fill(parameters))
            else:
                exclusions.append(Exclusion(row.position, code))
        outcomes, self._outcomes = self._outcomes, []
        verdict = self._record(outcomes, [each.row for each in intents.values()], exclusions)
        self.tally.excluded += len(exclusions)
        self.tally.excluded += sum(code not in _OPEN_CODES for code in verdict.refused.values())
        unused = [each.slot for position, each in intents.items() if position not in verdict.admitted]
        self.pacer.put_back([*unused, *slots[len(intents) :]])
        self._is_warm = self._is_warm or bool(verdict.admitted)
        if verdict.hindrance is not None:
            self.stopping = verdict.hindrance
            self._claimed.extend(each.row for each in intents.values())
        return self._admit(intents, verdict)

    def _admit(self, intents: dict[int, _Intent], verdict: Verdict) -> list[Errand]:
        expires_at = self.clocks.monotonic() + self.lease_seconds / 2
        admitted = ((intents[position], number) for position, number in verdict.admitted.items())
        return [Errand(each.row, number, each.url, each.slot, expires_at) for each, number in admitted]

    def _record(
        self, outcomes: list[Outcome], intents: list[Claimed], exclusions: list[Exclusion]
    ) -> Verdict:
        """Do the transaction; a ledger that is locked or gone for a while is waited for, nothing is lost."""
        deadline, wait = self.clocks.monotonic() + LEDGER_PATIENCE_SECONDS, 0.1
        while True:
            try:
                return exchange(self.ledger, self.sender, outcomes, intents, exclusions)
            except LedgerUnavailable:
                if self.clocks.monotonic() > deadline:
                    raise
                self.clocks.sleep(wait)
                wait = min(2 * wait, 5.0)

    def _collect(self) -> None:
        """Collect answers until it is time for the next turn."""
        began = self.clocks.monotonic()
        is_full = self._in_flight >= self.crew.size
        deadline = began + self._measure_wait(began)
        while True:
            done = self.crew.collect(deadline - self.clocks.monotonic())
            for each in done:
                self._in_flight -= 1
                self._outcomes.append(self._judge(each))
            now = self.clocks.monotonic()
            if done:
                self.tell(self.tally)
                gather = BUSY_GATHER_SECONDS if is_full else GATHER_SECONDS
                deadline = min(deadline, now + (gather if self._in_flight else 0.0))
            if now >= deadline or (self.stopping is not None and not self._in_flight):
                return

    def _measure_wait(self, now: float) -> float:
        """Tell for how long there is nothing to do but to wait for answers."""
        if self._in_flight >= self.crew.size or self._count_free() <= 0:
            return TURN_SECONDS
        if not self._claimed:
            return min(max(self._claim_at - now, 0.0), TURN_SECONDS)
        return min(max(self.pacer.next_at() - AHEAD_SECONDS / 2 - now, LEAST_SECONDS), TURN_SECONDS)

    def _judge(self, done: Done) -> Outcome:
        """Tell what came of an errand, and learn from it how to go on."""
        row, number, answer = done.errand.row, done.errand.number, done.answer
        now = self.clocks.now()
        judgement = judge_answer(answer, self.rules, now)
        self._learn(judgement)
        meaning, code, wait = judgement.meaning, judgement.code, 0.0
        if meaning == "retry" and self.patience.is_over(number, row.first_attempt_at, now):
            meaning, code = "refused", GAVE_UP
        elif meaning == "retry":
            wait = self.patience.draw_wait(number, self.chance, judgement.wait_seconds)
        outcome = "retry" if meaning == "stop" else meaning
        self._count(outcome)
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

    def _learn(self, judgement: Judgement) -> None:
        if judgement.meaning == "stop":
            self.stopping = self.refusal = judgement.code
        if judgement.is_too_fast:
            self._try(lambda: slow_down(self.ledger, self.sender.mode))
            self.breaker.obey(judgement.wait_seconds)
        elif judgement.is_failure:
            self.breaker.note_failure()
        else:
            self.breaker.note_success()

    def _count(self, outcome: str) -> None:
        name = "retried" if outcome == "retry" else outcome
        setattr(self.tally, name, getattr(self.tally, name) + 1)

    def _look(self) -> None:
        """Now and then, see whether to go on."""
        now = self.clocks.monotonic()
        if self.should_stop():
            self.stopping = self.stopping or "interrupted"
        if now >= self._renew_at:
            self._renew_at = now + self.lease_seconds / 4
            if self._try(lambda: renew_sender(self.ledger, self.sender, self.lease_seconds)) is False:
                self.stopping = "lease_lost"
        if now < self._look_at or self.stopping is not None:
            return
        self._look_at = now + LOOK_SECONDS
        self.guard()
        self._try(lambda: expire_senders(self.ledger))
        self._try(self.canary.look)
        self.stopping = self._try(lambda: check_sender(self.ledger, self.sender))

    def _drain(self) -> None:
        """Record what is still to come, and give back what is not sent."""
        self.stopping = self.stopping or ("done" if self._is_idle() else "failed")
        while self._in_flight or self._outcomes:
            self._collect()
            outcomes, self._outcomes = self._outcomes, []
            self._record(outcomes, [], [])
        self.stopping = None if self.stopping == "done" else self.stopping
        self._try(self.pacer.release)
        self._try(lambda: release_claims(self.ledger, self.sender, [row.position for row in self._claimed]))
        self._claimed.clear()

    def _try(self, ask: Callable[[], Result]) -> Result | None:
        """Ask the ledger, unless it is locked or gone: then the next exchange waits for it."""
        try:
            return ask()
        except LedgerUnavailable:
            return None
