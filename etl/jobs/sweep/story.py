"""The story of a sweep: lists are taken in, their people suppressed at once, erased, and submitted.

Each step is safe to repeat and to kill: a list leaves the inbox when all its ids are recorded, an answer is
recorded before the next request leaves, and what is not done is due for the next sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from etl.jobs.sweep.erasing import ErasingReport, erase_due
from etl.jobs.sweep.ground import survey
from etl.jobs.sweep.landing import LandingReport
from etl.jobs.sweep.receiving import ListReport, receive_lists
from etl.jobs.sweep.submitting import SubmissionReport, submit_due
from etl.ledger.database import Ledger
from etl.ledger.holding import hold_lock
from etl.ledger.opt_outs import count_requests, list_requests
from etl.ledger.scrubbing import note_scrubbing, scrub_if_noted
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.opt_out_answers import SENTENCES as ANSWERS
from etl.opt_outs.codes import SENTENCES
from etl.settings import Secrets, Settings, load_secrets

SWEEP_LOCK: Final = "sweep"
LOCK_SECONDS: Final = 120.0
WAIT_SECONDS: Final = 600.0
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did, or in a dry run would do: lists, Liftoff's answers, and how all requests stand.

    `is_scrubbed` tells that what left the ledger's rows has left its files as well.
    """

    is_dry_run: bool
    lists: tuple[ListReport, ...] = ()
    erasing: ErasingReport = field(default_factory=ErasingReport)
    submission: SubmissionReport = field(default_factory=SubmissionReport)
    requests: Mapping[str, int] = field(default_factory=dict)
    is_scrubbed: bool = True

    @property
    def exit_code(self) -> int:
        """1 where a list could not be read, an id waits for a person, or Liftoff stopped the sweep."""
        is_read = all(each.refusal is None for each in self.lists)
        return int(not is_read or self.submission.stopped is not None or self.requests.get("waiting", 0) > 0)


@dataclass(frozen=True, slots=True)
class Deadline:
    """An open request, by its keyed hash, and the days that are left."""

    subject: str
    app_id: str
    kind: str
    days_left: float
    submission: str
    erasure: str


def sweep(
    settings: Settings,
    secrets: Secrets | None = None,
    *,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> SweepReport:
    """Take in the lists of the inbox, suppress their people, erase them, and submit what is due.

    One sweep at a time. Raises ConfigurationError where the hash key is missing or another, or where
    something is due and Liftoff's address or credentials are missing: people are suppressed by then.
    """
    found = secrets or load_secrets()
    ground = survey(settings, found, is_dry_run=is_dry_run, now=now)
    with hold_lock(ground.ledger, SWEEP_LOCK, LOCK_SECONDS, WAIT_SECONDS):
        lists = tuple(receive_lists(ground))
        if not is_dry_run and _is_anything_due(ground.ledger):
            note_scrubbing(ground.ledger)
        erasing = erase_due(ground)
        submission = submit_due(ground, found)
        is_scrubbed = is_dry_run or scrub_if_noted(ground.ledger)
    requests = count_requests(ground.ledger)
    return SweepReport(is_dry_run, lists, erasing, submission, requests, is_scrubbed)


def _is_anything_due(ledger: Ledger) -> bool:
    counts = count_requests(ledger)
    return counts["submission_due"] > 0 or counts["erasure_due"] > 0


def read_deadlines(settings: Settings, now: datetime) -> list[Deadline]:
    """Read the requests that are not done, those with the fewest days left first."""
    ledger = open_current_ledger(settings.storage.ledger)
    found = list_requests(ledger, states=("open", "waiting"))
    return [
        Deadline(
            each.subject,
            each.app_id,
            each.kind,
            (each.deadline_at - now).total_seconds() / _SECONDS_A_DAY,
            "waiting" if each.state == "waiting" else each.submission,
            each.erasure,
        )
        for each in found
    ]


def describe_sweep(report: SweepReport) -> Iterator[str]:
    """Describe a sweep in lines for people; no id is in them."""
    if not report.lists:
        yield "No list is in the inbox."
    for each in report.lists:
        yield from _describe_list(each, is_dry_run=report.is_dry_run)
    yield from _describe_erasing(report.erasing, is_dry_run=report.is_dry_run)
    for outcome, count in report.submission.outcomes.items():
        yield f"  {count:>10,}  opt-outs {'to be submitted' if outcome == 'due' else outcome}"
    for code, count in report.submission.codes.items():
        yield f"  {count:>10,}  {code}: {ANSWERS.get(code, '')}"
    if report.submission.stopped:
        yield f"Nothing more was submitted: {report.submission.describe_stop()}"
    if not report.is_scrubbed:
        yield "The ledger is in use, so old bytes are still in its files: the next sweep scrubs them."
    counts = report.requests
    yield (
        f"Requests: {counts.get('open', 0):,} open ({counts.get('submission_due', 0):,} to submit,"
        f" {counts.get('erasure_due', 0):,} to erase), {counts.get('waiting', 0):,} waiting for a person,"
        f" {counts.get('done', 0):,} done, {counts.get('lifted', 0):,} lifted"
    )
    if report.is_dry_run:
        yield "Nothing was changed: a dry run."


def _describe_erasing(found: ErasingReport, *, is_dry_run: bool) -> Iterator[str]:
    yield from _describe_landing(found.landing, is_dry_run=is_dry_run)
    if not found.requests:
        return
    would = "would be " if is_dry_run else ""
    yield f"Erasing {found.requests:,} ids, and {found.linked:,} that the lake links with them:"
    for each in found.tables:
        yield (
            f"  {each.rows_gone + each.rows_changed:>10,}  rows of {each.table} {would}erased,"
            f" in {each.files_rewritten:,} of {each.files_read:,} files"
        )
    counts = (
        (found.held, f"held rows {would}erased"),
        (found.exported, f"rows of exports {would}erased"),
        (found.postbacks, "postbacks of the ledger lost what tells of them"),
    )
    yield from (f"  {count:>10,}  {what}" for count, what in counts if count)
    if found.physical_after is not None:
        after = f"{found.physical_after:%Y-%m-%d %H:%M} UTC"
        yield f"The first upkeep after {after} deletes the files that this replaced."


def _describe_landing(found: LandingReport, *, is_dry_run: bool) -> Iterator[str]:
    done = found.rewriting
    if done is None or not (done.objects_read or done.left):
        return
    would = "would be " if is_dry_run else ""
    yield (
        f"Landing: {done.messages_removed:,} messages {would}removed, and {done.objects_rewritten:,} of"
        f" {done.objects_read:,} objects {would}written again"
    )
    if done.damaged:
        yield f"  {done.damaged:>10,}  of these are damaged: what could be read of them {would}kept"
    if done.left:
        yield f"  {done.left:>10,}  objects could not be read or written, or changed: the next sweep tries"


def _describe_list(each: ListReport, *, is_dry_run: bool) -> Iterator[str]:
    if each.refusal is not None:
        yield f"{each.name} cannot be read and stays in the inbox: {SENTENCES[each.refusal]}"
        return
    if each.is_known:
        yield f"{each.name} was dropped before, as list {each.list_id}; nothing of it is new."
        return
    would = "would be " if is_dry_run else ""
    yield f"{each.name} ({each.form}), list {each.list_id}:"
    yield f"  {each.accepted:>10,}  {would}accepted, of them {each.waiting:,} waiting for a person"
    yield f"  {each.duplicates:>10,}  duplicates"
    yield from (
        f"  {count:>10,}  rejected, {code}: {SENTENCES[code]}" for code, count in each.rejected.items()
    )
