"""Gather what apps' pages show of the lake: rows are read once for all apps, by DuckDB."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb

from etl.jobs.asking import QUALITY, REPORTING, ask, judge, read_query
from etl.jobs.reporting.scanning import scan_events
from etl.lake.info import AppInfo, list_live_files
from etl.lake.reading import Lake, connect_duckdb
from etl.lake.tables import TABLES, Table, find_table
from etl.lake.upkeep import count_replaced
from etl.reports.app_figures import (
    AppDay,
    AppFigures,
    ClockIssue,
    LateDay,
    RefusedMessages,
    SalesDay,
    TableState,
    ZoneShare,
)
from etl.reports.figures import CheckTally, FailedCheck, LoadDay, NamedEvents, Period

ONE_DAY: Final = timedelta(days=1)
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of the figures: the query that it comes from, and what is made of an app's rows."""

    field: str
    query: str
    give: Callable[[Rows], Any]
    folder: Path = REPORTING


def _each(kind: Callable[..., Any]) -> Callable[[Rows], Any]:
    return lambda rows: tuple(kind(**_without_app(row)) for row in rows)


def _sum(column: str) -> Callable[[Rows], Any]:
    return lambda rows: sum(row[column] for row in rows)


def _without_app(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "app_id"}


_PARTS: Final = (
    _Part("days", "days", _each(AppDay)),
    _Part("names", "names", lambda rows: tuple(NamedEvents(**row) for row in rows)),
    _Part("zones", "zones", _each(ZoneShare)),
    _Part("test_messages", "tests", _sum("records")),
    _Part("utc_records", "totals", _sum("records")),
    _Part("utc_occurrences", "totals", _sum("occurrences")),
    _Part("clock_issues", "clock_issues", _each(ClockIssue)),
    _Part("doubted_records", "doubted", _sum("records")),
    _Part("sales", "sales", _each(SalesDay)),
    _Part("late_days", "lateness", _each(LateDay)),
    _Part("quarantined", "quarantine", _each(RefusedMessages)),
    _Part("tallies", "tallies", lambda rows: tuple(CheckTally(**judge(row)) for row in rows), QUALITY),
    _Part("failures", "failures", lambda rows: tuple(FailedCheck(**judge(row)) for row in rows), QUALITY),
)


def read_offsets(lake: Lake, apps: Sequence[AppInfo]) -> dict[str, int]:
    """Read the offset in minutes of each app's zone, as most rows of its last day have it; 0 for none."""
    if not apps:
        return {}
    connection = _connect(lake, [each.app_id for each in apps])
    try:
        _set_list(connection, "days", sorted({each.last_date for each in apps}))
        found = {row["app_id"]: row["offset_minutes"] or 0 for row in ask(connection, REPORTING, "offsets")}
    finally:
        connection.close()
    return {each.app_id: found.get(each.app_id, 0) for each in apps}


def gather_lake_figures(
    lake: Lake, apps: Collection[str], period: Period, now: datetime
) -> dict[str, AppFigures]:
    """Gather what the pages of some apps show of a period, from the lake's tables as they are now."""
    chosen = sorted(set(apps))
    connection = _connect(lake, chosen, first_day=str(period.first), last_day=str(period.last))
    try:
        landed = {row["load_id"]: row["landed_ms"] for row in ask(connection, REPORTING, "landed")}
        scan = scan_events(lake.store, chosen, period.first - ONE_DAY, period.last + ONE_DAY, landed)
        for each in fields(scan):
            connection.register(each.name, getattr(scan, each.name))
        for name in ("told", "asked"):
            connection.execute(read_query(REPORTING, name))
        loads = tuple(LoadDay(**row) for row in ask(connection, QUALITY, "loads"))
        found = [_read_parts(connection, part) for part in _PARTS]
    finally:
        connection.close()
    return {
        app_id: AppFigures(
            app_id,
            period,
            now,
            loads=loads,
            **{
                part.field: part.give(by_app.get(app_id, []))
                for part, by_app in zip(_PARTS, found, strict=True)
            },
        )
        for app_id in chosen
    }


def describe_upkeep(lake: Lake, grace_hours: int) -> tuple[TableState, ...]:
    """Say how each table of the lake stands; only the Delta log is read."""
    return tuple(_describe_table(lake, table, grace_hours) for table in TABLES)


def _connect(lake: Lake, apps: Sequence[str], **variables: str) -> duckdb.DuckDBPyConnection:
    # What is asked is our own, and writes nothing but what it remembers itself.
    connection = connect_duckdb(lake, variables, reads_only=True)
    _set_list(connection, "apps", apps)
    return connection


def _set_list(connection: duckdb.DuckDBPyConnection, name: str, values: Sequence[str]) -> None:
    connection.execute(f"SET VARIABLE {name} = $texts::varchar[]", {"texts": list(values)})


def _read_parts(connection: duckdb.DuckDBPyConnection, part: _Part) -> dict[str, Rows]:
    found = defaultdict[str, Rows](list)
    for row in ask(connection, part.folder, part.query):
        found[row["app_id"]].append(row)
    return found


def _describe_table(lake: Lake, table: Table, grace_hours: int) -> TableState:
    delta = find_table(lake.store, table)
    if delta is None:
        return TableState(table.name, None, 0, 0, 0, None, 0, 0)
    files = list_live_files(table, delta)
    replaced, overdue = count_replaced(delta, grace_hours)
    newest = delta.history(1)
    changed_at = datetime.fromtimestamp(newest[0]["timestamp"] / 1000, UTC) if newest else None
    return TableState(
        table.name,
        delta.version(),
        len(files),
        sum(file.rows for file in files),
        sum(file.bytes for file in files),
        changed_at,
        replaced,
        overdue,
    )
