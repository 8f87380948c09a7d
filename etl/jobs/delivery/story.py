"""The story of a delivery: an approved plan is sent until nothing of it is left to send."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from etl.errors import SendingStopped
from etl.jobs.delivery.assembly import Delivery, Prepared, build_engine, prepare
from etl.jobs.delivery.canary import WHO
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Crew
from etl.jobs.delivery.engine import Engine
from etl.jobs.delivery.hiring import hire_crew
from etl.ledger.claims import next_due
from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, pause_plan, require_plan
from etl.ledger.progress import count_states, settle_plan_if_done
from etl.ledger.senders import Sender, expire_senders, start_sender, stop_sender
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings, load_secrets

WAIT_SECONDS: Final = 1.0
LEAST_WAIT_SECONDS: Final = 0.2
SWITCH_SECONDS: Final = 0.001
"""How long a thread computes before others may: shorter than Python's own, so that slots are met."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How far a plan is: its state and rows by state, what this process did, and why it ended early.

    `stopped` is None where nothing is left to send: else `interrupted`, `plan_paused`, `stopped`, …
    """

    plan_id: str
    state: str
    mode: str
    counts: dict[str, int]
    delivered: int
    refused: int
    retried: int
    unknown: int
    excluded: int
    seconds: float
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """1 where anything is unknown or not settled."""
        return int(self.stopped is not None or self.counts["unknown"] > 0 or self.counts["queued"] > 0)


def deliver(settings: Settings, plan_id: str, secrets: Secrets | None = None) -> DeliveryReport:
    """Send what is left of an approved plan; see `run_delivery`."""
    return run_delivery(Delivery(settings, secrets or load_secrets()), plan_id)


def run_delivery(delivery: Delivery, plan_id: str) -> DeliveryReport:
    """Send what is left of an approved plan, together with whoever else sends it, until nothing is left.

    Safe to kill and to repeat. `per_second` may only lower the configured rate, which all processes that
    share the ledger keep together.

    Raises:
        UsageError: there is no such plan, or it is not approved.
        ConfigurationError: a key is missing, or the hash key is another than the ledger's.
        PlanChanged: what was agreed is not what the plan was made with.
        SendingStopped: Liftoff refuses us, the canary failed, or days of the plan may not be relied on; the
            plan is paused, and nothing is lost.
    """
    prepared = prepare(delivery, plan_id)
    if prepared is None:
        ledger = open_current_ledger(delivery.settings.storage.ledger)
        return _report(ledger, plan_id, Tally(), 0.0, None)
    prepared.guard.check()
    began = prepared.clocks.monotonic()
    with _switching_often():
        tally, stopped = _send(prepared)
    took = prepared.clocks.monotonic() - began
    return _report(prepared.ledger, plan_id, tally, took, stopped)


def _send(prepared: Prepared) -> tuple[Tally, str | None]:
    """Send with one sender after the other, should a lease be lost; tell what was done and why it ended."""
    tally = Tally()
    stopped: str | None = "lease_lost"
    with ExitStack() as working:
        crew: Crew | None = None
        while stopped == "lease_lost":
            with _lease(prepared) as (sender, leased_at):
                crew = crew or working.enter_context(hire_crew(prepared))
                engine = build_engine(prepared, sender, leased_at, crew, tally)
                stopped = _run(engine, prepared.clocks)
            _refuse(prepared.ledger, prepared.plan, engine.refusal)
    return tally, stopped


@contextmanager
def _lease(prepared: Prepared) -> Iterator[tuple[Sender, float]]:
    """Be a sender of the plan; tells since when at least, by the monotonic clock."""
    ledger, plan = prepared.ledger, prepared.plan
    expire_senders(ledger)
    leased_at = prepared.clocks.monotonic()
    sender = start_sender(ledger, plan.id, prepared.liftoff.claim_seconds, prepared.daily_cap)
    try:
        yield sender, leased_at
    finally:
        stop_sender(ledger, sender)


def _run(engine: Engine, clocks: Clocks) -> str | None:
    """Run the engine until the plan has nothing left to send, or it must stop; tell why in that case."""
    while True:
        engine.run()
        if engine.stopping is not None:
            return engine.stopping
        engine.canary.look()
        if settle_plan_if_done(engine.ledger, engine.sender.plan_id):
            return None
        due = next_due(engine.ledger, engine.sender.plan_id)
        clocks.sleep(min(max(WAIT_SECONDS if due is None else due, LEAST_WAIT_SECONDS), WAIT_SECONDS))


def _refuse(ledger: Ledger, plan: Plan, code: str | None) -> None:
    """Pause the plan and raise SendingStopped where an answer said that something is wrong with us."""
    if code is None:
        return
    if require_plan(ledger, plan.id).state == "approved":
        pause_plan(ledger, plan.id, WHO, code)
    raise SendingStopped(
        f"Liftoff's answer ({code}) says that no postback of ours will be taken, so plan {plan.id} is paused;"
        " what was asked stays queued. 401 and 403: check the API key and the postback URL; a redirect: set"
        f" liftoff.postback_url to where it leads, if you trust it. Then: pushlift backfill resume {plan.id}"
    )


def _report(
    ledger: Ledger, plan_id: str, tally: Tally, seconds: float, stopped: str | None
) -> DeliveryReport:
    plan = require_plan(ledger, plan_id)
    return DeliveryReport(
        plan_id=plan.id,
        state=plan.state,
        mode=plan.mode,
        counts=count_states(ledger, plan.id),
        delivered=tally.delivered,
        refused=tally.refused,
        retried=tally.retried,
        unknown=tally.unknown,
        excluded=tally.excluded,
        seconds=seconds,
        stopped=stopped,
    )


@contextmanager
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def describe_delivery(report: DeliveryReport) -> Iterator[str]:
    """Say in lines for people how far a plan is."""
    counts = ", ".join(f"{count:,} {state}" for state, count in report.counts.items() if count)
    yield f"Plan {report.plan_id} ({report.mode}) is {report.state}: {counts or 'it holds nothing'}."
    if report.seconds:
        sent = report.delivered + report.refused + report.retried + report.unknown
        yield f"  {sent:,} requests in {report.seconds:,.1f} s, {report.retried:,} of them to be tried again"
    if report.stopped:
        yield f"  It ended early ({report.stopped}); pushlift backfill send {report.plan_id} --yes goes on."
    if report.counts["unknown"]:
        yield (
            f"  {report.counts['unknown']:,} were asked and never answered: pushlift backfill unknown"
            f" {report.plan_id} lists them, and sends again or drops them as you decide."
        )
