"""What a delivery is made of, put together from the configuration, the secrets and the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from pydantic import SecretStr

from etl.jobs.delivery.breaker import Breaker
from etl.jobs.delivery.canary import start_watch
from etl.jobs.delivery.counting import Clocks, Tally
from etl.jobs.delivery.crew import Crew, Transport
from etl.jobs.delivery.engine import Engine
from etl.jobs.delivery.guarding import (
    QualityGuard,
    require_hash_key,
    require_key,
    require_sendable,
    require_unchanged,
)
from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, require_plan
from etl.ledger.progress import count_states
from etl.ledger.rates import block_until, hand_back, reserve
from etl.ledger.senders import Sender
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.answers import Rule
from etl.liftoff.backoff import Patience
from etl.liftoff.client import Client, Manners
from etl.liftoff.pacing import Pacer
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.templates import parse_template
from etl.settings import Liftoff, Secrets, Settings
from etl.stores import open_store

Progress = Callable[[str, int, int], None]
OpenTransport = Callable[[SecretStr, Manners], Transport]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery works with; the fields after `secrets` are tests' to replace."""

    settings: Settings
    secrets: Secrets
    per_second: float | None = None
    progress: Progress | None = None
    should_stop: Callable[[], bool] = lambda: False
    open_transport: OpenTransport = Client
    clocks: Clocks = field(default_factory=Clocks)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A delivery whose conditions hold: the plan may be sent, as it was agreed."""

    delivery: Delivery
    ledger: Ledger
    plan: Plan
    policy: SendingPolicy
    key: SecretStr
    guard: QualityGuard

    @property
    def liftoff(self) -> Liftoff:
        """What is configured for Liftoff."""
        return self.delivery.settings.liftoff

    @property
    def manners(self) -> Manners:
        """How to speak to Liftoff."""
        return Manners(self.liftoff.connect_seconds, self.liftoff.read_seconds, self.liftoff.proxy)

    @property
    def daily_cap(self) -> int | None:
        """How many attempts a day the plan's mode may make."""
        is_real = self.plan.mode == "production"
        return self.liftoff.daily_cap if is_real else self.liftoff.test_daily_cap


def prepare(delivery: Delivery, plan_id: str) -> Prepared | None:
    """See whether a plan may be sent; None where nothing of it is left to send. Raises as `run_delivery`."""
    settings = delivery.settings
    ledger = open_current_ledger(settings.storage.ledger)
    plan = require_plan(ledger, plan_id)
    if plan.state == "finished":
        return None
    require_sendable(plan)
    key = require_key(delivery.secrets)
    require_hash_key(ledger, delivery.secrets)
    policy = require_unchanged(settings, plan)
    lake = open_store(settings.storage.lake, settings.storage.options)
    guard = QualityGuard(lake, ledger, plan, delivery.clocks.monotonic)
    return Prepared(delivery, ledger, plan, policy, key, guard)


def build_engine(prepared: Prepared, sender: Sender, crew: Crew, tally: Tally) -> Engine:
    """Put an engine together for a sender and its crew; it goes on counting in `tally`."""
    delivery, ledger, plan = prepared.delivery, prepared.ledger, prepared.plan
    liftoff, clocks, mode = prepared.liftoff, delivery.clocks, plan.mode
    per_second = find_rate(liftoff, mode, delivery.per_second)
    return Engine(
        ledger=ledger,
        sender=sender,
        lease_seconds=liftoff.claim_seconds,
        policy=prepared.policy,
        template=parse_template(prepared.policy.template),
        rules=tuple(Rule(each.status, each.outcome, each.body_contains) for each in liftoff.responses),
        patience=Patience(
            liftoff.backoff_seconds,
            liftoff.backoff_cap_seconds,
            liftoff.least_attempts,
            timedelta(hours=liftoff.give_up_hours),
        ),
        pacer=Pacer(
            per_second,
            lambda count: reserve(ledger, mode, per_second, count, sender.daily_cap),
            partial(hand_back, ledger, mode),
            clocks.monotonic,
        ),
        breaker=Breaker(partial(block_until, ledger, mode), clocks.monotonic),
        canary=start_watch(ledger, plan, liftoff),
        crew=crew,
        should_stop=delivery.should_stop,
        guard=prepared.guard.check,
        tell=_tell_progress(delivery.progress, ledger, plan),
        clocks=clocks,
        tally=tally,
    )


def find_rate(liftoff: Liftoff, mode: str, asked: float | None = None) -> float:
    """Find the rate of a mode; what is asked for may only lower it."""
    configured = liftoff.postbacks_per_second if mode == "production" else liftoff.test_postbacks_per_second
    return configured if asked is None else min(asked, configured)


def _tell_progress(progress: Progress | None, ledger: Ledger, plan: Plan) -> Callable[[Tally], None]:
    if progress is None:
        return _tell_nobody
    counts = count_states(ledger, plan.id)
    total = counts["queued"] + counts["sending"]
    return lambda tally: progress("send", min(tally.settled, total), total)


def _tell_nobody(_: Tally) -> None:
    return
