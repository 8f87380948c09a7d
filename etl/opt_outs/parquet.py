"""Read lists that are Parquet files; rows are numbered by their place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.opt_outs.codes import make_unreadable
from etl.opt_outs.columns import Column, map_columns
from etl.opt_outs.decoding import LARGEST_BYTES
from etl.opt_outs.records import Row
from etl.opt_outs.rows import make_row

_BATCH_ROWS = 65_536


def read_parquet(data: bytes, largest: int = LARGEST_BYTES) -> Callable[[], Iterator[Row]]:
    """Open a Parquet file and give what reads its rows; columns that are not heeded are not read.

    Raises UnreadableList for a damaged file, one that is too large, and one without a column of ids.
    """
    try:
        opened = pq.ParquetFile(pa.BufferReader(data))
        names = opened.schema_arrow.names
        size = sum(opened.metadata.row_group(group).total_byte_size for group in range(opened.num_row_groups))
    except (pa.ArrowException, OSError, ValueError):
        # The last one is of names that are no UTF-8.
        raise make_unreadable("parquet_damaged") from None
    if size > largest:
        raise make_unreadable("too_large")
    columns = map_columns(tuple(names))
    heeded = [name for name, column in zip(names, columns, strict=True) if column is not None]
    chosen = [column for column in columns if column is not None]
    if len(set(heeded)) < len(heeded):
        raise make_unreadable("repeated_column")
    return lambda: _read_rows(opened, heeded, chosen)


def _read_rows(opened: pq.ParquetFile, names: list[str], columns: Sequence[Column]) -> Iterator[Row]:
    place = 0
    try:
        for batch in opened.iter_batches(batch_size=_BATCH_ROWS, columns=names):
            cells = [
                _list_values(batch.column(name), column) for name, column in zip(names, columns, strict=True)
            ]
            for values in zip(*cells, strict=True):
                place += 1
                yield make_row(place, columns, values)
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        # The last two are of times that Python cannot hold.
        raise make_unreadable("parquet_damaged") from None


def _list_values(column: pa.Array, meaning: Column) -> list[Any]:
    """Give a column's values for Python; bytes that are text as text.

    Parquet's own UUIDs have no casing, so they are ids only where the column's name gives their type.
    """
    kind = column.type
    if isinstance(kind, pa.UuidType):
        return [str(value) if value and meaning.id_type else value for value in column.to_pylist()]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [_decode(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # Python has no nanoseconds.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    return list(column.to_pylist())


def _decode(value: bytes | None) -> object:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return value
