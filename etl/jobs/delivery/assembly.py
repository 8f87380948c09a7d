"""What a delivery is made of, put together from the configuration, the secrets and the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import Connection

from etl.errors import LedgerUnavailable
from etl.jobs.delivery.breaker import Breaker
from etl.jobs.delivery.canary import start_watch
from etl.jobs.delivery.counting import Clocks, Tally, anchor_clocks
from etl.jobs.delivery.crew import Crew, Transport
from etl.jobs.delivery.engine import Engine
from etl.jobs.delivery.guarding import (
    QualityGuard,
    require_hash_key,
    require_key,
    require_sendable,
    require_unchanged,
)
from etl.jobs.delivery.judging import Judge
from etl.jobs.delivery.standing import Standing, ask_patiently
from etl.jobs.planning.guarding import refuse_forgotten_deliveries
from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, require_plan
from etl.ledger.progress import count_states
from etl.ledger.rates import block_until, hand_back, recover, reserve, slow_down, trip_breaker
from etl.ledger.senders import Sender
from etl.ledger.slots import Reservation
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.answers import Rule
from etl.liftoff.backoff import Patience
from etl.liftoff.client import Client, Manners
from etl.liftoff.pacing import LONGEST_WAIT_SECONDS, SHARE, Pacer
from etl.liftoff.policy import SendingPolicy
from etl.liftoff.templates import parse_template
from etl.settings import Liftoff, Secrets, Settings
from etl.stores import open_store

Progress = Callable[[str, int, int], None]
OpenTransport = Callable[[SecretStr, Manners], Transport]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery works with.

    `watch` is told now and then what this process has counted. `open_transport` and `clocks` are tests' to
    replace.
    """

    settings: Settings
    secrets: Secrets
    per_second: float | None = None
    progress: Progress | None = None
    should_stop: Callable[[], bool] = lambda: False
    watch: Callable[[Tally], None] | None = None
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
    clocks: Clocks

    @property
    def liftoff(self) -> Liftoff:
        """What is configured for Liftoff."""
        return self.delivery.settings.liftoff

    @property
    def manners(self) -> Manners:
        """How to speak to Liftoff."""
        return Manners(self.liftoff.connect_seconds, self.liftoff.read_seconds, self.liftoff.proxy)

    @property
    def longest_seconds(self) -> float:
        """How long a request may take as a whole."""
        return self.liftoff.connect_seconds + 2 * self.liftoff.read_seconds

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
    refuse_forgotten_deliveries(lake, ledger)
    clocks = anchor_clocks(delivery.clocks, ledger)
    guard = QualityGuard(lake, ledger, plan, clocks.monotonic)
    return Prepared(delivery, ledger, plan, policy, key, guard, clocks)


def build_engine(prepared: Prepared, sender: Sender, leased_at: float, crew: Crew, tally: Tally) -> Engine:
    """Put an engine together for a sender and its crew; it goes on counting in `tally`.

    `leased_at` is an instant of the monotonic clock before the sender's lease began.
    """
    delivery, ledger, plan = prepared.delivery, prepared.ledger, prepared.plan
    lease_seconds = prepared.liftoff.claim_seconds
    pacer = _build_pacer(prepared, sender)
    canary = start_watch(ledger, plan, prepared.liftoff)
    return Engine(
        ledger=ledger,
        sender=sender,
        lease_seconds=lease_seconds,
        policy=prepared.policy,
        template=parse_template(prepared.policy.template),
        pacer=pacer,
        canary=canary,
        crew=crew,
        judge=_build_judge(prepared, pacer, tally),
        standing=Standing(
            ledger=ledger,
            sender=sender,
            lease_seconds=lease_seconds,
            lease_until=leased_at + lease_seconds,
            canary=canary,
            crew=crew,
            clocks=prepared.clocks,
            should_stop=delivery.should_stop,
            guard=prepared.guard.poll,
        ),
        tell=_tell_all(_tell_progress(delivery.progress, ledger, plan), delivery.watch),
        clocks=prepared.clocks,
        tally=tally,
    )


def _build_pacer(prepared: Prepared, sender: Sender) -> Pacer:
    ledger, mode, monotonic = prepared.ledger, prepared.plan.mode, prepared.clocks.monotonic
    per_second = SHARE * find_rate(prepared.liftoff, mode, prepared.delivery.per_second)
    read_at = [0.0]

    def tell_instant(connection: Connection) -> datetime:
        """Tell the ledger's time, and note when that was: a transaction takes a while before and after."""
        instant = ledger.clock(connection)
        read_at[0] = monotonic()
        return instant

    noting = replace(ledger, clock=tell_instant)

    def reserve_slots(count: int) -> tuple[float, Reservation]:
        try:
            found = reserve(noting, mode, per_second, count, sender.daily_cap)
        except LedgerUnavailable:
            return monotonic(), Reservation(wait_seconds=LONGEST_WAIT_SECONDS)
        return read_at[0], found

    def hand_slots_back(count: int) -> None:
        ask_patiently(lambda: hand_back(ledger, mode, count))

    return Pacer(per_second, reserve_slots, hand_slots_back, monotonic)


def _build_judge(prepared: Prepared, pacer: Pacer, tally: Tally) -> Judge:
    ledger, mode, liftoff = prepared.ledger, prepared.plan.mode, prepared.liftoff

    def wait(seconds: float) -> None:
        ask_patiently(lambda: block_until(ledger, mode, seconds, "retry_after"))
        pacer.release()

    def trip() -> None:
        ask_patiently(lambda: trip_breaker(ledger, mode))
        pacer.release()

    def slow() -> None:
        ask_patiently(lambda: slow_down(ledger, mode))

    def go_on() -> None:
        ask_patiently(lambda: recover(ledger, mode))
        pacer.ask_again()

    return Judge(
        rules=tuple(Rule(each.status, each.outcome, each.body_contains) for each in liftoff.responses),
        patience=Patience(
            liftoff.backoff_seconds,
            liftoff.backoff_cap_seconds,
            liftoff.least_attempts,
            timedelta(hours=liftoff.give_up_hours),
        ),
        breaker=Breaker(trip, go_on),
        slow_down=slow,
        wait=wait,
        clocks=prepared.clocks,
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


def _tell_all(
    tell: Callable[[Tally], None], watch: Callable[[Tally], None] | None
) -> Callable[[Tally], None]:
    if watch is None:
        return tell
    found = watch

    def tell_both(tally: Tally) -> None:
        tell(tally)
        found(tally)

    return tell_both


def _tell_nobody(_: Tally) -> None:
    return
