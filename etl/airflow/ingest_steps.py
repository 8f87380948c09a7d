"""The steps of ingest as Airflow's tasks call them: small JSON in and out, all else by way of scratch.

What passes between tasks are a run's id, the places of its chunks and counts; never an identifier, never a
list of objects.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict

from etl.airflow.configuration import load_task_settings
from etl.airflow.task_secrets import load_task_secrets
from etl.errors import HeldBackError, ObjectVanished, StorageError, UsageError
from etl.jobs import ingest, keeping
from etl.jobs.reports import IngestReport, describe_report, read_report, report_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from etl.jobs.runs import Run
    from etl.quality.checks import Check
    from etl.settings import Settings

LOG: Final = logging.getLogger(__name__)

# An asset event a partition: beyond these, one publish would keep Airflow's database busy for minutes.
MAX_PARTITION_EVENTS: Final = 500
# The log of the audit has all of them.
MAX_FAILURES: Final = 50
# The width of the column in which Airflow keeps a partition's key.
MAX_PARTITION_KEY: Final = 250


class AssetEvent(Protocol):
    """As much of Airflow's event of an outlet as is written to."""

    extra: dict[str, Any]

    def add_partitions(self, keys: list[str], /) -> None:
        """Make an event for each of these partitions."""


class Chunk(TypedDict):
    """Which chunk of which run."""

    run_id: str
    place: int


class Counts(TypedDict):
    """What a step made of a run or of one of its chunks."""

    run_id: str
    messages: int
    quarantined: int


def discover_chunks(options: ingest.IngestOptions) -> list[Chunk]:
    """Find what to read and keep the run in scratch; gives its chunks, none where nothing has landed."""
    settings = load_task_settings()
    ingest.finish_cut_off(settings)
    run = ingest.discover(settings, options)
    if run is None:
        LOG.info("Nothing new has landed.")
        return []
    keeping.keep_run(settings, run)
    LOG.info("Run %s reads %d objects in %d chunks.", run.id, len(run.objects), len(run.chunks))
    return [Chunk(run_id=run.id, place=place) for place in range(len(run.chunks))]


def normalize_chunk(chunk: Chunk) -> Counts:
    """Normalize one chunk into scratch."""
    settings = load_task_settings()
    run = _recall_run(settings, chunk["run_id"])
    with _explain_lost_scratch(run.id):
        secrets = load_task_secrets() if run.erased is not None else None
        outcome = ingest.normalize(settings, run, chunk["place"], secrets)
    return Counts(
        run_id=run.id,
        messages=sum(each.messages for each in outcome.objects),
        quarantined=sum(each.quarantined for each in outcome.objects),
    )


def settle_chunks(normalized: Sequence[Counts]) -> Counts:
    """Settle the run whose chunks are normalized, and keep what it came to in scratch."""
    settings = load_task_settings()
    run = _recall_run(settings, normalized[0]["run_id"])
    with _explain_lost_scratch(run.id):
        outcomes = keeping.recall_outcomes(settings, run)
        secrets = load_task_secrets() if any(outcome.met for outcome in outcomes) else None
        settled = ingest.settle(settings, run, outcomes, secrets=secrets)
        keeping.keep_settled(settings, run.id, settled)
    return Counts(
        run_id=run.id,
        messages=sum(each.messages for each in settled.outcomes),
        quarantined=sum(each.quarantined for each in settled.outcomes),
    )


def audit_settled(run_id: str) -> None:
    """Judge a settled run app by app, and keep the verdict in scratch.

    Logs every failed check. Raises HeldBackError, after that, where an app is held back.
    """
    from etl.jobs.auditing import refuse_held  # noqa: PLC0415 - not before there is something to judge

    settings = load_task_settings()
    run = _recall_run(settings, run_id)
    with _explain_lost_scratch(run_id):
        settled = keeping.recall_settled(settings, run_id)
    audited = ingest.audit(settings, run, settled)
    keeping.keep_audited(settings, run_id, settled, audited)
    log_failures(audited.checks)
    refuse_held(audited)


def log_failures(checks: Sequence[Check]) -> None:
    """Log each failed check as a line of its own."""
    from etl.quality.checks import describe_failures  # noqa: PLC0415 - as above

    for failure in describe_failures(checks):
        LOG.warning("%s", failure)


def publish_settled(run_id: str) -> IngestReport:
    """Publish what its audit let pass of a settled run; one that an earlier try published is only reported.

    Raises UsageError where the audit came to no verdict.
    """
    settings = load_task_settings()
    ingest.finish_cut_off(settings)
    run = _recall_run(settings, run_id)
    with _explain_lost_scratch(run_id):
        outcomes = keeping.recall_outcomes(settings, run)
        settled = keeping.recall_settled(settings, run_id)
    audited = keeping.recall_audited(settings, run_id, settled)
    return ingest.publish(settings, run, outcomes, audited)


def summarize(report: IngestReport) -> dict[str, Any]:
    """Give a report as small JSON: everything but the names of its partitions, and of failures the first."""
    counts = asdict(report) | {"failures": report.failures[:MAX_FAILURES]}
    del counts["partitions"]
    return counts


def announce(events: AssetEvent, partitions: AssetEvent, report: IngestReport) -> None:
    """Put the counts into one asset's event; the other gets an event for each partition that was touched."""
    named = [each for each in report.partitions if len(each) <= MAX_PARTITION_KEY][-MAX_PARTITION_EVENTS:]
    counts = summarize(report) | {"partitions": len(report.partitions), "apps": describe_apps(report)}
    del counts["held_apps"], counts["failures"]
    events.extra = counts
    partitions.extra = {"run_id": report.run_id, "partitions": len(report.partitions)}
    partitions.add_partitions(named)
    if len(named) < len(report.partitions):
        LOG.warning("%d partitions were touched; events name %d of them.", len(report.partitions), len(named))


def describe_apps(report: IngestReport) -> dict[str, dict[str, Any]]:
    """Say of each app what of it was published and what was held, and which rules failed."""
    published = {
        app_id: {"verdict": "passed", "published": rows, "held": 0, "failed": []}
        for app_id, rows in report.apps.items()
    }
    held = {
        each.app_id: {"verdict": "failed", "published": 0, "held": each.rows, "failed": list(each.failed)}
        for each in report.held_apps
    }
    return published | held


def report_run(counts: dict[str, Any] | None) -> None:
    """Log the summary of a run; then raise where something was held back or could not be read."""
    report = read_report(counts) if counts else report_nothing()
    LOG.info("%s", "\n".join(describe_report(report)))
    if report.holding:
        raise HeldBackError(
            f"{report.held:,} rows are held back; the summary above names {report.holding} failed checks and"
            " the ways out. All else is published."
        )
    if report.failed:
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(report.failed.items()))
        raise StorageError(
            f"{sum(report.failed.values())} of {report.objects} landed objects could not be read ({codes});"
            " all others are published. The table loads names them: pushlift sql"
            " \"from loads where status = 'failed'\". Grant access to what is forbidden; the next run"
            " tries all of them again."
        )


def watch_silence(context: Mapping[str, Any]) -> None:
    """Log which apps are silent, and tell people of those that they were not told of.

    Raises HeldBackError where a silence was made required.
    """
    from etl.airflow.notifying import tell  # noqa: PLC0415 - as above
    from etl.jobs import watching  # noqa: PLC0415 - as above
    from etl.quality.checks import describe_failures  # noqa: PLC0415 - as above

    settings = load_task_settings()
    report = watching.watch_silence(settings)
    LOG.info("%s", "\n".join(watching.describe_watch(report)))
    if report.news:
        tell(context, "\n".join(describe_failures(report.news)))
    watching.remember_silence(settings, report)
    if report.exit_code:
        raise HeldBackError("\n  ".join(["Apps are silent:", *describe_failures(report.failed)]))


def drop_scratch(chunks: Sequence[Chunk] | None) -> None:
    """Delete what a run spilled, whatever became of it."""
    if chunks:
        keeping.drop_scratch(load_task_settings(), chunks[0]["run_id"])


def _recall_run(settings: Settings, run_id: str) -> Run:
    with _explain_lost_scratch(run_id):
        return keeping.recall_run(settings, run_id)


@contextmanager
def _explain_lost_scratch(run_id: str) -> Iterator[None]:
    """Tell a person who clears one task of an old run what to do instead."""
    try:
        yield
    except ObjectVanished as error:
        raise UsageError(
            f"What run {run_id} spilled is gone, as after every run: clear discover with all that follows it,"
            " or let the next run take the objects."
        ) from error
