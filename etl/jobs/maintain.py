"""The story of upkeep: what killed runs left goes, many small files become few, what is past its time goes.

It works beside running ingests. It holds the publish lock, so that no publish is half done; a file is
registered in the ledger before it is written, so that one of a living run is always known; and what is young
is left alone anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from etl.jobs.expiring import Expired, describe_expired, expire, plan_expiry
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.runs import name_run
from etl.lake.compact import Compaction, Compactor, compact_tables, plan_compactions
from etl.lake.tables import TABLES, find_table
from etl.lake.upkeep import (
    expire_history,
    find_idle_runs,
    find_strays,
    list_data_files,
    list_log_paths,
    list_temporaries,
)
from etl.ledger.database import Ledger
from etl.ledger.drafts import discard_drafts_of_run, forget_settled_drafts, known_draft_paths, stale_drafts
from etl.ledger.locks import Fence, check_fence
from etl.ledger.publishes import forget_settled_publishes, unfinished_publishes
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.stores import LandedObject, Store, delete_object, open_store
from etl.stores.translating import explain_errors

DEFAULT_HOURS: Final = 24.0
# As long as the tables keep their own history: who asks what a run did last week finds it.
LEDGER_HISTORY: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class UpkeepPlan:
    """What is to go: files that nobody knows, idle runs' scratch, unfinished files, dead runs' drafts."""

    strays: tuple[LandedObject, ...] = ()
    scratch: tuple[LandedObject, ...] = ()
    idle_runs: tuple[str, ...] = ()
    temporaries: tuple[Path, ...] = ()
    dead_runs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """Upkeep in numbers; of a dry run, what would go (`expired` and `forgotten` are then not counted).

    `compacted` gives, by table, how many small files became how many; `outdated` is what was past its
    retention. What was replaced or erased before `physical_before` is in no file of the lake any more.
    """

    is_dry_run: bool
    older_than_hours: float
    strays: int
    stray_bytes: int
    scratch_runs: int
    scratch_bytes: int
    temporaries: int
    dead_runs: int
    compacted: dict[str, tuple[int, int]] = field(default_factory=dict)
    expired: dict[str, int] = field(default_factory=dict)
    outdated: Expired = field(default_factory=Expired)
    physical_before: datetime | None = None
    forgotten: int = 0


def maintain_lake(
    settings: Settings,
    *,
    older_than_hours: float = DEFAULT_HOURS,
    is_dry_run: bool = True,
    now: datetime | None = None,
) -> UpkeepReport:
    """Take away what is nobody's and older than some hours, compact accounts, and let history expire.

    Safe during a run, and when repeated. Raises LockHeld when a publish does not end.
    """
    now = now or datetime.now(UTC)
    before = now - timedelta(hours=older_than_hours)
    lake = open_store(settings.storage.lake, settings.storage.options)
    if is_dry_run:
        plan = plan_upkeep(settings, open_current_ledger(settings.storage.ledger), before)
        outdated = plan_expiry(settings, open_current_ledger(settings.storage.ledger), now)
        report = _report(plan, older_than_hours, is_dry_run=True)
        compactions = plan_compactions(lake)
        return replace(report, compacted=_count_compacted(compactions), outdated=outdated.expired)
    with hold_publish_lock(settings) as (ledger, fence):
        plan = plan_upkeep(settings, ledger, before)
        _carry_out(settings, ledger, fence, plan)
        outdated = plan_expiry(settings, ledger, now)
        expire(settings, ledger, fence, outdated, (name_run(now), now))
        compacted = compact_tables(Compactor(lake, ledger, fence, name_run(now), now))
        expired = _expire(settings, ledger, fence)
        forgotten = forget_settled_drafts(ledger, now - LEDGER_HISTORY)
        forgotten += forget_settled_publishes(ledger, now - LEDGER_HISTORY)
    report = _report(plan, older_than_hours, is_dry_run=False)
    return replace(
        report,
        compacted=_count_compacted(compacted),
        expired=expired,
        outdated=outdated.expired,
        physical_before=now - timedelta(hours=settings.retention.replaced_hours),
        forgotten=forgotten,
    )


def plan_upkeep(settings: Settings, ledger: Ledger, before: datetime) -> UpkeepPlan:
    """Find what is to go; nothing is changed."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    scratch = open_store(settings.storage.scratch_uri, settings.storage.options)
    idle, busy = find_idle_runs(scratch, before)
    # Files are listed before the ledger is asked: what a living run wrote by then is registered by then.
    files = {table: list_data_files(lake, table) for table in TABLES}
    dead = _find_dead_runs(ledger, before, busy, [each for listed in files.values() for each in listed])
    known = known_draft_paths(ledger) - {path for paths in dead.values() for path in paths}
    strays = [
        each
        for table, listed in files.items()
        if (delta := find_table(lake, table)) is not None
        for each in find_strays(listed, known | list_log_paths(table, delta), before)
    ]
    written = [lake, scratch, open_store(settings.storage.pull, settings.storage.options)]
    if settings.opt_outs.landing == "rewrite":
        written.append(open_store(settings.storage.landing, settings.storage.options))
    temporaries = {path for store in written for path in list_temporaries(store, before)}
    return UpkeepPlan(
        strays=tuple(strays),
        scratch=tuple(each for objects in idle.values() for each in objects),
        idle_runs=tuple(idle),
        temporaries=tuple(sorted(temporaries)),
        dead_runs=tuple(dead),
    )


def describe_upkeep(report: UpkeepReport) -> Iterator[str]:
    """Describe upkeep in lines for people."""
    verb = "Would remove" if report.is_dry_run else "Removed"
    yield f"{verb} what is older than {report.older_than_hours:g} h and nobody's:"
    sizes = (report.stray_bytes, report.scratch_bytes)
    stray_size, scratch_size = (f"{size / 1e6:,.1f} MB" for size in sizes)
    yield f"  {report.strays:>8,}  files that neither the log nor the ledger knows ({stray_size})"
    yield f"  {report.scratch_runs:>8,}  runs in scratch ({scratch_size})"
    yield f"  {report.temporaries:>8,}  unfinished files of killed writers"
    yield f"  {report.dead_runs:>8,}  runs that died before publishing"
    verb = "that would become" if report.is_dry_run else "that became"
    for table, (count, left) in report.compacted.items():
        yield f"  {count:>8,}  small files of {table} {verb} {left:,}"
    yield from describe_expired(report.outdated, is_dry_run=report.is_dry_run)
    for table, count in report.expired.items():
        yield f"  {count:>8,}  superseded files of {table} past their grace"
    if report.physical_before is not None:
        before = f"{report.physical_before:%Y-%m-%d %H:%M} UTC"
        yield f"What was replaced or erased before {before} is in no file of the lake any more."
    if not report.is_dry_run:
        yield f"  {report.forgotten:>8,}  rows of the ledger older than {LEDGER_HISTORY.days} days"


def _find_dead_runs(
    ledger: Ledger, before: datetime, busy: Collection[str], files: Collection[LandedObject]
) -> dict[str, frozenset[str]]:
    """Find runs with registered drafts that gave no sign of life: no scratch, no new draft, no publish."""
    fresh = {each.key for each in files if each.modified_at >= before}
    alive = {publish.run_id for publish in unfinished_publishes(ledger)} | set(busy)
    stale = stale_drafts(ledger, before)
    return {run: paths for run, paths in stale.items() if run not in alive and not paths & fresh}


def _carry_out(settings: Settings, ledger: Ledger, fence: Fence, plan: UpkeepPlan) -> None:
    """Delete the plan's files, then discard the drafts: a run that lives after all finds its files gone."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    scratch = open_store(settings.storage.scratch_uri, settings.storage.options)
    for store, objects in ((lake, plan.strays), (scratch, plan.scratch)):
        check_fence(ledger, fence)
        for each in objects:
            delete_object(store, each.key)
    for path in plan.temporaries:
        with explain_errors(lake, str(path), is_write=True):
            path.unlink(missing_ok=True)
    _remove_empty_folders(scratch, plan.idle_runs)
    for run_id in plan.dead_runs:
        check_fence(ledger, fence)
        discard_drafts_of_run(ledger, run_id)


def _remove_empty_folders(scratch: Store, run_ids: Collection[str]) -> None:
    for run_id in run_ids if scratch.is_local else ():
        folder = Path(scratch.path_of(run_id))
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _expire(settings: Settings, ledger: Ledger, fence: Fence) -> dict[str, int]:
    lake = open_store(settings.storage.lake, settings.storage.options)
    expired = {}
    for table in TABLES:
        check_fence(ledger, fence)
        delta = find_table(lake, table)
        if delta is not None:
            expired[table.name] = expire_history(delta, settings.retention.replaced_hours)
    return expired


def _count_compacted(compactions: Collection[Compaction]) -> dict[str, tuple[int, int]]:
    return {each.table.name: (len(each.files), len(each.groups)) for each in compactions}


def _report(plan: UpkeepPlan, older_than_hours: float, *, is_dry_run: bool) -> UpkeepReport:
    return UpkeepReport(
        is_dry_run=is_dry_run,
        older_than_hours=older_than_hours,
        strays=len(plan.strays),
        stray_bytes=sum(each.size for each in plan.strays),
        scratch_runs=len(plan.idle_runs),
        scratch_bytes=sum(each.size for each in plan.scratch),
        temporaries=len(plan.temporaries),
        dead_runs=len(plan.dead_runs),
    )
