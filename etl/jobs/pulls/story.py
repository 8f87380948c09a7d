"""The story of a reconciliation with AppsFlyer: Pull files compared with the lake, and gaps filled.

A file is read as an ingest reads what landed (people who were erased are left out, what cannot be read is
counted by its reason) and paired with the lake's rows. What the lake lacks is published from the file
itself, by the steps of an ingest: settled, audited, published, accounted for in `loads`. While it is
settled it is paired once more, under the publish lock where the lake moved on: a message that arrived
meanwhile is no gap any more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from etl.appsflyer.masking import mask_ids
from etl.appsflyer.pull.headers import Form
from etl.appsflyer.pull.reports import ROW_CAPS
from etl.errors import PeopleErasedMeanwhile, UsageError
from etl.jobs import ingest
from etl.jobs.discovery import RunObject
from etl.jobs.keeping import drop_scratch, keep_erased, open_scratch
from etl.jobs.pulls.comparing import Comparison, Ground, compare
from etl.jobs.pulls.details import write_details
from etl.jobs.pulls.finding import PullFile, PullRequest, find_files
from etl.jobs.pulls.matching import Counts
from etl.jobs.pulls.reading import read_form_of
from etl.jobs.reports import IngestReport
from etl.jobs.runs import Run, name_run
from etl.lake.spill import ChunkOutcome
from etl.lake.tables import EVENTS, find_table
from etl.ledger.suppressions import list_erased, stamp_erased
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.stores import Store, open_store

LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PullOptions:
    """Whether what is missing in Push shall be ingested, and whether details shall be written."""

    is_filling: bool = False
    has_details: bool = False


EVERY_FILE: Final = PullRequest()
ONLY_TELL: Final = PullOptions()


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file in numbers: `messages` are its records, of which some were `unreadable` or `suppressed`.

    `first` and `end` are the UTC hours that the file was made for. `is_capped` says that it has just as many
    records as the Pull API gives at most, so that it was probably cut. Events of `unclear_hours`, which the
    file's zone has twice, are not missed in Pull. `unknown_headers` are kept in `extra`.
    """

    name: str
    report: str
    zone: str
    apps: tuple[str, ...]
    first: datetime | None
    end: datetime | None
    messages: int
    unreadable: dict[str, int]
    suppressed: int
    counts: Counts
    unknown_headers: tuple[str, ...] = ()
    is_capped: bool = False
    unclear_hours: tuple[datetime, ...] = ()
    details: str | None = None
    ingested: IngestReport | None = None

    @property
    def equal(self) -> int:
        """How many events are equal on both sides."""
        return sum(each.equal for each in self.counts.hours)

    @property
    def differing(self) -> int:
        """How many events are on both sides, with values that differ."""
        return sum(each.differing for each in self.counts.hours)

    @property
    def missing_in_push(self) -> int:
        """How many events of the file the lake lacks."""
        return sum(each.missing_in_push for each in self.counts.hours)

    @property
    def missing_in_pull(self) -> int:
        """How many events of the lake the file lacks."""
        return sum(each.missing_in_pull for each in self.counts.hours)


@dataclass(frozen=True, slots=True)
class PullReport:
    """What became of each file."""

    files: tuple[FileReport, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """1 where an ingest held rows back, else 0: a gap is a finding, not a failure."""
        return max((each.ingested.exit_code for each in self.files if each.ingested), default=0)


def reconcile_pull(
    settings: Settings,
    request: PullRequest = EVERY_FILE,
    options: PullOptions = ONLY_TELL,
    *,
    now: datetime | None = None,
) -> PullReport:
    """Compare files of the Pull folder with the lake, one after the other, and fill gaps where that is asked.

    Repeating it changes nothing more. Raises UsageError for a file that is none of the Pull API.
    """
    found = find_files(settings, request)
    return PullReport(tuple(_reconcile(settings, each, options, now) for each in found))


def _reconcile(settings: Settings, file: PullFile, options: PullOptions, now: datetime | None) -> FileReport:
    for _ in range(ingest.ERASED_ATTEMPTS):
        try:
            return _reconcile_once(settings, file, options, now)
        except PeopleErasedMeanwhile as error:
            LOG.info("%s", error)
    return _reconcile_once(settings, file, options, now)


def _reconcile_once(
    settings: Settings, file: PullFile, options: PullOptions, now: datetime | None
) -> FileReport:
    if options.is_filling:
        ingest.finish_cut_off(settings)
    form = read_form_of(_open_pull(settings), file.landed, file.source)
    with _begin_run(settings, file, now) as run:
        outcomes = [ingest.normalize(settings, run, 0)]
        report = _compare(settings, file, form, outcomes, options)
        if options.is_filling and report.missing_in_push:
            _refuse_mismatch(report)
            report = replace(report, ingested=_fill(settings, run, outcomes))
        return report


def _refuse_mismatch(report: FileReport) -> None:
    """Raise UsageError where most of both sides meets nothing: in a wrong zone, all would come twice."""
    paired = report.equal + report.differing
    if report.missing_in_push > paired and report.missing_in_pull > paired:
        raise UsageError(
            f"{report.name}: only {paired:,} of {report.messages:,} records are in the lake, which has"
            f" {report.missing_in_pull:,} others: nothing was ingested. Their times are probably not in"
            f" {report.zone}; name the zone with --timezone, or the file's days with --from and --to."
        )


@contextmanager
def _begin_run(settings: Settings, file: PullFile, now: datetime | None) -> Iterator[Run]:
    started_at = now or datetime.now(UTC)
    ledger = open_current_ledger(settings.storage.ledger)
    landed = file.landed
    only = RunObject(0, landed, landed.modified_at, max(landed.modified_at, started_at))
    run = Run(name_run(started_at), started_at, False, ((only,),), stamp_erased(ledger), file.source)
    try:
        if run.erased is not None:
            keep_erased(settings, run.id, list_erased(ledger))
        yield run
    finally:
        drop_scratch(settings, run.id)


def _compare(
    settings: Settings, file: PullFile, form: Form, outcomes: list[ChunkOutcome], options: PullOptions
) -> FileReport:
    lake = open_store(settings.storage.lake, settings.storage.options)
    ground = Ground(lake, find_table(lake, EVENTS), open_scratch(settings), file.source, outcomes)
    with compare(ground, file.stated) as found:
        counts = found.matcher.count(form.names)
        details = write_details(_open_pull(settings), file.landed, found) if options.has_details else None
        return _report(file, form, outcomes, counts, found, details)


def _report(  # noqa: PLR0913, PLR0917 - the file, what was read of it, and what was found
    file: PullFile,
    form: Form,
    outcomes: list[ChunkOutcome],
    counts: Counts,
    found: Comparison,
    details: str | None,
) -> FileReport:
    outcome = outcomes[0].objects[0]
    return FileReport(
        name=mask_ids(file.landed.key),
        report=file.source.report,
        zone=file.source.zone,
        apps=found.apps,
        first=found.period.first if found.period else None,
        end=found.period.end if found.period else None,
        messages=outcome.messages,
        unreadable=dict(outcome.reasons),
        suppressed=outcome.suppressed,
        counts=counts,
        unknown_headers=tuple(mask_ids(each) for each in form.unknown),
        is_capped=outcome.messages in ROW_CAPS,
        unclear_hours=found.unclear,
        details=details,
    )


def _fill(settings: Settings, run: Run, outcomes: list[ChunkOutcome]) -> IngestReport:
    """Publish what the lake lacks, by the steps of an ingest."""
    settled = ingest.settle(settings, run, outcomes)
    audited = ingest.audit(settings, run, settled)
    return ingest.publish(settings, run, outcomes, audited)


def _open_pull(settings: Settings) -> Store:
    return open_store(settings.storage.pull, settings.storage.options)
