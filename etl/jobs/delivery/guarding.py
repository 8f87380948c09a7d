"""What must hold before anything of a plan leaves, and while it does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from pydantic import SecretStr

from etl.errors import ConfigurationError, PlanChanged, PushliftError, SendingStopped, UsageError
from etl.jobs.planning.preparing import PLANNED
from etl.jobs.policies import build_policy
from etl.ledger.database import Ledger
from etl.ledger.plans import Plan, read_plan_counts
from etl.ledger.suppressions import check_hash_key
from etl.liftoff.policy import SendingPolicy, configuration_hash
from etl.liftoff.probing import is_sound_key
from etl.quality.gate import GateVerdict, describe_gate, judge_dates
from etl.settings import Secrets, Settings
from etl.stores import Store

QUALITY_SECONDS: Final = 60.0
SENDABLE: Final = frozenset({"approved"})


def require_sendable(plan: Plan) -> None:
    """Raise UsageError unless the plan is approved, and not paused."""
    if plan.state in SENDABLE:
        return
    ways = {
        "planned": f"look at it and approve it: pushlift backfill send {plan.id} --yes",
        "paused": f"let it go on: pushlift backfill resume {plan.id}",
        "drafting": "it was never finished: plan again",
    }
    way_out = ways.get(plan.state, "plan again if more is to be sent")
    raise UsageError(f"Plan {plan.id} is {plan.state}, so nothing of it is sent; {way_out}.")


def require_key(secrets: Secrets) -> SecretStr:
    """Give Liftoff's API key, or raise ConfigurationError."""
    key = secrets.liftoff_api_key
    if key is None or not key.get_secret_value().strip():
        raise ConfigurationError(
            "Liftoff's API key is missing: set PUSHLIFT_LIFTOFF_API_KEY (Liftoff's dashboard has it on its"
            " developer page), or make an Airflow connection of the type Liftoff."
        )
    if not is_sound_key(key.get_secret_value()):
        raise ConfigurationError("Liftoff's API key has white space or other odd characters in it.")
    return key


def require_hash_key(ledger: Ledger, secrets: Secrets) -> None:
    """Raise ConfigurationError unless suppressed people can be recognized."""
    check_hash_key(ledger, secrets.list_hash_keys())


def require_unchanged(settings: Settings, plan: Plan) -> SendingPolicy:
    """Give what was agreed; raises PlanChanged where that is not what the plan was made with."""
    policy = build_policy(settings, plan.app_id, plan.mode)
    if configuration_hash(policy) != plan.configuration_hash:
        raise PlanChanged(
            f"The mapping, the gates or the URL of {plan.app_id} are not those that plan {plan.id} was made"
            " with, so nothing is sent. Put the configuration back, or cancel the plan and make another."
        )
    return policy


@dataclass(slots=True)
class QualityGuard:
    """Refuses to go on with days whose audit has failed since, or that have held rows."""

    lake: Store
    ledger: Ledger
    plan: Plan
    clock: Callable[[], float] = time.monotonic
    _next_at: float = 0.0
    _thread: threading.Thread | None = None
    _found: BaseException | None = None

    def check(self) -> None:
        """Raise SendingStopped where days of the plan may not be relied on.

        Days that were accepted as they were are not among them, nor days that were left out, of which nothing
        is sent.
        """
        self._next_at = self.clock() + QUALITY_SECONDS
        asked = json.loads(self.plan.filter)
        first, last = (date.fromisoformat(asked[name]) for name in ("from", "to"))
        verdict = judge_dates(self.lake, self.ledger, self.plan.app_id, first, last)
        if not verdict.is_open and asked.get("failed_days", "refuse") != "refuse":
            verdict = self._leave_out_decided(verdict)
        if not verdict.is_open:
            raise SendingStopped(
                "\n".join(["The plan's days may not be relied on:", *describe_gate(verdict)])
            )

    def _leave_out_decided(self, verdict: GateVerdict) -> GateVerdict:
        """Leave out the days about which somebody decided as the plan was made."""
        accepted = {each["day"] for each in json.loads(self.plan.summary).get("accepted_days", ())}
        counts = read_plan_counts(self.ledger, self.plan.id)
        planned = {each.event_date for each in counts if each.code == PLANNED}
        refused = [each for each in verdict.refused if each.event_date in planned]
        return replace(
            verdict, refused=tuple(each for each in refused if str(each.event_date) not in accepted)
        )

    def poll(self) -> None:
        """Check now and then beside what goes on, for a lake may be far; raise what the last check found."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._found is not None:
            raise self._found
        if self.clock() >= self._next_at:
            self._thread = threading.Thread(target=self._keep, daemon=True)
            self._thread.start()

    def _keep(self) -> None:
        try:
            self.check()
        except PushliftError as error:
            # A lake or a ledger that is away for a while says nothing about the days: it is asked again.
            self._found = None if error.is_retryable else error
