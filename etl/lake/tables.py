"""The lake's tables: columns, partitions and properties, all derived from the one authority on fields.

Reader version 1, writer version 2: no deletion vectors, no `timestamp_ntz`, so that every Delta reader can
read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from etl.appsflyer.fields import BY_NAME, FIELDS, Field, Kind
from etl.lake.delta_errors import explain_delta_errors
from etl.stores import Store

UTC_TYPE = pa.timestamp("us", tz="UTC")
MONEY_TYPE = pa.decimal128(28, 10)
LIST_TYPE = pa.list_(pa.string())
MAP_TYPE = pa.map_(pa.string(), pa.string())
DICTIONARY = pa.dictionary(pa.int32(), pa.string())

_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.MONEY: MONEY_TYPE,
    Kind.UTC_TIME: UTC_TYPE,
    Kind.LOCAL_TIME: pa.string(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that pushlift adds: its type and, for the data dictionary, its meaning."""

    name: str
    type: pa.DataType
    meaning: str
    is_low_cardinality: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the lake.

    `statistics` are the columns whose ranges the log may hold, never an identifier.
    """

    name: str
    schema: pa.Schema
    partition_by: tuple[str, ...]
    statistics: tuple[str, ...]


COMPUTED_COLUMNS = (
    Column(
        "event_id",
        pa.string(),
        "Identity of the record: equal for resends and V1/V2 twins, different for the two halves of a"
        " retargeting pair.",
    ),
    Column(
        "occurrence_id",
        pa.string(),
        "Identity of what a person did, whatever media source it is told of: sum revenue once per"
        " occurrence.",
    ),
    Column("event_date", pa.date32(), "UTC day of `event_time`; a partition."),
    Column(
        "event_date_local",
        pa.date32(),
        "Day of `event_time` in the app's zone, which AppsFlyer's dashboards show; null where no zone is"
        " known.",
    ),
    Column(
        "event_utc_offset_minutes",
        pa.int32(),
        "Offset of the app's zone at `event_time`; local time is the instant plus this.",
    ),
    Column("install_utc_offset_minutes", pa.int32(), "The same for `install_time`."),
    Column("attributed_touch_utc_offset_minutes", pa.int32(), "The same for `attributed_touch_time`."),
    Column("device_download_utc_offset_minutes", pa.int32(), "The same for `device_download_time`."),
    Column("clock_issues", LIST_TYPE, "What was odd about the row's times; null where nothing was."),
    Column("quality_flags", LIST_TYPE, "Row rules that flagged the row; null where none did."),
    Column(
        "topic",
        pa.string(),
        "Push API topic: install, install_in_app_event, re_engagement, …",
        is_low_cardinality=True,
    ),
    Column("is_test_message", pa.bool_(), "Whether it is the vendor's Send Test message."),
    Column(
        "embedded_ids",
        LIST_TYPE,
        "Device ids found inside URLs or values that stand in no id column of the row; erasure looks here"
        " too.",
    ),
    Column("extra", MAP_TYPE, "Fields that the authority does not know, and texts that could not be typed."),
    Column("source_uri", pa.string(), "Landed object that the row came from.", is_low_cardinality=True),
    Column("source_position", pa.int64(), "Line, or ordinal, of the message in the object, from 1."),
    Column("loaded_at", UTC_TYPE, "Start of the run that published the row."),
    Column("load_id", pa.string(), "Row of `loads` that accounts for it.", is_low_cardinality=True),
)


def field_type(field: Field) -> pa.DataType:
    """Give the column type of a vendor's field."""
    return _TYPES[field.kind]


def _events_schema() -> pa.Schema:
    vendor = [pa.field(field.name, field_type(field)) for field in FIELDS]
    return pa.schema([*(pa.field(column.name, column.type) for column in COMPUTED_COLUMNS), *vendor])


EVENTS = Table(
    "events",
    _events_schema(),
    partition_by=("app_id", "event_date"),
    # Not event_name: an app may put anything into it, and the log would keep that.
    statistics=("event_time", "event_date_local", "topic", "loaded_at"),
)
QUARANTINE = Table(
    "quarantine",
    pa.schema(
        [
            ("quarantine_id", pa.string()),
            ("reason", pa.string()),
            ("field", pa.string()),
            ("raw", pa.string()),
            ("raw_encoding", pa.string()),
            ("app_id", pa.string()),
            ("message", MAP_TYPE),
            ("source_uri", pa.string()),
            ("source_version", pa.string()),
            ("source_position", pa.int64()),
            ("landed_at", UTC_TYPE),
            ("loaded_at", UTC_TYPE),
            ("load_id", pa.string()),
        ]
    ),
    partition_by=(),
    statistics=("reason", "landed_at", "loaded_at"),
)
LOADS = Table(
    "loads",
    pa.schema(
        [
            ("load_id", pa.string()),
            ("run_id", pa.string()),
            ("source_uri", pa.string()),
            ("source_version", pa.string()),
            ("size", pa.int64()),
            ("landed_at", UTC_TYPE),
            ("loaded_at", UTC_TYPE),
            ("status", pa.string()),
            ("error_code", pa.string()),
            *(
                (name, pa.int64())
                for name in ("messages", "published", "duplicates", "quarantined", "suppressed", "held")
            ),
        ]
    ),
    partition_by=(),
    statistics=("landed_at", "loaded_at", "status"),
)
CHECKS = Table(
    "checks",
    pa.schema(
        [
            ("run_id", pa.string()),
            ("checked_at", UTC_TYPE),
            ("app_id", pa.string()),
            ("event_date", pa.date32()),
            ("suite", pa.string()),
            ("rule_id", pa.string()),
            ("subject", pa.string()),
            ("severity", pa.string()),
            ("verdict", pa.string()),
            ("observed", pa.float64()),
            ("threshold", pa.string()),
            ("detail", pa.string()),
        ]
    ),
    partition_by=(),
    statistics=("checked_at", "severity", "verdict"),
)
# What each run saw of each app, a figure a row: drift is judged against the weeks before.
PROFILES = Table(
    "profiles",
    pa.schema(
        [
            ("run_id", pa.string()),
            ("profiled_at", UTC_TYPE),
            ("app_id", pa.string()),
            ("prefix", pa.string()),
            ("kind", pa.string()),
            ("name", pa.string()),
            ("value", pa.string()),
            ("rows", pa.int64()),
            ("present", pa.int64()),
        ]
    ),
    partition_by=(),
    statistics=("profiled_at", "kind"),
)
# What became of each postback, a row an outcome. Nothing in it leads to a person but the ids of `events`.
POSTBACKS = Table(
    "postbacks",
    pa.schema(
        [
            ("plan_id", pa.string()),
            ("position", pa.int64()),
            ("occurrence_id", pa.string()),
            ("event_id", pa.string()),
            ("app_id", pa.string()),
            ("liftoff_app_id", pa.string()),
            ("mode", pa.string()),
            ("event_date", pa.date32()),
            ("source_name", pa.string()),
            ("event_name", pa.string()),
            ("state", pa.string()),
            ("code", pa.string()),
            ("attempts", pa.int32()),
            ("status", pa.int32()),
            ("planned_at", UTC_TYPE),
            ("first_attempt_at", UTC_TYPE),
            ("settled_at", UTC_TYPE),
            ("exported_at", UTC_TYPE),
            ("run_id", pa.string()),
        ]
    ),
    partition_by=(),
    statistics=("event_date", "mode", "state", "exported_at"),
)
TABLES = (EVENTS, QUARANTINE, LOADS, CHECKS, PROFILES, POSTBACKS)
# What settling reads: a run that settled before one of these changed settles again.
SETTLED_TABLES = (EVENTS, QUARANTINE, LOADS)

_COMPUTED_LOW = frozenset(column.name for column in COMPUTED_COLUMNS if column.is_low_cardinality)


def is_low_cardinality(name: str) -> bool:
    """Tell whether a text column of `events` is worth a dictionary."""
    if name not in BY_NAME:
        return name in _COMPUTED_LOW
    return BY_NAME[name].is_low_cardinality and pa.types.is_string(field_type(BY_NAME[name]))


def file_schema(table: Table) -> pa.Schema:
    """Give the columns inside a table's Parquet files: all but the partitions, which the log holds."""
    return pa.schema([field for field in table.schema if field.name not in table.partition_by])


def table_uri(lake: Store, table: Table) -> str:
    """Name a table's folder."""
    return lake.uri_of(table.name)


def find_table(lake: Store, table: Table) -> DeltaTable | None:
    """Open a table at its newest version, or give None where the lake has none yet."""
    uri, options = table_uri(lake, table), dict(lake.delta_storage_options)
    with explain_delta_errors(uri):
        return DeltaTable(uri, storage_options=options) if DeltaTable.is_deltatable(uri, options) else None


def open_or_create(lake: Store, table: Table) -> DeltaTable:
    """Open a table, creating it empty where there is none; two creators at once are fine."""
    found = find_table(lake, table)
    if found is not None:
        return found
    try:
        with explain_delta_errors(table_uri(lake, table), is_write=True):
            return _create_table(lake, table)
    except DeltaError:
        found = find_table(lake, table)
        if found is None:
            raise
        return found


def _create_table(lake: Store, table: Table) -> DeltaTable:
    return DeltaTable.create(
        table_uri(lake, table),
        schema=table.schema,
        mode="ignore",
        partition_by=list(table.partition_by),
        name=table.name,
        configuration={
            "delta.dataSkippingStatsColumns": ",".join(table.statistics),
            # Superseded files may hold people who were erased, so neither they nor their log outlive a week.
            "delta.logRetentionDuration": "interval 7 days",
            "delta.deletedFileRetentionDuration": "interval 7 days",
            "delta.checkpointInterval": "50",
        },
        storage_options=dict(lake.delta_storage_options),
    )
