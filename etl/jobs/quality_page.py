"""The story of the quality page: a period is chosen, its figures become a page, the page is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from etl.errors import StoreRefusedWrite, UsageError
from etl.jobs.waiting import describe_waiting
from etl.ledger.upgrade import open_current_ledger
from etl.quality.checks import Severity, Verdict
from etl.reports.figures import HeldBatch, Period, QualityFigures
from etl.reports.quality import render_quality_page
from etl.settings import Settings

DEFAULT_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class PageReport:
    """A page that was written."""

    path: Path
    bytes: int
    first_date: date
    last_date: date
    apps: int
    required_failures: int
    advisory_failures: int
    held_batches: int


def choose_period(first: date | None, last: date | None, now: datetime) -> Period:
    """Give the period asked for: by default the last 28 days, today included. Raises UsageError."""
    ends = last or max(now.date(), first or now.date())
    begins = first or ends - timedelta(days=DEFAULT_DAYS - 1)
    if begins > ends:
        raise UsageError(f"The period begins on {begins} and ends before that, on {ends}; exchange the two.")
    return Period(begins, ends)


def list_waiting(settings: Settings) -> tuple[HeldBatch, ...]:
    """List the batches that the ledger holds back now, as the page tells of them."""
    return describe_waiting(open_current_ledger(settings.storage.ledger))


def write_page(figures: QualityFigures, path: Path) -> PageReport:
    """Write the page to a file, which it replaces."""
    page = render_quality_page(figures).encode()
    try:
        path.write_bytes(page)
    except OSError as error:
        raise StoreRefusedWrite(f"{path} cannot be written: {error}") from error
    failed = [tally for tally in figures.tallies if tally.verdict is Verdict.FAILED]
    return PageReport(
        path,
        len(page),
        figures.period.first,
        figures.period.last,
        len(figures.apps),
        sum(tally.checks for tally in failed if tally.severity is Severity.REQUIRED),
        sum(tally.checks for tally in failed if tally.severity is Severity.ADVISORY),
        len(figures.held),
    )


def describe_page(report: PageReport) -> Iterator[str]:
    """Say what the page holds, and where it is."""
    yield f"{report.first_date} to {report.last_date}, {report.apps:,} apps"
    yield (
        f"{report.required_failures:,} required and {report.advisory_failures:,} advisory failures,"
        f" {report.held_batches:,} batches held back"
    )
    yield f"written to {report.path} ({report.bytes:,} bytes); open it in a browser"
