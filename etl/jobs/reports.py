"""What an ingest run came to, in numbers and in sentences; never a value of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl.jobs.auditing import AuditedRun
    from etl.jobs.runs import Run
    from etl.ledger.held import HeldBatch


@dataclass(frozen=True, slots=True)
class HeldApp:
    """What a run held of an app: its batch, its rows, the failed rules, and when the first of it landed."""

    app_id: str
    batch_id: str
    rows: int
    failed: tuple[str, ...]
    since: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """A run in numbers: `messages` = `published` + `duplicates` + `quarantined` + `suppressed` + `held`.

    `reasons` counts the quarantined by code, `failed` the objects that could not be read by code, `apps` the
    published events, `partitions` names what was touched (`app_id/YYYY-MM-DD`). `failures` says of each
    failed check what was seen, those that hold first; `holding` counts these.
    """

    run_id: str | None
    objects: int = 0
    bytes: int = 0
    messages: int = 0
    published: int = 0
    duplicates: int = 0
    quarantined: int = 0
    suppressed: int = 0
    held: int = 0
    replaced: int = 0
    events_version: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    apps: dict[str, int] = field(default_factory=dict)
    partitions: tuple[str, ...] = ()
    held_apps: tuple[HeldApp, ...] = ()
    failures: tuple[str, ...] = ()
    holding: int = 0

    @property
    def exit_code(self) -> int:
        """1 when an object could not be read or a required check failed, else 0."""
        return 1 if self.failed or self.holding else 0


def report_nothing() -> IngestReport:
    """Report a run that found nothing to read."""
    return IngestReport(run_id=None)


def report_run(run: Run, audited: AuditedRun, events_version: int) -> IngestReport:
    """Report a published run."""
    from etl.quality.checks import describe_failures

    plan, loads = audited.plan, audited.loads
    events = [draft for draft in plan.drafts if draft.table == "events"]
    apps: Counter[str] = Counter()
    for draft in events:
        apps[dict(draft.partition)["app_id"]] += 0 if draft.is_successor else draft.rows
    reasons: Counter[str] = Counter()
    for load in loads:
        reasons.update(dict(load.outcome.reasons))
    return IngestReport(
        run_id=run.id,
        objects=len(loads),
        bytes=sum(load.outcome.size for load in loads),
        messages=sum(load.outcome.messages for load in loads),
        published=sum(load.published for load in loads),
        duplicates=sum(load.duplicates for load in loads),
        quarantined=sum(load.outcome.quarantined for load in loads),
        suppressed=sum(load.outcome.suppressed for load in loads),
        held=sum(load.held for load in loads),
        replaced=sum(file.rows for file in plan.removed if file.table == "events"),
        events_version=events_version,
        reasons=dict(sorted(reasons.items())),
        failed=dict(Counter(load.outcome.error_code for load in loads if load.outcome.error_code)),
        apps=dict(sorted(apps.items())),
        partitions=tuple(sorted({"/".join(value for _, value in draft.partition) for draft in events})),
        held_apps=tuple(_report_held(batch) for batch in plan.held),
        failures=tuple(describe_failures(audited.checks)),
        holding=sum(check.is_holding for check in audited.checks),
    )


def read_report(counts: Mapping[str, Any]) -> IngestReport:
    """Read a report from its JSON."""
    held = tuple(HeldApp(**{**each, "failed": tuple(each["failed"])}) for each in counts["held_apps"])
    return IngestReport(**{**counts, "held_apps": held, "failures": tuple(counts["failures"])})


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
    if report.suppressed:
        yield f"  suppressed  {report.suppressed:>12,}   messages of people who were erased"
    if report.replaced:
        yield f"  replaced    {report.replaced:>12,}   earlier rows gave way to these"
    for code, count in report.failed.items():
        yield f"  not read    {count:>12,}   objects: {code}; they are tried again by the next run"
    for app, count in report.apps.items():
        yield f"  {app}: {count:,} events"
    yield from describe_held(report)


def describe_held(report: IngestReport) -> Iterator[str]:
    """Say what was held back, which checks failed, and the ways out."""
    if report.held_apps:
        yield f"  held        {report.held:>12,}   rows that nobody sees; pushlift quality held lists them"
    for held in report.held_apps:
        yield f"  {held.app_id}: {held.rows:,} rows held as batch {held.batch_id}"
    for place, failure in enumerate(report.failures):
        yield f"  {'FAILED' if place < report.holding else 'warning'} {failure}"
    for held in report.held_apps:
        yield f"  Ways out for {held.app_id}: mend the cause and read it again,"
        yield f"    pushlift ingest --reprocess --since {held.since}"
        yield "  or accept it as it is,"
        yield f'    pushlift quality release {held.batch_id} --reason "…" --yes'


def _report_held(batch: HeldBatch) -> HeldApp:
    return HeldApp(
        app_id=batch.app_id,
        batch_id=batch.id,
        rows=batch.rows,
        failed=tuple(sorted({str(check["rule_id"]) for check in batch.failed})),
        since=min(each.landed_at for each in batch.objects),
    )
