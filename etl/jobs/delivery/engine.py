"""The engine of a delivery: one loop that records, and a crew that sends.

Each turn of the loop is one durable transaction: it records what came of the requests that are done, and the
intents of the next ones, which leave only after it. So no more requests are ever in doubt than the crew has
members, and what costs, the commit, is shared by all that happened meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from etl.errors import LedgerError
from etl.jobs.delivery.canary import CanaryWatch
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Crew, Done, Errand, Paces
from etl.jobs.delivery.judging import Judge
from etl.jobs.delivery.standing import Standing, ask_patiently
from etl.ledger.claims import Claimed, claim, release_claims
from etl.ledger.database import Ledger
from etl.ledger.intents import Exclusion, Verdict
from etl.ledger.outcomes import Outcome
from etl.ledger.senders import Sender
from etl.ledger.sending import exchange
from etl.liftoff.answers import LONGEST_WAIT_SECONDS
from etl.liftoff.gates import judge_attempt
from etl.liftoff.pacing import Pacer
from etl.liftoff.payloads import decode_parameters
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.templates import Template

AHEAD_SECONDS: Final = 0.08
"""Intents are recorded so long before their slots, as far as the crew has members: the transaction is over
when these begin, although the ledger's lock was waited for, and is shared by all of half that time."""

PASSING_SECONDS: Final = 1.0
"""What was handed over may wait for its turn so long; after that an answer is waited for, and slots are
for others."""

MOST_AHEAD: Final = 2.0
"""As much longer where several share the rate: their transactions are no more than those of one."""

GATHER_SECONDS: Final = 0.03
"""Answers wait so long for others, to share their transaction."""

BUSY_GATHER_SECONDS: Final = 0.006
"""The same where the whole crew is busy, so that its members do not wait for their next errands."""

CLAIM_SIZE: Final = 64
CLAIM_SECONDS: Final = 0.25
"""So many rows are claimed at once as are sent in so long, where those are more."""

MOST_CLAIMED: Final = 512
TURN_SECONDS: Final = 0.25
SENDERS_LOST: Final = "senders_lost"
LEAST_SECONDS: Final = 0.001
LEDGER_PATIENCE_SECONDS: Final = 900.0
"""So long outcomes wait in memory for a ledger that is locked or gone."""

# Refused intents whose rows are not settled by that.
_OPEN_CODES: Final = frozenset({"claim_lost", "sending_elsewhere"})


@dataclass(frozen=True, slots=True)
class _Intent:
    row: Claimed
    slot: float
    url: str


@dataclass(slots=True)
class Engine:
    """One process' share of a plan; `tell` is told how far it is, `stopping` is why it ends."""

    ledger: Ledger
    sender: Sender
    lease_seconds: float
    policy: SendingPolicy
    template: Template
    pacer: Pacer
    canary: CanaryWatch
    crew: Crew
    judge: Judge
    standing: Standing
    tell: Callable[[Tally], None]
    clocks: Clocks
    tally: Tally
    stopping: str | None = None
    _claimed: deque[Claimed] = field(default_factory=deque)
    _outcomes: list[Outcome] = field(default_factory=list)
    _in_flight: int = 0
    _is_dry: bool = False
    _most_in_flight: int = 1
    _handed_at: float = float("-inf")
    _claim_at: float = 0.0

    @property
    def refusal(self) -> str | None:
        """The code of an answer that says that something is wrong with us."""
        return self.judge.refusal

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
        self.stopping = self.stopping or self.standing.look() or (SENDERS_LOST if self.crew.is_lost else None)
        errands = self._exchange(self._take_slots())
        self._in_flight += len(errands)
        if errands:
            self._handed_at = self.clocks.monotonic()
        self.crew.send(errands, Paces(self.pacer.gap, self.pacer.tell_reserved()))
        self._collect()

    def _is_idle(self) -> bool:
        return not (self._claimed or self._in_flight or self._outcomes)

    def _take_slots(self) -> list[float]:
        if self.stopping is not None:
            return []
        most = self._most_in_flight - self._in_flight
        if most > 0:
            self._fill()
        if self._in_flight and (most <= 0 or not self._claimed):
            if self.clocks.monotonic() < self._handed_at + PASSING_SECONDS:
                self.pacer.pass_by()
            return []
        if self._claimed and self._most_in_flight < self.crew.size:
            # What passes while a run begins is not made good: it would leave beside the slots of others.
            self.pacer.pass_by()
        slots = self.pacer.take(min(most, len(self._claimed)), self._ahead)
        if self._claimed and not slots and self.pacer.is_spent:
            self.stopping = "daily_cap"
        if self.pacer.took_probe:
            self.judge.breaker.is_probing = True
        return slots

    @property
    def _ahead(self) -> float:
        """For how many seconds intents are recorded ahead of their slots."""
        return AHEAD_SECONDS * min(self.pacer.sharers, MOST_AHEAD)

    def _fill(self) -> None:
        """Claim more rows before those in hand are used up."""
        now = self.clocks.monotonic()
        share = self.pacer.per_second / self.pacer.sharers
        size = min(max(CLAIM_SIZE, int(CLAIM_SECONDS * share)), MOST_CLAIMED)
        if len(self._claimed) >= size // 2 or now < self._claim_at:
            return
        longest_wait = max(2 * self.judge.patience.cap_seconds, LONGEST_WAIT_SECONDS)
        found = ask_patiently(lambda: claim(self.ledger, self.sender, size, self.canary.before, longest_wait))
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
        began = self.clocks.monotonic()
        verdict = self._record(outcomes, [each.row for each in intents.values()], exclusions)
        self.tally.excluded += len(exclusions)
        self.tally.excluded += sum(code not in _OPEN_CODES for code in verdict.refused.values())
        unused = [each.slot for position, each in intents.items() if position not in verdict.admitted]
        self.pacer.put_back([*unused, *slots[len(intents) :]])
        if verdict.hindrance is not None:
            self.stopping = verdict.hindrance
            self._claimed.extend(each.row for each in intents.values())
        return self._admit(intents, verdict, began)

    def _admit(self, intents: dict[int, _Intent], verdict: Verdict, began: float) -> list[Errand]:
        """Make errands of what was admitted, which expire long before anybody takes this sender for lost."""
        expires_at = min(began + self.lease_seconds / 2, self.standing.lease_until)
        admitted = [(intents[position], number) for position, number in verdict.admitted.items()]
        slots = self.pacer.replace_old([each.slot for each, _ in admitted])
        return [
            Errand(each.row, number, each.url, slot, expires_at)
            for (each, number), slot in zip(admitted, slots, strict=True)
        ]

    def _record(
        self, outcomes: list[Outcome], intents: list[Claimed], exclusions: list[Exclusion]
    ) -> Verdict:
        """Do the transaction; a ledger that is locked or gone for a while is waited for, nothing is lost."""
        deadline, wait = self.clocks.monotonic() + LEDGER_PATIENCE_SECONDS, 0.1
        while True:
            try:
                return exchange(self.ledger, self.sender, outcomes, intents, exclusions)
            except LedgerError as error:
                # What came is worth more than a quick end: a full disk may be emptied.
                is_worth_waiting = error.is_retryable or bool(outcomes)
                if self.clocks.monotonic() > deadline or not is_worth_waiting:
                    raise
                self.clocks.sleep(wait)
                wait = min(2 * wait, 5.0)

    def _collect(self) -> None:
        """Collect answers until it is time for the next turn."""
        began = self.clocks.monotonic()
        is_full = self._in_flight >= self._most_in_flight
        wait = self._measure_wait(began)
        if not self._take_in(self.crew.collect(wait)) or not self._in_flight:
            return
        gather = BUSY_GATHER_SECONDS if is_full else GATHER_SECONDS
        rest = min(gather, began + wait - self.clocks.monotonic())
        if rest > 0:
            # Slept through: who waits at the queue is woken by each answer, which costs the others time.
            self.clocks.sleep(rest)
        self._take_in(self.crew.collect(0.0))

    def _take_in(self, done: list[Done]) -> bool:
        """Judge what is done; tells whether anything is."""
        for each in done:
            self._in_flight -= 1
            self._outcomes.append(self.judge.judge(each))
        if done:
            # What is done for the first time takes long: a few wait for it, and then a few more.
            self._most_in_flight = min(4 * self._most_in_flight, self.crew.size)
            self.stopping = self.stopping or self.judge.refusal
            self.tell(self.tally)
        return bool(done)

    def _measure_wait(self, now: float) -> float:
        """Tell for how long there is nothing to do but to wait for answers."""
        if self._in_flight >= self._most_in_flight or self.stopping is not None:
            return TURN_SECONDS
        if not self._claimed:
            return min(max(self._claim_at - now, 0.0), TURN_SECONDS)
        return min(max(self.pacer.next_at() - self._ahead / 2 - now, LEAST_SECONDS), TURN_SECONDS)

    def _drain(self) -> None:
        """Record what is still to come, and give back what is not sent."""
        self.stopping = self.stopping or ("done" if self._is_idle() else "failed")
        while self._in_flight or self._outcomes:
            self.standing.keep()
            self._collect()
            outcomes, self._outcomes = self._outcomes, []
            self._record(outcomes, [], [])
        self.stopping = None if self.stopping == "done" else self.stopping
        ask_patiently(self.pacer.release)
        ask_patiently(
            lambda: release_claims(self.ledger, self.sender, [row.position for row in self._claimed])
        )
        self._claimed.clear()
