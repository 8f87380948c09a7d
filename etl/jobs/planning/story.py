"""The story of a plan: a filter in; out comes what would be sent, what not and why, frozen and priced.

Nothing leaves. A plan appears whole or not at all: rows are added in draft, and one transaction makes a plan
of them. What a kill leaves in draft is nothing to anybody, and the next planning drops it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pyarrow as pa

from etl.errors import HeldBackError, UsageError
from etl.jobs.keys import Keys, require_keys
from etl.jobs.person import name_person
from etl.jobs.planning.guarding import refuse_forgotten_deliveries
from etl.jobs.planning.history import count_days, find_beginning, find_complete_since
from etl.jobs.planning.judging import open_judge
from etl.jobs.planning.preparing import Judging, list_columns
from etl.jobs.planning.reading import PlanReport, read_plan_report
from etl.jobs.planning.request import PlanRequest, name_kinds
from etl.jobs.planning.selecting import Days, Selection, open_selection
from etl.jobs.planning.tallies import Tally
from etl.jobs.policies import build_policy
from etl.jobs.remembering import refuse_forgotten_people
from etl.jobs.runs import name_run
from etl.ledger.database import Ledger
from etl.ledger.delivered import read_delivered
from etl.ledger.holding import hold_lock
from etl.ledger.locks import Fence, check_fence
from etl.ledger.plan_rows import add_postbacks, drop_drafting
from etl.ledger.plans import NewPlan, Plan, finish_plan, start_plan
from etl.ledger.suppressions import list_suppressed
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.policy import SendingPolicy, configuration_hash
from etl.liftoff.templates import parse_template
from etl.quality.gate import GateVerdict, describe_gate, judge_dates
from etl.settings import Settings
from etl.settings.secrets import Secrets
from etl.stores import Store, open_store

LOG: Final = logging.getLogger(__name__)

PLANNING_LOCK: Final = "planning"
LOCK_SECONDS: Final = 60.0
# One planning at a time: whatever else is in draft was left by a kill. Others wait for as long as one takes.
WAIT_SECONDS: Final = 600.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan stands on: what was asked and agreed, stores, keys, the present, the gate's verdict."""

    request: PlanRequest
    policy: SendingPolicy
    keys: Keys
    lake: Store
    ledger: Ledger
    now: datetime
    verdict: GateVerdict

    @property
    def days(self) -> Days:
        """The days that were asked for."""
        return Days(self.request.app_id, self.request.first, self.request.last)


def make_plan(
    settings: Settings,
    request: PlanRequest,
    *,
    secrets: Secrets | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> PlanReport:
    """Make a plan, which waits for approval.

    Raises ConfigurationError for an app that is not mapped and for a hash key that is missing or wrong,
    HeldBackError where days may not be relied on, LedgerError for a ledger that forgot what the lake shows as
    delivered, UsageError for events that are not mapped and for an app of which there is nothing.
    """
    tell = progress or _tell_nobody
    ground = survey(settings, request, secrets, now or datetime.now(UTC))
    with hold_lock(ground.ledger, PLANNING_LOCK, LOCK_SECONDS, WAIT_SECONDS) as fence:
        # While it waited the key may have been rotated: its hashes would recognize nobody.
        require_keys(ground.ledger, secrets)
        drop_drafting(ground.ledger, ground.now + timedelta(days=1))
        plan = start_plan(ground.ledger, _describe(settings, ground))
        tally, took = draft_plan(ground, plan, fence, tell)
        check_fence(ground.ledger, fence)
        plan_hash = tally.hash_plan(plan.filter, plan.configuration_hash, ground.policy.template)
        summary = _summarize(settings, ground, tally, took)
        finish_plan(ground.ledger, plan.id, plan_hash, tally.list_counts(), json.dumps(summary))
    LOG.info("Plan %s: %d postbacks would be sent.", plan.id, tally.queued)
    return read_plan_report(ground.ledger, plan.id)


def survey(settings: Settings, request: PlanRequest, secrets: Secrets | None, now: datetime) -> Ground:
    """See whether a plan may be made at all; nothing is changed."""
    policy = build_policy(settings, request.app_id, request.mode)
    parse_template(policy.template)
    lake = open_store(settings.storage.lake, settings.storage.options)
    ledger = open_current_ledger(settings.storage.ledger)
    keys = require_keys(ledger, secrets)
    refuse_forgotten_deliveries(lake, ledger)
    refuse_forgotten_people(settings, ledger)
    verdict = judge_dates(lake, ledger, request.app_id, request.first, request.last)
    if not verdict.is_open and request.failed_days == "refuse":
        ways = "Or plan with --exclude-failed-days, or, by your word, with --accept-failed-checks."
        raise HeldBackError("\n".join([*describe_gate(verdict), ways]))
    return Ground(request, policy, keys, lake, ledger, now, verdict)


def draft_plan(ground: Ground, plan: Plan, fence: Fence, tell: Progress) -> tuple[Tally, dict[str, float]]:
    """Add the plan's rows to the ledger, in draft; gives what was counted, and the seconds of each step."""
    tally, watch = Tally(), StopWatch()
    judging = find_judging(ground)
    with open_selection(ground.lake, ground.days) as selection:
        total = select_rows(ground, plan, selection, tally)
        watch.note("select")
        done = written = 0
        with open_judge(judging, total) as judge:
            for number, prepared in judge(selection.read_rows(list_columns(ground.policy))):
                tell("plan", done, total)
                check_fence(ground.ledger, fence)
                watch.note("read and judge")
                tally.add(prepared)
                positions = pa.array(range(written, written + prepared.num_rows), pa.int64())
                written += add_postbacks(ground.ledger, plan, prepared.append_column("position", positions))
                done += number
                watch.note("write")
    tell("plan", total, total)
    return tally, watch.seconds


def select_rows(ground: Ground, plan: Plan, selection: Selection, tally: Tally) -> int:
    """Choose the plan's rows, and count those without a name at Liftoff; gives the number of chosen ones."""
    request = ground.request
    kinds = name_kinds(selection.find_kinds(), ground.policy.events, request.events)
    if not kinds:
        raise UsageError(
            f"The lake has no event of {request.app_id} up to {request.last}; see `pushlift lake info`."
        )
    selection.take_kinds(kinds)
    tally.add_unmapped(selection.count_unmapped())
    delivered = read_delivered(ground.ledger, plan.liftoff_app_id, plan.mode, request.first, request.last)
    return selection.choose(find_history(ground), delivered, request.fresh)


def find_history(ground: Ground) -> dict[date, datetime]:
    """Find for each day since when history tells everything up to it."""
    app_id, last = ground.request.app_id, ground.request.last
    known = count_days(ground.lake, app_id)
    gaps = judge_dates(ground.lake, ground.ledger, app_id, min(known, default=last), last).refused
    return find_complete_since(
        find_beginning(known), [each.event_date for each in gaps], ground.days.list_days()
    )


def find_judging(ground: Ground) -> Judging:
    """Find what rows are judged by: the suppressed as they are now, and the days that are left out."""
    failed = ground.verdict.refused if ground.request.failed_days == "exclude" else ()
    return Judging(
        policy=ground.policy,
        keys=ground.keys,
        now_ms=int(ground.now.timestamp() * 1000),
        suppressed=pa.array(sorted(list_suppressed(ground.ledger, ground.request.app_id)), pa.string()),
        failed_days={
            each.event_date: "held_quality" if each.batch_ids else "failed_quality" for each in failed
        },
    )


class StopWatch:
    """Notes how many seconds each step took."""

    def __init__(self) -> None:
        """Begin."""
        self.seconds: dict[str, float] = {}
        self._noted = time.perf_counter()

    def note(self, step: str) -> None:
        """Note that a step took the time since the last note."""
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0) + now - self._noted
        self._noted = now


def _describe(settings: Settings, ground: Ground) -> NewPlan:
    request = ground.request
    return NewPlan(
        id=name_run(ground.now),
        app_id=request.app_id,
        liftoff_app_id=ground.policy.liftoff_app_id,
        mode=request.mode,
        filter=request.spell_filter(),
        configuration_hash=configuration_hash(ground.policy),
        canary="waiting" if settings.liftoff.canary else "off",
        reason=request.reason,
        who=request.who or name_person(),
    )


def _summarize(settings: Settings, ground: Ground, tally: Tally, took: dict[str, float]) -> dict[str, object]:
    """Give what the plan's counts do not say; nothing of a person."""
    liftoff = settings.liftoff
    is_test = ground.policy.is_test
    return {
        "samples": tally.show_samples(parse_template(ground.policy.template)),
        "per_second": liftoff.test_postbacks_per_second if is_test else liftoff.postbacks_per_second,
        "daily_cap": liftoff.test_daily_cap if is_test else liftoff.daily_cap,
        "accepted_days": [
            {"day": str(each.event_date), "failed": each.failed, "held": each.batch_ids}
            for each in ground.verdict.refused
            if ground.request.failed_days == "accept"
        ],
        "seconds": {step: round(seconds, 2) for step, seconds in took.items()},
    }


def _tell_nobody(_step: str, _done: int, _total: int) -> None:
    pass
