"""Submits opt-outs to Liftoff, and tells what came of each (Liftoff: GDPR Opt-Out API v3).

One invalid id fails a whole body, so a body that was refused is halved until what is refused stands alone.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import requests
from pydantic import SecretStr
from requests.auth import HTTPBasicAuth

from etl.liftoff.answers import Answer
from etl.liftoff.backoff import Patience
from etl.liftoff.client import HEADERS, Manners, Transport
from etl.liftoff.opt_out_answers import (
    GAVE_UP,
    OUTCOMES,
    TOO_MANY_REFUSED,
    UNPROVEN,
    UNSOUND,
    Outcome,
    Verdict,
    judge_opt_out,
)
from etl.liftoff.opt_out_bodies import Group, OptOut, encode_body, make_batches

BATCH_SIZE: Final = 500
MOST_REFUSALS: Final = 63
"""So many bodies of a group may be refused before one is accepted: a batch in 32 parts, each refused."""

MOST_FAILURES: Final = 3
"""So many bodies in a row may be given up before nothing more is sent."""


class OptOutClient(Transport):
    """Sends bodies of opt-outs with HTTP Basic; a session of one thread."""

    def __init__(
        self,
        url: str,
        user: SecretStr,
        password: SecretStr,
        manners: Manners,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet."""
        # As bytes: requests would encode texts as Latin-1.
        auth = HTTPBasicAuth(user.get_secret_value().encode(), password.get_secret_value().encode())
        headers = HEADERS | {"Content-Type": "application/json"}
        super().__init__(requests.Request("POST", url, headers=headers, auth=auth).prepare(), manners, clock)

    def send(self, body: bytes) -> Answer:
        """Send one POST and tell what came of it; the body is not kept."""
        self._prepared.prepare_body(body, None)
        try:
            return self._transact()
        finally:
            self._prepared.body = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of one opt-out.

    `accepted` and `not_processed` are Liftoff's words (200, 202), `refused` is its or our own (400, or an id
    that was not sent), and what is `unsubmitted` keeps its state for the next sweep.
    """

    request_id: str
    outcome: Outcome
    code: str | None = None
    status: int | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Submitting:
    """How opt-outs are submitted: by what, how patiently, and whether it is a test.

    `pace` is called before each request and returns when it may leave. `wait` takes seconds.
    """

    send: Callable[[bytes], Answer]
    patience: Patience
    is_test: bool
    batch_size: int = BATCH_SIZE
    most_refusals: int = MOST_REFUSALS
    most_failures: int = MOST_FAILURES
    pace: Callable[[], None] = lambda: None
    wait: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: random.Random = field(default_factory=random.SystemRandom)


class Submitter:
    """Submits opt-outs batch by batch.

    `stop` is why nothing more leaves: refused credentials, a redirect, an answer that is not documented, or
    Liftoff out of order for several bodies in a row. Then what was not answered is unsubmitted.
    """

    def __init__(self, submitting: Submitting) -> None:
        """Submit nothing yet."""
        self.stop: Verdict | None = None
        self._how = submitting
        self._failures = 0
        self._refusals: defaultdict[Group, int] = defaultdict(int)
        self._proven: set[Group] = set()

    def submit(self, opt_outs: Iterable[OptOut]) -> Iterator[tuple[Submitted, ...]]:
        """Submit, and give the outcomes of each batch when it is done; each opt-out has one.

        After a stop the batches that are left are given as unsubmitted, and nothing more is sent.
        """
        unsound: list[OptOut] = []
        for batch in make_batches(_set_aside(opt_outs, unsound), self._how.batch_size):
            yield self._submit_batch(batch)
        if unsound:
            yield tuple(Submitted(each.request_id, "refused", UNSOUND) for each in unsound)

    def _submit_batch(self, batch: Sequence[OptOut]) -> tuple[Submitted, ...]:
        parts = tuple(divide_refused(batch, self._ask))
        told = (_tell(opt_out, verdict) for part, verdict in parts for opt_out in part)
        group = batch[0].group
        if group in self._proven:
            return tuple(told)
        return tuple(_doubt(each, is_held=self._is_held(group)) for each in told)

    def _ask(self, part: Sequence[OptOut]) -> Verdict:
        """Ask for some opt-outs of one group, unless that makes no sense any more."""
        group = part[0].group
        if self.stop is not None:
            return Verdict("stop", self.stop.code)
        if self._is_held(group):
            return Verdict("held", TOO_MANY_REFUSED)
        verdict = self._ask_patiently(part)
        self._learn(group, verdict)
        return verdict

    def _ask_patiently(self, part: Sequence[OptOut]) -> Verdict:
        how, first_at, attempts = self._how, self._how.now(), 0
        while True:
            how.pace()
            answer = how.send(encode_body(part, how.now(), is_test=how.is_test))
            attempts += 1
            verdict = judge_opt_out(answer, how.now())
            if verdict.meaning != "retry":
                return verdict
            if how.patience.is_over(attempts, first_at, how.now()):
                return replace(verdict, code=GAVE_UP)
            how.wait(how.patience.draw_wait(attempts, how.chance, verdict.wait_seconds))

    def _learn(self, group: Group, verdict: Verdict) -> None:
        self._failures = self._failures + 1 if verdict.meaning == "retry" else 0
        if verdict.meaning == "stop" or self._failures >= self._how.most_failures:
            self.stop = replace(verdict, meaning="stop")
        if verdict.meaning == "split":
            self._refusals[group] += 1
        if verdict.meaning == "accepted":
            self._proven.add(group)

    def _is_held(self, group: Group) -> bool:
        return group not in self._proven and self._refusals[group] >= self._how.most_refusals


def divide_refused(
    batch: Sequence[OptOut], ask: Callable[[Sequence[OptOut]], Verdict]
) -> Iterator[tuple[Sequence[OptOut], Verdict]]:
    """Ask for a batch, and for the halves of whatever is refused, until it stands alone.

    Each opt-out is in exactly one of the parts that are given. The larger parts come before the smaller, so
    that what is sound is told soon. With k invalid ids among n there are at most 1 + 2k⌈log₂ n⌉ questions,
    and never more than 2n - 1.
    """
    waiting = deque([batch])
    while waiting:
        part = waiting.popleft()
        verdict = ask(part)
        if verdict.meaning == "split" and len(part) > 1:
            middle = len(part) // 2
            waiting.extend((part[:middle], part[middle:]))
        else:
            yield part, verdict


def _set_aside(opt_outs: Iterable[OptOut], unsound: list[OptOut]) -> Iterator[OptOut]:
    """Give the sound ones, and gather the others."""
    for opt_out in opt_outs:
        if opt_out.is_sound:
            yield opt_out
        else:
            unsound.append(opt_out)


def _tell(opt_out: OptOut, verdict: Verdict) -> Submitted:
    outcome = OUTCOMES[verdict.meaning]
    return Submitted(opt_out.request_id, outcome, verdict.code, verdict.status, verdict.answered_at)


def _doubt(told: Submitted, *, is_held: bool) -> Submitted:
    """Doubt a refusal where nothing else was accepted: it may say nothing of the id."""
    if told.outcome != "refused":
        return told
    if is_held:
        return replace(told, outcome="unsubmitted", code=TOO_MANY_REFUSED)
    return replace(told, code=UNPROVEN)
