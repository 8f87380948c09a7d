"""What the lake holds: versions, files, rows and days, all from the Delta log; no data file is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable

from etl.lake.tables import EVENTS, TABLES, Table, find_table
from etl.stores import Store


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table's newest version in numbers; `version` is None where there is no table yet."""

    name: str
    version: int | None
    files: int = 0
    rows: int = 0
    bytes: int = 0
    partitions: int = 0


@dataclass(frozen=True, slots=True)
class AppInfo:
    """What `events` holds of one app, and its first and last UTC day."""

    app_id: str
    first_date: str
    last_date: str
    rows: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A file of a table's version: its path in the table's folder, size, rows and partition."""

    path: str
    bytes: int
    rows: int
    partition: Mapping[str, str]


def describe_tables(lake: Store) -> list[TableInfo]:
    """Describe every table."""
    return [_describe(table, find_table(lake, table)) for table in TABLES]


def describe_apps(lake: Store) -> list[AppInfo]:
    """Describe what `events` holds, app by app."""
    delta = find_table(lake, EVENTS)
    groups: dict[str, list[LiveFile]] = {}
    for file in [] if delta is None else list_live_files(EVENTS, delta):
        groups.setdefault(file.partition["app_id"], []).append(file)
    return [_sum_app(app_id, files) for app_id, files in sorted(groups.items())]


def list_live_files(table: Table, delta: DeltaTable) -> list[LiveFile]:
    """List the files of a table's version."""
    # Not pa.table(): that imports pandas to ask whether it was given a frame.
    actions = pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()
    partitions = [f"partition.{name}" for name in table.partition_by]
    wanted = actions.select(["path", "size_bytes", "num_records", *partitions])
    return [
        LiveFile(
            action["path"],
            action["size_bytes"],
            action["num_records"] or 0,
            {name: str(action[f"partition.{name}"]) for name in table.partition_by},
        )
        for action in wanted.to_pylist()
    ]


def _describe(table: Table, delta: DeltaTable | None) -> TableInfo:
    if delta is None:
        return TableInfo(table.name, None)
    files = list_live_files(table, delta)
    return TableInfo(
        name=table.name,
        version=delta.version(),
        files=len(files),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        partitions=len({tuple(file.partition.values()) for file in files}),
    )


def _sum_app(app_id: str, files: Sequence[LiveFile]) -> AppInfo:
    days = [file.partition["event_date"] for file in files]
    return AppInfo(
        app_id=app_id,
        first_date=min(days),
        last_date=max(days),
        rows=sum(file.rows for file in files),
        files=len(files),
        bytes=sum(file.bytes for file in files),
    )
