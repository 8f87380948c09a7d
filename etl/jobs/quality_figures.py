"""Gather the quality page's figures from the lake: by DuckDB, over the files of the period's days alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any, Final

import duckdb
import pyarrow.compute as pc
import pyarrow.dataset as ds

from etl.jobs.asking import QUALITY, ask, judge, read_query
from etl.lake.filesystems import open_filesystem
from etl.lake.info import list_live_files
from etl.lake.reading import Lake, LakeTable
from etl.lake.tables import CHECKS, EVENTS, LOADS, PROFILES, QUARANTINE, Table, find_table
from etl.reports.figures import (
    AuditedDay,
    CheckTally,
    DayEvents,
    FailedCheck,
    FlagCount,
    HeldBatch,
    HourEvents,
    LoadDay,
    NamedEvents,
    Period,
    QualityFigures,
    QuarantineDay,
    Sighting,
)

# A week of hours shows each hour of the day beside the same hour of the other days.
HOURLY_DAYS: Final = 7
# What appeared is told from what was always there by the weeks before the period.
DIARY_DAYS: Final = 28


def gather_figures(
    lake: Lake,
    period: Period,
    now: datetime,
    *,
    apps: Collection[str] = (),
    held: Sequence[HeldBatch] = (),
) -> QualityFigures:
    """Gather what the page shows of some apps (none named: all), from the lake's tables as they are now.

    Days come from the Delta log; hours, names and flags are read for `period.detail` alone. `held` are the
    batches that the ledger holds back now.
    """
    connection = _connect(lake, period, now, apps)
    try:
        connection.execute(read_query(QUALITY, "counts"))
        return QualityFigures(
            period=period,
            generated_at=now,
            chosen_apps=tuple(sorted(apps)),
            tallies=tuple(CheckTally(**judge(row)) for row in ask(connection, QUALITY, "tallies")),
            failures=tuple(FailedCheck(**judge(row)) for row in ask(connection, QUALITY, "failures")),
            audited_days=tuple(AuditedDay(**judge(row)) for row in ask(connection, QUALITY, "audited_days")),
            held=tuple(batch for batch in held if not apps or batch.app_id in apps),
            days=tuple(_count_days(lake, period, apps)),
            hours=tuple(HourEvents(**row) for row in ask(connection, QUALITY, "hours")),
            names=tuple(NamedEvents(**row) for row in ask(connection, QUALITY, "names")),
            quarantine=tuple(QuarantineDay(**row) for row in ask(connection, QUALITY, "quarantine")),
            flags=tuple(FlagCount(**row) for row in ask(connection, QUALITY, "flags")),
            flagged_events=next(ask(connection, QUALITY, "flagged"))["events"],
            sightings=tuple(Sighting(**row) for row in ask(connection, QUALITY, "sightings")),
            loads=tuple(LoadDay(**row) for row in ask(connection, QUALITY, "loads")),
        )
    finally:
        connection.close()


def _connect(lake: Lake, period: Period, now: datetime, apps: Collection[str]) -> duckdb.DuckDBPyConnection:
    """Open the lake's tables in DuckDB, with nothing in them but the period's rows of the chosen apps."""
    begins, ends = _midnight(period.first), _midnight(period.last + timedelta(days=1))
    chosen = [pc.field("app_id").isin(sorted(apps))] if apps else []
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
    connection.register(EVENTS.name, _open_events(lake, period.detail, apps))
    for table, column, since, wanted in (
        (CHECKS, "checked_at", begins, chosen),
        (QUARANTINE, "landed_at", begins, chosen),
        (LOADS, "loaded_at", begins, []),
        (PROFILES, "profiled_at", begins - timedelta(days=DIARY_DAYS), chosen),
    ):
        within = [pc.field(column) >= since, pc.field(column) < ends, *wanted]
        connection.register(f"asked_{table.name}", _open_table(lake, table).filter(reduce(and_, within)))
    for name, hour in _choose_hours(begins, min(now, ends)).items():
        connection.execute(f"SET VARIABLE {name} = TIMESTAMPTZ '{hour.isoformat()}'")
    connection.execute("SET enable_external_access = false")
    return connection


def _open_table(lake: Lake, table: Table) -> ds.Dataset:
    return LakeTable(lake.store, table).dataset()


def _open_events(lake: Lake, days: Period, apps: Collection[str]) -> ds.Dataset:
    """Open `events` with the files of some days alone: a year of hourly runs has too many to look at each."""
    delta = find_table(lake.store, EVENTS)
    if delta is None:
        return _open_table(lake, EVENTS)
    wanted: list[tuple[str, str, Any]] = [
        ("event_date", ">=", str(days.first)),
        ("event_date", "<=", str(days.last)),
    ]
    if apps:
        wanted.append(("app_id", "in", sorted(apps)))
    return delta.to_pyarrow_dataset(
        file_pruning_predicate=wanted, filesystem=open_filesystem(lake.store, EVENTS.name)
    )


def _count_days(lake: Lake, period: Period, apps: Collection[str]) -> Iterator[DayEvents]:
    """Count the events of each app and day from the Delta log; no file is opened."""
    delta = find_table(lake.store, EVENTS)
    counts = Counter[tuple[str, date]]()
    for file in [] if delta is None else list_live_files(EVENTS, delta):
        day = date.fromisoformat(file.partition["event_date"])
        if period.first <= day <= period.last and (not apps or file.partition["app_id"] in apps):
            counts[file.partition["app_id"], day] += file.rows
    yield from (DayEvents(app_id, day, events) for (app_id, day), events in sorted(counts.items()))


def _choose_hours(begins: datetime, ends: datetime) -> Mapping[str, datetime]:
    """Choose the hours that are shown one by one: complete ones, of the last days."""
    last = ends.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    first = max(begins, _midnight(last.date()) - timedelta(days=HOURLY_DAYS - 1))
    return {"first_hour": first, "last_hour": last}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
