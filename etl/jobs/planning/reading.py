"""A plan as it stands, for whoever approves it: what it holds, what it costs, what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from etl.jobs.planning.preparing import PLANNED
from etl.jobs.planning.tallies import UNMAPPED, sum_codes
from etl.ledger.database import Ledger
from etl.ledger.plan_rows import Overlap, compare_plan
from etl.ledger.plans import Plan, PlanCount, read_plan_counts, require_plan
from etl.liftoff.gates import SENTENCES

_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan, with its counts by day, event and code, and what other plans hold of its occurrences.

    `seconds` is how long its delivery takes at the configured rate, at least.
    """

    plan: Plan
    queued: int
    exclusions: Mapping[str, int]
    unmapped: int
    counts: tuple[PlanCount, ...]
    overlaps: tuple[Overlap, ...]
    samples: tuple[str, ...]
    per_second: float
    seconds: float
    accepted_days: tuple[Mapping[str, Any], ...]
    steps: Mapping[str, float] = field(default_factory=dict)

    def sum_overlaps(self) -> dict[str, int]:
        """Sum up what other plans hold of this one's occurrences, by state."""
        found: Counter[str] = Counter()
        for each in self.overlaps:
            found[each.state] += each.count
        return dict(found)


def read_plan_report(ledger: Ledger, plan_id: str) -> PlanReport:
    """Read a plan; UsageError where there is none."""
    plan = require_plan(ledger, plan_id)
    counts = read_plan_counts(ledger, plan_id)
    summary = json.loads(plan.summary)
    codes = sum_codes(counts)
    queued, unmapped = codes.pop(PLANNED, 0), codes.pop(UNMAPPED, 0)
    per_second = float(summary.get("per_second", 0))
    return PlanReport(
        plan=plan,
        queued=queued,
        exclusions=codes,
        unmapped=unmapped,
        counts=tuple(counts),
        overlaps=tuple(compare_plan(ledger, plan_id)),
        samples=tuple(summary.get("samples", ())),
        per_second=per_second,
        seconds=estimate_seconds(queued, per_second, summary.get("daily_cap")),
        accepted_days=tuple(summary.get("accepted_days", ())),
        steps=summary.get("seconds", {}),
    )


def estimate_seconds(postbacks: int, per_second: float, daily_cap: int | None) -> float:
    """Estimate how long postbacks take: at the rate, and no more than the cap a UTC day."""
    if not per_second:
        return 0
    whole_days = (postbacks - 1) // daily_cap if daily_cap and postbacks else 0
    rest = postbacks - whole_days * (daily_cap or 0)
    return whole_days * _SECONDS_A_DAY + rest / per_second


def describe_plan(report: PlanReport) -> Iterator[str]:
    """Describe a plan and its price in lines for people."""
    plan = report.plan
    asked = json.loads(plan.filter)
    days = f", {asked['from']} to {asked['to']}" if "from" in asked else ""
    way = f"{plan.app_id} to Liftoff app {plan.liftoff_app_id}"
    yield f"Plan {plan.id} ({plan.state}): {way}, {plan.mode}{days}"
    if asked.get("events"):
        yield f"  of the events {', '.join(asked['events'])}"
    yield f"  {report.queued:>10,}  postbacks would be sent"
    yield from (
        f"  {count:>10,}  {code}: {SENTENCES.get(code, '')}" for code, count in report.exclusions.items()
    )
    if report.unmapped:
        yield f"  {report.unmapped:>10,}  {UNMAPPED}: {SENTENCES[UNMAPPED]}"
    yield f"  at {report.per_second:g} a second: {spell_duration(report.seconds)}"
    yield from _describe_overlaps(report)
    yield from (
        f"  accepted in spite of its audit: {each['day']} ({', '.join(each['failed']) or 'its last audit'})"
        for each in report.accepted_days
    )
    if report.samples:
        yield "  such as, masked:"
        yield from (f"    {sample}" for sample in report.samples)
    yield f"  plan hash {plan.plan_hash}, configuration {plan.configuration_hash[:12]}"


def pivot_counts(counts: Sequence[PlanCount]) -> list[tuple[str, str, int, int]]:
    """Give for each day and event how many would be sent and how many not."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in counts:
        pair = found.setdefault((str(each.event_date), each.event_name), [0, 0])
        pair[each.code != PLANNED] += each.count
    return [(day, name, planned, left_out) for (day, name), (planned, left_out) in sorted(found.items())]


def spell_duration(seconds: float) -> str:
    """Spell a duration in its two greatest units."""
    left = timedelta(seconds=round(seconds))
    hours, rest = divmod(left.seconds, 3600)
    minutes, rest = divmod(rest, 60)
    units = [(left.days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (count, _) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2])


def _describe_overlaps(report: PlanReport) -> Iterator[str]:
    found = report.sum_overlaps()
    told = {
        "delivered": "were delivered by other plans",
        "queued": "are queued in other plans too; whichever comes first sends them",
        "unknown": "are in doubt in other plans, and not sent while they are",
        "sending": "are being sent by other plans",
    }
    yield from (
        f"  {found[state]:>10,}  of these occurrences {text}"
        for state, text in told.items()
        if state in found
    )
