"""Writes `sql/ddl/`, the statements by which other engines know the lake: `python -m etl.lake.ddl`.

Engines that read Delta take columns from its log, so they are only told where the tables lie. The copy that
`pushlift lake export` makes is plain Parquet, whose columns they must be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from etl.lake.library import find_sql_folder
from etl.lake.meanings import PURPOSES, explain_column
from etl.lake.spelling import ATHENA, TRINO, Dialect
from etl.lake.tables import EVENTS, TABLES, UTC_TYPE, file_schema

LAKE: Final = "s3://my-bucket/lake"
EXPORT: Final = "s3://my-bucket/export"
# Glue refuses longer comments.
_MOST_BYTES: Final = 255
_APOSTROPHE: Final = "\u2019"
_MADE_BY: Final = f"""\
-- Made by `python -m etl.lake.ddl` from etl/appsflyer/fields.py and etl/lake/tables.py; change those instead.
-- Write your own addresses for {LAKE} and {EXPORT}, and your schema for pushlift.
"""
_ATHENA_HEAD: Final = """
-- The lake's tables, through Delta (engine version 3). Athena takes the columns from the log.
create database if not exists pushlift;
"""
_ATHENA_TABLE: Final = """
-- {purpose}
create external table pushlift.{name}
location '{lake}/{name}/'
tblproperties ('table_type' = 'DELTA');
"""
_ATHENA_EXPORT: Final = """
-- The copy that `pushlift lake export {export}` makes. After each export:
-- msck repair table pushlift.events_export;
create external table pushlift.events_export (
{columns}
)
partitioned by (
{partitions}
)
stored as parquet
location '{export}/';
"""
_TRINO_HEAD: Final = """
-- The lake's tables, in a catalog `delta` of the Delta Lake connector, which takes the columns from the log.
-- The catalog needs delta.register-table-procedure.enabled=true.
create schema if not exists delta.pushlift;
"""
_TRINO_TABLE: Final = """
-- {purpose}
call delta.system.register_table(
    schema_name => 'pushlift',
    table_name => '{name}',
    table_location => '{lake}/{name}'
);
"""
_TRINO_EXPORT: Final = """
-- The copy that `pushlift lake export {export}` makes, in a catalog `hive` of the Hive
-- connector. Its instants are UTC, in milliseconds: the connector's precision unless hive.timestamp-precision
-- says otherwise. After each export:
-- call hive.system.sync_partition_metadata('pushlift', 'events_export', 'FULL');
create schema if not exists hive.pushlift;

create table hive.pushlift.events_export (
{columns},
{partitions}
)
with (
    external_location = '{export}/',
    format = 'PARQUET',
    partitioned_by = array['app_id', 'event_date']
);
"""


def render_athena() -> str:
    """Render the statements for Athena, whose catalog is Glue."""
    tables = "".join(
        _ATHENA_TABLE.format(name=table.name, purpose=PURPOSES[table.name], lake=LAKE) for table in TABLES
    )
    columns = {name: _spell_columns(ATHENA, schema) for name, schema in _list_export().items()}
    return _MADE_BY + _ATHENA_HEAD + tables + _ATHENA_EXPORT.format(export=EXPORT, **columns)


def render_trino() -> str:
    """Render the statements for Trino."""
    tables = "".join(
        _TRINO_TABLE.format(name=table.name, purpose=PURPOSES[table.name], lake=LAKE) for table in TABLES
    )
    columns = {name: _spell_columns(TRINO, schema) for name, schema in _list_export().items()}
    return _MADE_BY + _TRINO_HEAD + tables + _TRINO_EXPORT.format(export=EXPORT, **columns)


FILES: Final[Mapping[str, Callable[[], str]]] = {"athena.sql": render_athena, "trino.sql": render_trino}


def write_ddl(folder: Path | None = None) -> None:
    """Write the files, making their folder where needed."""
    folder = folder or find_sql_folder() / "ddl"
    folder.mkdir(parents=True, exist_ok=True)
    for name, render in FILES.items():
        (folder / name).write_text(render(), encoding="utf-8")


def _list_export() -> Mapping[str, pa.Schema]:
    """Give the columns inside the export's files, and those in its folders' names."""
    partitions = pa.schema([EVENTS.schema.field(name) for name in EVENTS.partition_by])
    return {"columns": file_schema(EVENTS), "partitions": partitions}


def _spell_columns(dialect: Dialect, schema: pa.Schema) -> str:
    return ",\n".join(_spell_column(dialect, each) for each in schema)


def _spell_column(dialect: Dialect, column: pa.Field) -> str:
    meaning = _shorten(explain_column(EVENTS.name, column.name))
    kind = "timestamp(3)" if dialect is TRINO and column.type == UTC_TYPE else dialect.spell(column.type)
    return f"    {dialect.quote_name(column.name)} {kind} comment '{meaning}'"


def _shorten(meaning: str) -> str:
    """Cut a meaning to what Glue keeps of a comment, by sentences; engines escape quotes differently."""
    told = meaning.replace("'", _APOSTROPHE)
    while len(told.encode()) > _MOST_BYTES:
        told = f"{told.rpartition('. ')[0]}."
    return told


if __name__ == "__main__":
    write_ddl()
