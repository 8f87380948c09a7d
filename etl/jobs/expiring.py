"""The story of what is past its retention: whole days of events, messages in quarantine, landed objects.

Events and quarantine go in one publish, recorded before it is made, like any other change of the lake: a kill
leaves all or nothing of it, and readers of an older version keep their files for the grace. Landed objects go
one by one, only those that are finished and of which nothing is held; what one of them published stays. So do
files of the Pull API, and details of their comparisons.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.jobs.discovery import Window, discover_objects
from etl.lake.drafts import DraftFile
from etl.lake.find_wanted import find_rows
from etl.lake.history import FindRows
from etl.lake.plans import PublishPlan, RemovedFile
from etl.lake.publish import publish_drafts
from etl.lake.replace import PublishedFile, name_successors, published_files, rewrite_without
from etl.lake.tables import EVENTS, QUARANTINE, SETTLED_TABLES, find_table, open_or_create
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.ledger.held import list_batches
from etl.ledger.locks import Fence, check_fence
from etl.ledger.objects import unfinished_objects
from etl.settings import Settings
from etl.stores import LandedObject, Store, delete_object, list_present, open_store

_KEY_COLUMNS: Final = ("landed_at",)


@dataclass(frozen=True, slots=True)
class Expired:
    """What is past its retention: rows and files of events, rows of quarantine, objects and bytes.

    `pulled` are files of the Pull API.
    """

    events: int = 0
    event_files: int = 0
    quarantine: int = 0
    landed: int = 0
    landed_bytes: int = 0
    pulled: int = 0
    pulled_bytes: int = 0


@dataclass(frozen=True, slots=True)
class ExpiryPlan:
    """What is to go: files of events with their rows, of quarantine with such rows, objects, Pull files."""

    events: tuple[tuple[PublishedFile, int], ...] = ()
    quarantine: tuple[tuple[PublishedFile, int], ...] = ()
    landed: tuple[LandedObject, ...] = ()
    pulled: tuple[LandedObject, ...] = ()

    @property
    def expired(self) -> Expired:
        """Count it."""
        return Expired(
            events=sum(rows for _, rows in self.events),
            event_files=len(self.events),
            quarantine=sum(rows for _, rows in self.quarantine),
            landed=len(self.landed),
            landed_bytes=sum(each.size for each in self.landed),
            pulled=len(self.pulled),
            pulled_bytes=sum(each.size for each in self.pulled),
        )


def plan_expiry(settings: Settings, ledger: Ledger, now: datetime) -> ExpiryPlan:
    """Find what is past its retention; nothing is changed."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    days = settings.retention
    return ExpiryPlan(
        () if days.events_days is None else tuple(_find_events(lake, _go_back(now, days.events_days).date())),
        () if days.quarantine_days is None else _find_quarantine(lake, _go_back(now, days.quarantine_days)),
        () if days.landing_days is None else _find_landed(settings, ledger, _go_back(now, days.landing_days)),
        () if days.pull_days is None else _find_pulled(settings, ledger, _go_back(now, days.pull_days)),
    )


def expire(
    settings: Settings, ledger: Ledger, fence: Fence, plan: ExpiryPlan, run: tuple[str, datetime]
) -> None:
    """Let a plan's rows and objects go, under the publish lock; `run` is the run's id and its present.

    Repeating it ends what was cut off. Raises LakeMovedOn where a foreign writer published meanwhile.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    run_id, now = run
    if plan.events or plan.quarantine:
        versions = tuple((table.name, open_or_create(lake, table).version()) for table in SETTLED_TABLES)
        removed = [_remove(file, rows) for file, rows in plan.events]
        drafts: tuple[DraftFile, ...] = ()
        if plan.quarantine:
            pairs = name_successors([file for file, _ in plan.quarantine], f"{run_id}-{secrets.token_hex(2)}")
            names = [f"{QUARANTINE.name}/{path}" for _, path in pairs]
            register_drafts(ledger, [Draft(name, QUARANTINE.name, run_id, 0, now) for name in names])
            before = _go_back(now, settings.retention.quarantine_days or 0)
            left = rewrite_without(lake, QUARANTINE, pairs, _KEY_COLUMNS, _mark_older(before))
            removed, drafts = [*removed, *left.removed], left.drafts
        publish_drafts(
            lake, ledger, fence, PublishPlan(run_id, now, versions, drafts, (), removed=tuple(removed))
        )
    landing = open_store(settings.storage.landing, settings.storage.options)
    for landed in plan.landed:
        check_fence(ledger, fence)
        delete_object(landing, landed.key)
    pulled = open_store(settings.storage.pull, settings.storage.options)
    for landed in plan.pulled:
        check_fence(ledger, fence)
        delete_object(pulled, landed.key)


def describe_expired(found: Expired, *, is_dry_run: bool) -> Iterator[str]:
    """Describe in lines for people what is past its retention; nothing where nothing is."""
    would = "would be " if is_dry_run else ""
    counts = (
        (found.events, f"events {would}past their retention, in {found.event_files:,} files"),
        (found.quarantine, f"messages in quarantine {would}past their retention"),
        (found.landed, f"landed objects {would}past their retention ({found.landed_bytes / 1e6:,.1f} MB)"),
        (found.pulled, f"Pull files {would}past their retention ({found.pulled_bytes / 1e6:,.1f} MB)"),
    )
    yield from (f"  {count:>8,}  {what}" for count, what in counts if count)


def _go_back(now: datetime, days: int) -> datetime:
    return now.astimezone(UTC) - timedelta(days=days)


def _remove(file: PublishedFile, rows: int) -> RemovedFile:
    return RemovedFile(EVENTS.name, file.path, file.size, file.partition, rows)


def _find_events(lake: Store, before: date) -> Iterator[tuple[PublishedFile, int]]:
    """Find the files of whole days before one."""
    delta = find_table(lake, EVENTS)
    if delta is None:
        return
    for action in pa.table(delta.get_add_actions(flatten=True)).to_pylist():
        partition = tuple((name, str(action[f"partition.{name}"])) for name in EVENTS.partition_by)
        if date.fromisoformat(dict(partition)["event_date"]) < before:
            file = PublishedFile(unquote(action["path"]), action["size_bytes"], partition)
            yield file, action["num_records"]


def _find_quarantine(lake: Store, before: datetime) -> tuple[tuple[PublishedFile, int], ...]:
    delta = find_table(lake, QUARANTINE)
    if delta is None:
        return ()
    files = published_files(QUARANTINE, delta)
    found = find_rows(lake, QUARANTINE, files, _KEY_COLUMNS, _mark_older(before))
    return tuple((each.file, each.found) for each in found)


def _mark_older(before: datetime) -> FindRows:
    """Make the mark for messages that landed before an instant."""

    def find(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        marks: npt.NDArray[np.bool_] = (
            pc.less(batch["landed_at"], pa.scalar(before, batch["landed_at"].type))
            .fill_null(False)
            .to_numpy(zero_copy_only=False)
        )
        return marks

    return find


def _find_landed(settings: Settings, ledger: Ledger, before: datetime) -> tuple[LandedObject, ...]:
    """Find finished objects that landed before an instant, of which nothing is held."""
    landing = open_store(settings.storage.landing, settings.storage.options)
    found = discover_objects(landing, ledger, settings.ingest, Window(until=before), is_reprocess=True)
    unfinished = set(unfinished_objects(ledger, ((each.landed.uri, each.landed.version) for each in found)))
    held = {each.uri for batch in list_batches(ledger) for each in batch.waiting}
    return tuple(
        each.landed
        for each in found
        if (each.landed.uri, each.landed.version) not in unfinished and each.landed.uri not in held
    )


def _find_pulled(settings: Settings, ledger: Ledger, before: datetime) -> tuple[LandedObject, ...]:
    """Find files of the Pull API that were dropped before an instant, of which nothing is held."""
    store = open_store(settings.storage.pull, settings.storage.options)
    held = {each.uri for batch in list_batches(ledger) for each in batch.waiting}
    return tuple(each for each in list_present(store) if each.modified_at < before and each.uri not in held)
