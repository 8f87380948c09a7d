"""A reconciliation in lines for people, and as rows; no identifier is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from etl.jobs.pulls.matching import HourCount
from etl.jobs.pulls.story import FileReport, PullReport
from etl.jobs.reports import describe_report
from etl.reports.naming import is_presentable

Row = tuple[str | int, ...]

COLUMNS: Final = (
    *("file", "hour", "app_id", "event_name"),
    *("equal", "different", "missing_in_push", "missing_in_pull"),
)
OTHER: Final = "other"
_COUNTS: Final = {
    "equal": "on both sides, equal",
    "differing": "on both sides, with different values",
    "missing_in_push": "missing in Push: AppsFlyer has them, the lake does not",
    "missing_in_pull": "missing in Pull: the lake has them, the file does not",
}


def list_hours(report: PullReport) -> list[Row]:
    """Give a row for each file, hour (UTC), app and event name, under `COLUMNS`.

    A name that an app may have made of somebody's id is told as "other".
    """
    return [row for file in report.files for row in _list_hours(file)]


def describe_pull(report: PullReport, *, is_filling: bool) -> Iterator[str]:
    """Describe what was found and done."""
    if not report.files:
        yield "No file is in the Pull folder."
    for file in report.files:
        yield from _describe_file(file)
        yield from _describe_end(file, is_filling=is_filling)


def _describe_file(file: FileReport) -> Iterator[str]:
    period = (
        f", {file.first:%Y-%m-%d %H:%M} to {file.end:%Y-%m-%d %H:%M} UTC" if file.first and file.end else ""
    )
    yield f"{file.name}: {file.report} of {', '.join(file.apps) or 'no app'}{period}"
    yield f"  {file.messages:>12,}  records"
    yield from (f"  {getattr(file, name):>12,}  {what}" for name, what in _COUNTS.items())
    counts = file.counts
    others = (
        (file.suppressed, "records of people who were erased, left out"),
        (counts.nameless_pull, "records that name nobody, and cannot be compared"),
        (counts.nameless_push, "events of the lake that name nobody, and cannot be compared"),
    )
    yield from (f"  {count:>12,}  {what}" for count, what in others if count)
    yield from (f"  {count:>12,}  records not read: {reason}" for reason, count in file.unreadable.items())
    yield from (f"  {count:>12,}  differ in {name}" for name, count in counts.different.items())
    yield f"  compared: {', '.join(counts.compared) or 'no values'}"
    if counts.not_in_push:
        yield f"  not compared, since the lake has none here: {', '.join(counts.not_in_push)}"


def _describe_end(file: FileReport, *, is_filling: bool) -> Iterator[str]:
    if file.unknown_headers:
        yield f"  unknown headers, kept in extra: {', '.join(file.unknown_headers)}"
    if file.is_capped:
        yield (
            f"  It has just {file.messages:,} records, as many as the Pull API gives at most: it was probably"
            " cut. Export fewer days at once, or give maximum_rows."
        )
    if file.unclear_hours:
        yield (
            f"  {len(file.unclear_hours)} hours that {file.zone} has twice are not compared;"
            " export them in UTC."
        )
    if file.details:
        yield f"  details: {file.details} in the Pull folder"
    if file.ingested is not None:
        yield from (f"  {line}" for line in describe_report(file.ingested))
    elif file.missing_in_push and is_filling:
        yield f"  Would ingest {file.missing_in_push:,} events; add --yes to do it."


def _list_hours(file: FileReport) -> Iterator[Row]:
    totals: dict[tuple[str, str, str], list[int]] = {}
    for each in file.counts.hours:
        key = (each.hour, each.app_id, each.event_name if is_presentable(each.event_name) else OTHER)
        before = totals.get(key, [0, 0, 0, 0])
        totals[key] = [a + b for a, b in zip(before, _list_counts(each), strict=True)]
    for key, counts in sorted(totals.items()):
        yield (file.name, *key, *counts)


def _list_counts(each: HourCount) -> tuple[int, int, int, int]:
    return each.equal, each.differing, each.missing_in_push, each.missing_in_pull
