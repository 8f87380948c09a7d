"""A sweep in lines for people; no id is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from etl.jobs.rewriting import RewritingReport
from etl.jobs.sweep.erasing import ErasingReport
from etl.jobs.sweep.receiving import ListReport
from etl.jobs.sweep.story import SweepReport
from etl.jobs.sweep.submitting import SubmissionReport
from etl.liftoff.opt_out_answers import SENTENCES as ANSWERS
from etl.opt_outs.codes import SENTENCES

SHOWN_FILES: Final = 20


def describe_sweep(report: SweepReport) -> Iterator[str]:
    """Describe what a sweep did, or would do."""
    if not report.lists:
        yield "No list is in the inbox."
    for each in report.lists:
        yield from _describe_list(each, is_dry_run=report.is_dry_run)
    yield from _describe_erasing(report.erasing, is_dry_run=report.is_dry_run)
    if report.sent:
        yield f"  {report.sent:>10,}  postbacks had been sent before; pushlift opt-outs sent lists them"
    yield from _describe_submission(report.submission)
    if not report.is_scrubbed:
        yield "The ledger is in use, so old bytes are still in its files: the next sweep scrubs them."
    counts = report.requests
    yield (
        f"Requests: {counts.get('open', 0):,} open ({counts.get('submission_due', 0):,} to submit,"
        f" {counts.get('erasure_due', 0):,} to erase), {counts.get('waiting', 0):,} waiting for a person,"
        f" {counts.get('done', 0):,} done, {counts.get('lifted', 0):,} lifted"
    )
    yield from (each.describe() for each in report.kept)
    if report.is_dry_run:
        yield "Nothing was changed: a dry run."


def _describe_submission(found: SubmissionReport) -> Iterator[str]:
    for outcome, count in found.outcomes.items():
        yield f"  {count:>10,}  opt-outs {'to be submitted' if outcome == 'due' else outcome}"
    for code, count in found.codes.items():
        yield f"  {count:>10,}  {code}: {ANSWERS.get(code, '')}"
    if found.stopped:
        yield f"Nothing more was submitted: {found.describe_stop()}"


def _describe_erasing(found: ErasingReport, *, is_dry_run: bool) -> Iterator[str]:
    if found.landing.rewriting is not None:
        yield from _describe_rewriting("Landing", found.landing.rewriting, is_dry_run=is_dry_run)
    yield from _describe_rewriting("Pull files", found.pulled, is_dry_run=is_dry_run)
    if not found.requests:
        return
    would = "would be " if is_dry_run else ""
    yield f"Erasing {found.requests:,} ids, and {found.linked:,} that the lake links with them:"
    for each in found.tables:
        yield (
            f"  {each.rows_gone + each.rows_changed:>10,}  rows of {each.table} {would}erased,"
            f" in {each.files_rewritten:,} of {each.files_read:,} files"
        )
    yield from (f"  {each.rows:>10,}  in {each.table}/{each.path}" for each in found.files[:SHOWN_FILES])
    if len(found.files) > SHOWN_FILES:
        yield f"  … and {len(found.files) - SHOWN_FILES:,} files more; --json has all of them"
    counts = (
        (found.shared, "linked ids that too many installs share, left alone"),
        (found.held, f"held rows {would}erased"),
        (found.exported, f"rows of exports {would}erased"),
        (found.postbacks, "postbacks of the ledger lost what tells of them"),
    )
    yield from (f"  {count:>10,}  {what}" for count, what in counts if count)
    if found.physical_after is not None:
        after = f"{found.physical_after:%Y-%m-%d %H:%M} UTC"
        yield f"The first upkeep after {after} deletes the files that this replaced."


def _describe_rewriting(what: str, done: RewritingReport, *, is_dry_run: bool) -> Iterator[str]:
    if not (done.objects_read or done.left):
        return
    would = "would be " if is_dry_run else ""
    yield (
        f"{what}: {done.messages_removed:,} messages {would}removed, and {done.objects_rewritten:,} of"
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
    would = "would be " if is_dry_run else ""
    again = ", dropped before and judged again; an id is one request still" if each.is_known else ""
    yield f"{each.name} ({each.form}), list {each.list_id}{again}:"
    yield f"  {each.accepted:>10,}  {would}accepted, of them {each.waiting:,} waiting for a person"
    yield f"  {each.duplicates:>10,}  duplicates"
    yield from (
        f"  {count:>10,}  rejected, {code}: {SENTENCES[code]}" for code, count in each.rejected.items()
    )
