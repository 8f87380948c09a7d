"""DuckDB alone, on all cores: parse, cast, dedupe and `COPY … PARTITION_BY`, in one statement of SQL."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

from benchmarks.contenders.columns import BOOLEANS, IDENTITY, MONEY, TIMES, list_files, read_names

_TYPES = (
    dict.fromkeys(TIMES, "timestamp")
    | dict.fromkeys(BOOLEANS, "boolean")
    | dict.fromkeys(MONEY, "decimal(28, 10)")
)


def ingest_landing(landing: Path, output: Path) -> None:
    """Write the events of a landing as Parquet; unreadable lines are dropped."""
    files = list_files(landing)
    names = read_names(files[0])
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    chosen = ", ".join(_cast(name) for name in names)
    connection = duckdb.connect(
        config={"threads": len(os.sched_getaffinity(0)), "preserve_insertion_order": False}
    )
    connection.execute("set enable_progress_bar = false")
    connection.execute(
        f"""
        copy (
            select {chosen}, cast(try_cast(event_time as timestamp) as date) as event_date
            from read_json(
                {files}, format = 'newline_delimited', columns = {{{columns}}}, ignore_errors = true
            )
            where app_id is not null and event_time is not null
            qualify row_number() over (partition by {", ".join(IDENTITY)}) = 1
        ) to '{output}' (
            format parquet, compression zstd, compression_level 1, partition_by (app_id, event_date)
        )
        """  # noqa: S608 - our own names and paths
    )


def _cast(name: str) -> str:
    return f'try_cast("{name}" as {_TYPES[name]}) as "{name}"' if name in _TYPES else f'"{name}"'


if __name__ == "__main__":
    ingest_landing(Path(sys.argv[1]), Path(sys.argv[2]))
