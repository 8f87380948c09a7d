"""The story of a held batch: what waits and why, and its release by a person who accepts the failed checks.

A release publishes the held rows through the same redo log as any run, under the same lock, so that it
happens once or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa

from etl.errors import LakeMovedOn, UsageError
from etl.jobs.accounts import write_accounts
from etl.jobs.attempts import Attempt, begin_attempt
from etl.jobs.auditing import summary_of
from etl.jobs.encoding import name_prefixes
from etl.jobs.ingest import finish_cut_off, hold_publish_lock
from etl.jobs.keeping import open_scratch
from etl.jobs.keys import find_erased
from etl.jobs.person import name_person
from etl.jobs.replacing import replace_events
from etl.jobs.runs import Run, name_run
from etl.lake.anonymize import NewId, choose_new_ids
from etl.lake.drafts import DraftFile, draft_path
from etl.lake.families import read_omitted
from etl.lake.held import HeldRows, choose_rows, relabel, take_out, words_of
from etl.lake.loads import LoadCounts
from etl.lake.plans import PublishPlan
from etl.lake.publish import publish_drafts
from etl.lake.replace import Replacement, find_ids, rewrite_rows
from etl.lake.spill import ObjectOutcome
from etl.lake.tables import EVENTS, SETTLED_TABLES, open_or_create
from etl.ledger.database import Ledger
from etl.ledger.drafts import discard_drafts_of_run
from etl.ledger.held import HeldBatch, HeldObject, Release, find_batch, list_batches
from etl.ledger.locks import Fence
from etl.ledger.upgrade import open_current_ledger
from etl.quality.checks import Check, Verdict, describe_failures
from etl.quality.history import Profile, merge_profiles, profile_rows
from etl.quality.records import check_from_json
from etl.settings import Settings
from etl.stores import open_store

# Our own writers wait for the lock; only a foreign one can come between settling and publishing.
SETTLE_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """A release in numbers; of a dry run, what would be.

    `rows` = `published` + `duplicates` + `suppressed` + `covered`. `covered` rows
    are of objects that were read again since. `accepted` says which failed checks it accepts.
    """

    is_dry_run: bool
    batch_id: str
    app_id: str
    rows: int
    published: int
    duplicates: int
    suppressed: int
    covered: int
    replaced: int
    dates: tuple[str, ...]
    accepted: tuple[str, ...]
    reason: str
    who: str
    run_id: str | None = None
    events_version: int | None = None


def list_held(settings: Settings) -> list[HeldBatch]:
    """List what waits for a decision, oldest first."""
    return list_batches(open_current_ledger(settings.storage.ledger))


def plan_release(settings: Settings, batch_id: str, reason: str) -> ReleaseReport:
    """Say what releasing a batch would publish; nothing is changed. Raises UsageError unless it is held."""
    ledger = open_current_ledger(settings.storage.ledger)
    batch = _find_held(ledger, batch_id)
    lake = open_store(settings.storage.lake, settings.storage.options)
    erased = find_erased(ledger)
    renew = None if erased is None else choose_new_ids(settings.opt_outs.new_events, erased.key)
    chosen = choose_rows(lake, open_or_create(lake, EVENTS), batch, erased, renew)
    return _report(batch, chosen, Release(batch_id, reason, name_person()), is_dry_run=True)


def release_batch(
    settings: Settings, batch_id: str, reason: str, *, now: datetime | None = None
) -> ReleaseReport:
    """Publish a held batch as it is, with a person's reason.

    Rows whose event the lake has by now are duplicates, unless the batch was to replace published ones; rows
    of people who were erased since stay out. Raises UsageError unless the batch is held.
    """
    if not reason.strip():
        raise UsageError("A release needs a reason: say why the failed checks are accepted.")
    finish_cut_off(settings)
    started_at = now or datetime.now(UTC)
    run = Run(name_run(started_at), started_at, is_reprocess=False, chunks=())
    with hold_publish_lock(settings) as (ledger, fence):
        batch = _find_held(ledger, batch_id)
        release = Release(batch_id, reason, name_person())
        for _ in range(SETTLE_ATTEMPTS - 1):
            with suppress(LakeMovedOn):
                return _publish_release(settings, ledger, fence, batch, release, run)
        return _publish_release(settings, ledger, fence, batch, release, run)


def describe_held(batches: list[HeldBatch]) -> Iterator[str]:
    """Describe held batches in lines for people."""
    if not batches:
        yield "Nothing is held back."
    for batch in batches:
        days = f"{batch.dates[0]} to {batch.dates[-1]}" if batch.dates else "no day"
        yield f"{batch.id}"
        yield f"  {batch.app_id}: {batch.rows:,} rows of {days}, held by run {batch.run_id}"
        yield from (f"  FAILED {failure}" for failure in describe_failures(_checks_of(batch)))
        covered = len(batch.objects) - len(batch.waiting)
        if covered:
            yield f"  {covered} of its {len(batch.objects)} objects were read again since"


def describe_release(report: ReleaseReport) -> Iterator[str]:
    """Describe a release in lines for people."""
    would = "Would release" if report.is_dry_run else "Released"
    yield f"{would} {report.rows:,} held rows of {report.app_id} ({', '.join(report.dates)}):"
    yield f"  published   {report.published:>12,}"
    yield f"  duplicates  {report.duplicates:>12,}   the lake has them by now"
    if report.suppressed:
        yield f"  left out    {report.suppressed:>12,}   of people who were erased since"
    if report.covered:
        yield f"  left out    {report.covered:>12,}   their objects were read again since"
    if report.replaced:
        yield f"  replaced    {report.replaced:>12,}   earlier rows gave way to these"
    yield "  accepts:"
    yield from (f"    {failure}" for failure in report.accepted)
    yield f"  by {report.who}: {report.reason}"


def _find_held(ledger: Ledger, batch_id: str) -> HeldBatch:
    batch = find_batch(ledger, batch_id)
    if batch is None:
        raise UsageError(f"There is no held batch {batch_id!r}; pushlift quality held lists them.")
    if batch.state != "held":
        when = "" if batch.decided_at is None else f" since {batch.decided_at:%Y-%m-%d %H:%M} UTC"
        raise UsageError(f"The batch {batch_id} is {batch.state}{when}: there is nothing to release.")
    return batch


def _publish_release(  # noqa: PLR0913, PLR0917 - where, under which lock, what, by whose word, as which run
    settings: Settings, ledger: Ledger, fence: Fence, batch: HeldBatch, release: Release, run: Run
) -> ReleaseReport:
    lake = open_store(settings.storage.lake, settings.storage.options)
    attempt = begin_attempt(lake, open_scratch(settings), ledger, run)
    chosen, plan = _settle_release(settings, attempt, batch, release)
    version = publish_drafts(lake, ledger, fence, plan)
    discard_drafts_of_run(ledger, run.id)
    report = _report(batch, chosen, release, is_dry_run=False)
    replaced = sum(file.rows for file in plan.removed)
    return replace(report, run_id=run.id, events_version=version, replaced=replaced)


def _settle_release(
    settings: Settings, attempt: Attempt, batch: HeldBatch, release: Release
) -> tuple[list[HeldRows], PublishPlan]:
    """Settle the held rows against the lake as it is now, and write all that the release publishes."""
    tables = {table.name: open_or_create(attempt.lake, table) for table in SETTLED_TABLES}
    events = tables[EVENTS.name]
    erased = find_erased(attempt.ledger)
    renew = None if erased is None else choose_new_ids(settings.opt_outs.new_events, erased.key)
    chosen = choose_rows(attempt.lake, events, batch, erased, renew)
    replacement = Replacement()
    if batch.is_reprocess:
        partitions = [(batch.app_id, day) for day in batch.dates]
        goes = find_ids(words_of(attempt.lake, chosen, renew))
        replacement = replace_events(attempt, events, partitions, goes)
    drafts, profiles = _write_rows(settings, attempt, batch, chosen, renew)
    loads = [_count_release(attempt.run, place, each, chosen) for place, each in enumerate(batch.waiting)]
    checks = list(_accept(batch, chosen, release))
    accounts = write_accounts(attempt, loads, checks, [merge_profiles(profiles)] if profiles else [])
    plan = PublishPlan(
        run_id=attempt.run.id,
        made_at=attempt.run.started_at,
        versions=tuple((name, table.version()) for name, table in tables.items()),
        drafts=(*drafts, *accounts, *replacement.drafts),
        objects=(),
        removed=replacement.removed,
        identities=((batch.app_id, batch.identities),) if batch.identities else (),
        release=release,
    )
    return chosen, plan


def _write_rows(
    settings: Settings, attempt: Attempt, batch: HeldBatch, chosen: list[HeldRows], renew: NewId | None
) -> tuple[list[DraftFile], list[Profile]]:
    """Write the rows that are published, as rows of this run, and see what they are like.

    Rows of people who were erased since stay without them, where the policy keeps such rows.
    """
    load_ids = {each.load_id: attempt.run.load_id(place) for place, each in enumerate(batch.waiting)}
    prefixes = name_prefixes(settings, (each.uri for each in batch.waiting))
    profiles: list[Profile] = []

    def change(rows: pa.Table) -> pa.Table:
        if rows.num_rows and settings.quality.audit:
            profiles.append(profile_rows(rows, batch.app_id, prefixes))
        return relabel(rows, load_ids, attempt.run.started_at)

    filled = [each for each in chosen if each.stays.any()]
    paths = [
        draft_path(attempt.stem, (batch.app_id, each.day), place, read_omitted(each.file.path))
        for place, each in enumerate(filled)
    ]
    attempt.register(EVENTS, paths)
    drafts = [
        rewrite_rows(attempt.lake, EVENTS, each.file, path, each.stays, take_out(each, renew, change))
        for each, path in zip(filled, paths, strict=True)
    ]
    return drafts, profiles


def _count_release(run: Run, place: int, held: HeldObject, chosen: list[HeldRows]) -> LoadCounts:
    """Count what became of an object's held rows: its row of `loads` with the status `released`."""
    published = sum(each.published[held.load_id] for each in chosen)
    duplicates = sum(each.duplicates[held.load_id] for each in chosen)
    suppressed = sum(each.suppressed[held.load_id] for each in chosen)
    messages = published + duplicates + suppressed
    outcome = ObjectOutcome(
        place, held.uri, held.version, held.size, held.landed_at, messages=messages, suppressed=suppressed
    )
    return LoadCounts(run.load_id(place), outcome, published, duplicates, is_release=True)


def _accept(batch: HeldBatch, chosen: list[HeldRows], release: Release) -> Iterator[Check]:
    """Record what is accepted, and that the days' audits end with it."""
    for check in _checks_of(batch):
        yield replace(check, verdict=Verdict.ACCEPTED, detail=release.reason)
    rows: Counter[str] = Counter()
    for each in chosen:
        rows[each.day] += each.published.total()
    for day, count in sorted(rows.items()):
        yield summary_of(batch.app_id, day, Verdict.ACCEPTED, count, release.reason)


def _checks_of(batch: HeldBatch) -> list[Check]:
    return [check_from_json(check) for check in batch.failed]


def _report(batch: HeldBatch, chosen: list[HeldRows], release: Release, *, is_dry_run: bool) -> ReleaseReport:
    published = sum(each.published.total() for each in chosen)
    duplicates = sum(each.duplicates.total() for each in chosen)
    suppressed = sum(each.suppressed.total() for each in chosen)
    return ReleaseReport(
        is_dry_run=is_dry_run,
        batch_id=batch.id,
        app_id=batch.app_id,
        rows=batch.rows,
        published=published,
        duplicates=duplicates,
        suppressed=suppressed,
        covered=batch.rows - published - duplicates - suppressed,
        replaced=0,
        dates=batch.dates,
        accepted=tuple(describe_failures(_checks_of(batch))),
        reason=release.reason,
        who=release.who,
    )
