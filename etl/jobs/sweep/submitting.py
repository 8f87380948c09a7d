"""Opt-outs on their way to Liftoff: batch by batch, each answer recorded before the next leaves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import Final, cast

from etl.errors import ConfigurationError, SendingStopped
from etl.jobs.sweep.ground import Ground
from etl.ledger.database import Ledger
from etl.ledger.opt_outs import Answered, Due, Request, record_answers, stream_due
from etl.ledger.rates import reserve
from etl.ledger.suppressions import EVERY_APP
from etl.liftoff.backoff import Patience
from etl.liftoff.client import Manners
from etl.liftoff.opt_out_answers import SENTENCES, UNPROVEN
from etl.liftoff.opt_out_bodies import LiftoffType, OptOut
from etl.liftoff.opt_outs import OptOutClient, Submitted, Submitter, Submitting
from etl.settings import Secrets

RATE: Final = "opt_outs"
ATTEMPTS: Final = 5
TEST: Final = "test"
_LONGEST_WAIT: Final = 1.0


@dataclass(frozen=True, slots=True)
class SubmissionReport:
    """What Liftoff said: opt-outs by outcome, by code where there is one, and why nothing more was sent."""

    outcomes: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def unaccepted(self) -> int:
        """How many Liftoff answered and did not take."""
        return self.outcomes.get("refused", 0) + self.outcomes.get("not_processed", 0)

    def describe_stop(self) -> str:
        """Say in a sentence why nothing more was sent."""
        return SENTENCES.get(self.stopped or "", self.stopped or "")


def submit_due(
    ground: Ground,
    secrets: Secrets,
    wait: Callable[[float], None] = time.sleep,
    expected: Sequence[Request] = (),
) -> SubmissionReport:
    """Submit what is due; what was not answered stays so. In a dry run, count it, and what is `expected`.

    Raises ConfigurationError without an address or credentials, SendingStopped where opt-outs are stopped.
    """
    due = stream_due(ground.ledger, "submission")
    if ground.is_dry_run:
        count = sum(1 for _ in due) + len(expected)
        return SubmissionReport({"due": count} if count else {})
    first = next(due, None)
    if first is None:
        return SubmissionReport()
    outcomes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    submitter = Submitter(_describe(ground, secrets, wait))
    for batch in submitter.submit(map(_make_opt_out, chain((first,), due))):
        answers = [_read(each, is_test=ground.settings.opt_outs.test) for each in batch]
        record_answers(ground.ledger, answers)
        outcomes.update(each.submission for each in answers)
        codes.update(each.code for each in answers if each.code)
    stop = submitter.stop
    return SubmissionReport(dict(outcomes), dict(codes), stop.code if stop else None)


def _describe(ground: Ground, secrets: Secrets, wait: Callable[[float], None]) -> Submitting:
    liftoff, settings = ground.settings.liftoff, ground.settings.opt_outs
    user, password = secrets.liftoff_opt_out_user, secrets.liftoff_opt_out_password
    if liftoff.opt_out_url is None:
        raise ConfigurationError("liftoff.opt_out_url is not configured; Liftoff gives each partner a path.")
    if user is None or password is None:
        raise ConfigurationError(
            "The credentials for opt-outs are missing: set PUSHLIFT_LIFTOFF_OPT_OUT_USER and"
            " PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD."
        )
    give_up = timedelta(minutes=settings.give_up_minutes)
    manners = Manners(liftoff.connect_seconds, liftoff.read_seconds, liftoff.proxy)
    return Submitting(
        send=OptOutClient(liftoff.opt_out_url, user, password, manners).send,
        patience=Patience(liftoff.backoff_seconds, liftoff.backoff_cap_seconds, ATTEMPTS, give_up),
        is_test=settings.test,
        batch_size=settings.batch_size,
        pace=lambda: _pace(ground.ledger, settings.requests_per_second, wait),
        wait=wait,
    )


def _pace(ledger: Ledger, per_second: float, wait: Callable[[float], None]) -> None:
    """Wait for the next slot of the rate that all who share the ledger keep."""
    while True:
        found = reserve(ledger, RATE, per_second, 1)
        if found.slots:
            wait(found.slots[0])
            return
        if found.reason == "stopped":
            raise SendingStopped(f"Opt-outs are stopped: {found.detail}. What is due stays so.")
        wait(min(found.wait_seconds, _LONGEST_WAIT))


def _make_opt_out(request: Due) -> OptOut:
    is_everywhere = request.app_id == EVERY_APP
    # A wish for one app must never leave as one for all.
    assert is_everywhere == (request.store_id is None)  # noqa: S101 - lists with an unmapped app are refused
    stores = () if request.store_id is None else (request.store_id,)
    name = f"{request.subject} {request.app_id}"
    return OptOut(name, request.identifier, cast("LiftoffType", request.id_type), stores)


def _read(told: Submitted, *, is_test: bool) -> Answered:
    """Read an outcome; a test proves nothing, and a refusal of everything says nothing of an id."""
    subject, _, app_id = told.request_id.partition(" ")
    is_due = is_test or told.outcome == "unsubmitted" or told.code == UNPROVEN
    submission = "due" if is_due else told.outcome
    code = TEST if is_test and told.outcome == "accepted" else told.code
    return Answered(subject, app_id, cast("str", submission), code, told.status, told.answered_at)  # type: ignore[arg-type]  # the outcomes are the ledger's words
