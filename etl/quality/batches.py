"""Read what an audit judges: the columns that matter, from exactly the files that would be committed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.lake.tables import EVENTS, file_schema, is_low_cardinality
from etl.quality.figures import count_figures, count_wrong_columns, needed_columns
from etl.quality.frames import make_frame
from etl.quality.suites import Suites
from etl.stores import Store
from etl.stores.translating import explain_errors

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

_NAMES = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class AppBatch:
    """One app's part of a run: the files that would be committed, and what became of its messages.

    `files` are keys within the lake's store, `partitions` their event dates (YYYY-MM-DD), in the same order.
    """

    app_id: str
    files: tuple[str, ...]
    partitions: tuple[str, ...]
    published: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch in figures, and the frame of its rows that a suite judges (None where it has none)."""

    batch: AppBatch
    figures: Mapping[str, float]
    frame: pd.DataFrame | None


def read_batch(lake: Store, batch: AppBatch, suites: Suites) -> ReadBatch:
    """Read a batch; raises StorageError where a file cannot be read."""
    rows, wrong = read_rows(lake, batch, suites.events.columns)
    days = _repeat_days(rows["event_date"])
    counts = {
        "published": batch.published,
        "duplicates": batch.duplicates,
        "quarantined": batch.quarantined,
        "wrong_columns": wrong,
    }
    frame = make_frame(rows, suites.events.columns, suites.events) if rows.num_rows else None
    return ReadBatch(batch, count_figures(rows, days, counts), frame)


def read_rows(lake: Store, batch: AppBatch, named: Collection[str]) -> tuple[pa.Table, int]:
    """Read the columns of the figures and those named; also counts columns that are not the table's.

    The partitions, which no file holds, are columns as well.
    """
    columns = needed_columns(named)
    tables, wrong = [_empty(columns)], 0
    for key, day in zip(batch.files, batch.partitions, strict=True):
        table, strangers = _read_file(lake, key, columns)
        tables.append(_add_partition(table, batch.app_id, date.fromisoformat(day)))
        wrong += strangers
    return pa.concat_tables(tables), wrong


def _read_file(lake: Store, key: str, columns: Collection[str]) -> tuple[pa.Table, int]:
    with explain_errors(lake, key), lake.fs.open(lake.path_of(key), "rb") as source:
        file = pq.ParquetFile(source, read_dictionary=_dictionaries(columns))
        schema = file.schema_arrow
        table = file.read(columns=[name for name in columns if name in schema.names])
        return _complete(table, columns), count_wrong_columns(key, schema)


def _complete(table: pa.Table, columns: Collection[str]) -> pa.Table:
    """Bring the columns into order and type; what is missing or cannot be converted is null."""
    schema = _schema(columns)
    return pa.Table.from_arrays(
        [
            _cast(table[field.name], field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _cast(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if column.type == type_:
        return column
    try:
        return column.cast(type_)
    except pa.ArrowException:
        return pa.chunked_array([pa.nulls(len(column), type_)])


def _dictionaries(columns: Collection[str]) -> list[str]:
    return [name for name in columns if is_low_cardinality(name)]


def _schema(columns: Collection[str]) -> pa.Schema:
    types = {field.name: field.type for field in file_schema(EVENTS)}
    few = set(_dictionaries(columns))
    return pa.schema([(name, _NAMES if name in few else types[name]) for name in columns])


def _empty(columns: Collection[str]) -> pa.Table:
    return _add_partition(_schema(columns).empty_table(), "", date(1970, 1, 1))


def _add_partition(table: pa.Table, app_id: str, day: date) -> pa.Table:
    places = np.zeros(table.num_rows, np.int32)
    apps = pa.DictionaryArray.from_arrays(places, pa.array([app_id], pa.string()))
    days = pa.repeat(pa.scalar(day, pa.date32()), table.num_rows)
    return table.append_column("app_id", apps).append_column("event_date", days)


def _repeat_days(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    days: npt.NDArray[np.int64] = column.cast(pa.int32()).to_numpy().astype(np.int64)
    return days
