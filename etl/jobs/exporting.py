"""The story of an export: a registered copy of `events` as plain Parquet in folders by app and day.

It is registered in the ledger before its first byte, so that erasure reaches it later; and only what an
export wrote is ever replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

import pyarrow.dataset as ds

from etl.errors import UsageError
from etl.jobs.runs import name_run
from etl.lake.export import ExportPartition, name_strangers, write_partition
from etl.lake.info import LiveFile, list_live_files
from etl.lake.reading import Lake, open_lake
from etl.lake.tables import EVENTS, find_table
from etl.ledger.database import Ledger
from etl.ledger.exports import begin_export, find_export, finish_export
from etl.ledger.holding import hold_lock
from etl.ledger.locks import check_fence
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.settings.locations import is_within
from etl.stores import Store, delete_object, list_present, open_store

LOCK_SECONDS: Final = 60.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ExportSelection:
    """What of `events` to export: of some apps (none named: all), from and to a UTC day, both included."""

    apps: tuple[str, ...] = ()
    from_date: date | None = None
    to_date: date | None = None

    def holds(self, app_id: str, event_date: str) -> bool:
        """Tell whether a partition is chosen."""
        day = date.fromisoformat(event_date)
        return (
            (not self.apps or app_id in self.apps)
            and (self.from_date is None or day >= self.from_date)
            and (self.to_date is None or day <= self.to_date)
        )

    def describe(self) -> str:
        """Say what is chosen."""
        days = f"{self.from_date or 'first day'} to {self.to_date or 'last day'}"
        return f"{', '.join(self.apps) or 'all apps'}, {days}"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """An export in numbers; `replaced` counts the files of the export that was at the target before."""

    target: str
    events_version: int
    partitions: int
    rows: int
    replaced: int


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The chosen partitions of one version of `events`."""

    version: int
    dataset: ds.Dataset
    partitions: tuple[ExportPartition, ...]


def export_lake(
    settings: Settings,
    target_uri: str,
    selection: ExportSelection = ExportSelection(),
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> ExportReport:
    """Export chosen partitions of `events` to a folder or URI.

    Raises UsageError for a target that lies in a store of ours, or holds what no registered export wrote.
    LockHeld while another export writes there.
    """
    target = open_store(target_uri, settings.storage.options)
    refuse_own_stores(settings, target)
    ledger = open_current_ledger(settings.storage.ledger)
    with hold_lock(ledger, f"export {target.uri}", LOCK_SECONDS, 0) as fence:
        old = find_replaceable(ledger, target)
        snapshot = _take_snapshot(open_lake(settings), selection)
        begin_export(ledger, target.uri, selection.describe(), snapshot.version)
        # The old files go first: a reader sees too little for a while, never anything twice.
        for key in old:
            delete_object(target, key)
        stem = name_run(now or datetime.now(UTC))
        rows = _write_all(
            snapshot, target, stem, partial(check_fence, ledger, fence), progress or _tell_nobody
        )
        finish_export(ledger, target.uri, files=len(snapshot.partitions), rows=rows)
    return ExportReport(target.uri, snapshot.version, len(snapshot.partitions), rows, len(old))


def refuse_own_stores(settings: Settings, target: Store) -> None:
    """Raise UsageError for a target in, or around, the landing, the lake or the opt-outs."""
    storage = settings.storage
    for name in ("landing", "lake", "opt_outs"):
        own = open_store(getattr(storage, name), storage.options).uri
        if is_within(target.uri, own) or is_within(own, target.uri):
            raise UsageError(f"{target.uri} overlaps storage.{name} ({own}); name a folder of its own.")


def find_replaceable(ledger: Ledger, target: Store) -> list[str]:
    """List what an earlier export left at the target; UsageError for anything else there."""
    keys = [each.key for each in list_present(target)]
    if not keys:
        return []
    if find_export(ledger, target.uri) is None:
        raise UsageError(
            f"{target.uri} is not empty and no export of this ledger; name an empty or a new folder."
        )
    strangers = name_strangers(keys)
    if strangers:
        raise UsageError(
            f"{target.uri} holds {strangers[0]}, which no export wrote"
            f" ({len(strangers)} such objects); move it away."
        )
    return keys


def describe_export(report: ExportReport) -> Iterator[str]:
    """Describe an export in lines for people."""
    yield f"Exported {report.rows:,} events in {report.partitions:,} partitions to {report.target}"
    yield f"  events version {report.events_version}; registered, so that erasure reaches it"
    if report.replaced:
        yield f"  replaced {report.replaced:,} files of the export that was there"


def _take_snapshot(lake: Lake, selection: ExportSelection) -> _Snapshot:
    delta = find_table(lake.store, EVENTS)
    if delta is None:
        raise UsageError("The lake has no events yet; run pushlift ingest first.")
    partitions = _choose_partitions(list_live_files(EVENTS, delta), selection)
    return _Snapshot(delta.version(), lake.events.dataset_of(delta), tuple(partitions))


def _write_all(
    snapshot: _Snapshot, target: Store, stem: str, check: Callable[[], None], tell: Progress
) -> int:
    total, rows = sum(each.rows for each in snapshot.partitions), 0
    for partition in snapshot.partitions:
        tell("export", rows, total)
        check()
        rows += write_partition(snapshot.dataset, target, partition, stem)
    tell("export", rows, total)
    return rows


def _choose_partitions(files: Sequence[LiveFile], selection: ExportSelection) -> list[ExportPartition]:
    rows: Counter[tuple[str, str]] = Counter()
    for file in files:
        rows[file.partition["app_id"], file.partition["event_date"]] += file.rows
    return [
        ExportPartition(app, day, count)
        for (app, day), count in sorted(rows.items())
        if selection.holds(app, day)
    ]


def _tell_nobody(_step: str, _done: int, _total: int) -> None:
    pass
