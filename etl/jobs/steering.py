"""What a person does with plans: approve, pause, resume, cancel, decide what is in doubt, stop everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from etl.errors import UsageError
from etl.jobs.person import name_person
from etl.jobs.planning.reading import PlanReport, describe_plan, read_plan_report
from etl.ledger.decisions import Decision, list_decisions
from etl.ledger.plan_rows import cancel_plan
from etl.ledger.plans import Plan, approve_plan, list_plans, pause_plan, require_plan, resume_plan
from etl.ledger.progress import OutcomeCount, count_outcomes, count_states
from etl.ledger.rates import lift_stop, read_rate, stop
from etl.ledger.resolving import list_unknown, resolve_unknown
from etl.ledger.slots import Rate
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings

ACTIONS: Final = {"pause": pause_plan, "resume": resume_plan, "cancel": cancel_plan}


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """A plan and how far it is: its rows by state and by code, what was decided, and the rate of its mode."""

    report: PlanReport
    counts: dict[str, int]
    outcomes: tuple[OutcomeCount, ...]
    decisions: tuple[Decision, ...]
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word: why, and who says so, which is whoever runs this unless named."""

    reason: str | None = None
    who: str | None = None

    @property
    def name(self) -> str:
        """Who says so."""
        return self.who or name_person()


def approve(settings: Settings, plan_id: str, word: Word, plan_hash: str | None = None) -> Plan:
    """Approve a plan that waits for it; one that is approved stays so.

    With a hash, only the plan that was seen: UsageError if it is another.
    """
    ledger = open_current_ledger(settings.storage.ledger)
    plan = require_plan(ledger, plan_id)
    if plan.state != "planned":
        return plan
    return approve_plan(ledger, plan_id, word.name, word.reason, plan_hash or plan.plan_hash)


def steer(settings: Settings, action: str, plan_id: str, word: Word) -> Plan:
    """Pause, resume or cancel a plan."""
    if action not in ACTIONS:
        raise UsageError(f"{action!r} is nothing to do with a plan; there are {', '.join(ACTIONS)}.")
    return ACTIONS[action](open_current_ledger(settings.storage.ledger), plan_id, word.name, word.reason)


def list_plan_rows(settings: Settings) -> list[dict[str, object]]:
    """List the plans as rows for people."""
    return [
        {
            "plan": plan.id,
            "app": plan.app_id,
            "mode": plan.mode,
            "state": plan.state,
            "rows": plan.rows,
            "created": None if plan.created_at is None else f"{plan.created_at:%Y-%m-%d %H:%M}",
            "by": plan.who,
            "reason": plan.reason,
        }
        for plan in list_plans(open_current_ledger(settings.storage.ledger))
    ]


def read_status(settings: Settings, plan_id: str) -> PlanStatus:
    """Read how far a plan is."""
    ledger = open_current_ledger(settings.storage.ledger)
    report = read_plan_report(ledger, plan_id)
    return PlanStatus(
        report,
        count_states(ledger, plan_id),
        tuple(count_outcomes(ledger, plan_id)),
        tuple(list_decisions(ledger, plan_id)),
        read_rate(ledger, report.plan.mode),
    )


def describe_status(status: PlanStatus) -> Iterator[str]:
    """Describe how far a plan is in lines for people."""
    yield from describe_plan(status.report)
    counts = ", ".join(f"{count:,} {state}" for state, count in status.counts.items() if count)
    yield f"Now: {counts or 'it holds nothing'}"
    yield from (f"  {count:>10,}  {state}: {code}" for (state, code), count in _sum_codes(status.outcomes))
    for each in status.decisions:
        why = f" ({each.reason})" if each.reason else ""
        yield f"{each.decided_at:%Y-%m-%d %H:%M} {each.who}: {each.decision}{why}"
    if status.rate is not None and status.rate.stopped_at is not None:
        why = f"{status.rate.stopped_by}: {status.rate.stop_reason}"
        yield f"Stopped by {why}. `pushlift backfill start` lifts it."
    elif status.rate is not None and status.rate.factor < 1:
        yield f"Liftoff asked for less: the rate is at {status.rate.factor:.0%} and recovers."


def list_doubts(settings: Settings, plan_id: str) -> list[dict[str, object]]:
    """List what was asked and never answered, without personal values."""
    found = list_unknown(open_current_ledger(settings.storage.ledger), plan_id)
    return [
        {
            "occurrence_id": each.occurrence_id,
            "event_date": each.event_date,
            "event_name": each.event_name,
            "attempts": each.attempts,
            "intent_at": each.intent_at,
            "code": each.code,
        }
        for each in found
    ]


def decide_unknown(settings: Settings, plan_id: str, word: Word, *, resend: bool) -> int:
    """Queue what is unknown again, or drop it for good; gives how many rows. UsageError without a reason."""
    if not word.reason:
        raise UsageError("Say why; it is kept in the ledger.")
    ledger = open_current_ledger(settings.storage.ledger)
    return resolve_unknown(ledger, plan_id, resend=resend, who=word.name, reason=word.reason)


def stop_all(settings: Settings, word: Word, *, is_test: bool) -> str:
    """Let nothing leave in a mode; gives the mode. UsageError without a reason."""
    if not word.reason:
        raise UsageError("Say why; it is kept in the ledger.")
    mode = _name_mode(is_test=is_test)
    stop(open_current_ledger(settings.storage.ledger), mode, word.name, word.reason)
    return mode


def start_all(settings: Settings, word: Word, *, is_test: bool) -> tuple[str, bool]:
    """Lift a stop; gives the mode, and whether it was stopped."""
    mode = _name_mode(is_test=is_test)
    return mode, lift_stop(open_current_ledger(settings.storage.ledger), mode, word.name, word.reason)


def _name_mode(*, is_test: bool) -> str:
    return "test" if is_test else "production"


def _sum_codes(outcomes: tuple[OutcomeCount, ...]) -> list[tuple[tuple[str, str], int]]:
    found: dict[tuple[str, str], int] = {}
    for each in outcomes:
        if each.code is not None:
            found[each.state, each.code] = found.get((each.state, each.code), 0) + each.count
    return sorted(found.items(), key=lambda item: -item[1])
