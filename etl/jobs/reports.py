"""What an ingest run came to, in numbers and in sentences; never a value of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.jobs.runs import Run
    from etl.jobs.settling import SettledRun


@dataclass(frozen=True, slots=True)
class IngestReport:
    """A run in numbers: `messages` = `published` + `duplicates` + `quarantined`.

    `reasons` counts the quarantined by code, `failed` the objects that could not be read by code, `apps` the
    published events, `partitions` names what was touched (`app_id/YYYY-MM-DD`).
    """

    run_id: str | None
    objects: int = 0
    bytes: int = 0
    messages: int = 0
    published: int = 0
    duplicates: int = 0
    quarantined: int = 0
    replaced: int = 0
    events_version: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    apps: dict[str, int] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when an object could not be read, else 0."""
        return 1 if self.failed else 0


def report_nothing() -> IngestReport:
    """Report a run that found nothing to read."""
    return IngestReport(run_id=None)


def report_run(run: Run, settled: SettledRun, events_version: int) -> IngestReport:
    """Report a published run."""
    events = [draft for draft in settled.plan.drafts if draft.table == "events"]
    apps: Counter[str] = Counter()
    for draft in events:
        apps[dict(draft.partition)["app_id"]] += 0 if draft.is_successor else draft.rows
    reasons: Counter[str] = Counter()
    for load in settled.loads:
        reasons.update(dict(load.outcome.reasons))
    return IngestReport(
        run_id=run.id,
        objects=len(settled.loads),
        bytes=sum(load.outcome.size for load in settled.loads),
        messages=sum(load.outcome.messages for load in settled.loads),
        published=sum(load.published for load in settled.loads),
        duplicates=sum(load.duplicates for load in settled.loads),
        quarantined=sum(load.outcome.quarantined for load in settled.loads),
        replaced=settled.replaced,
        events_version=events_version,
        reasons=dict(sorted(reasons.items())),
        failed=dict(Counter(load.outcome.error_code for load in settled.loads if load.outcome.error_code)),
        apps=dict(sorted(apps.items())),
        partitions=tuple(sorted({"/".join(value for _, value in draft.partition) for draft in events})),
    )


def describe_report(report: IngestReport) -> Iterator[str]:
    """Describe a report in lines for people."""
    if report.run_id is None:
        yield "Nothing new has landed."
        return
    size = f"{report.bytes / 1e6:,.1f} MB"
    yield f"Run {report.run_id}: {report.messages:,} messages in {report.objects:,} objects ({size})"
    yield f"  published   {report.published:>12,}   events, lake version {report.events_version}"
    yield f"  duplicates  {report.duplicates:>12,}"
    yield f"  quarantined {report.quarantined:>12,}"
    for reason, count in report.reasons.items():
        yield f"    {reason:<28} {count:>8,}"
    if report.replaced:
        yield f"  replaced    {report.replaced:>12,}   earlier rows gave way to these"
    for code, count in report.failed.items():
        yield f"  not read    {count:>12,}   objects: {code}; they are tried again by the next run"
    for app, count in report.apps.items():
        yield f"  {app}: {count:,} events"
