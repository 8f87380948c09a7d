"""How rows of `events` lie in a file: in which order, in which row groups, encoded how.

What analysts ask for most are conversions and money, a sixth of all rows: they come first, in row groups of
their own, so that a reader that filters on `topic` or revenue passes over the rest by the footer alone. With
the conversions lie the other events of retargeting, so that what comes after has one topic, which is none of
theirs. Small row groups would cost every reader more than they save, so few rows share the next kind's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import ConservationError
from etl.lake.families import list_filled
from etl.lake.tables import DICTIONARY, EVENTS, file_schema, is_low_cardinality

LOW_CARDINALITY: Final = tuple(name for name in file_schema(EVENTS).names if is_low_cardinality(name))
WRITE_SCHEMA: Final = pa.schema(
    [
        pa.field(column.name, DICTIONARY if column.name in LOW_CARDINALITY else column.type)
        for column in file_schema(EVENTS)
    ]
)
_CONVERSION, _RETARGETING, _PAID, _OTHER = range(4)
# What few ask for must be worth passing over; and what many ask for, to have row groups of a kind each: one
# more costs what reading some thousand rows does, and DuckDB takes 2,048 at a time.
LEAST_OTHER_ROWS: Final = 1_024
LEAST_GROUP_ROWS: Final = 2_048
_KINDS: Final = 4
MOST_GROUP_ROWS: Final = 131_072
# Of each row group, in the footer, which goes when the file goes; the log holds fewer (`tables.EVENTS`).
_FOOTER_STATISTICS: Final = (*EVENTS.statistics, "event_name", "event_revenue", "event_revenue_usd")
# Digits of digests, which whatever counts an occurrence once reads: zstd would halve them (a fifth of a
# file), and give them back so slowly that it was up to a seventh of such a query.
_NOT_COMPRESSED: Final = ("event_id", "occurrence_id")
_USUAL: Final = "install_in_app_event"
_IN_APP: Final = "in_app_event"
# What has no topic lies with the events of retargeting: its kind is not known either.
_UNKNOWN: Final = "unknown_in_app_event"
ORDERED_BY: Final = ("topic", "event_name", "event_time", "event_revenue", "event_revenue_usd")


def open_events_writer(sink: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a writer of an `events` file for rows of a schema: the file's columns, as dictionaries or not."""
    return pq.ParquetWriter(
        sink,
        schema,
        compression={path: _choose_codec(path) for field in schema for path in _list_leaves(field)},
        use_dictionary=list(LOW_CARDINALITY),
        write_statistics=list(_FOOTER_STATISTICS),
        store_schema=False,
    )


def _choose_codec(path: str) -> str:
    return "none" if path in _NOT_COMPRESSED else "zstd"


def _list_leaves(field: pa.Field[pa.DataType]) -> list[str]:
    """List the paths of a column's values, as Parquet names them."""
    if pa.types.is_map(field.type):
        return [f"{field.name}.key_value.{part}" for part in ("key", "value")]
    return [f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name]


def write_sorted(writer: pq.ParquetWriter, rows: pa.Table) -> pa.Table:
    """Write rows in order, and give them as they were written."""
    return write_runs(writer, [_take(rows, find_order(rows))])


def write_runs(writer: pq.ParquetWriter, runs: Sequence[pa.Table]) -> pa.Table:
    """Write runs of rows, each in order, in row groups of a kind each; gives all rows in that order.

    Nothing is copied, so within a kind run follows run. Columns that the writer has not are left out. Raises
    ConservationError where one of these has a value.
    """
    bounds = [np.searchsorted(_tell_kinds(run), range(_KINDS + 1)).tolist() for run in runs]
    parts = [
        [run.slice(ends[kind], ends[kind + 1] - ends[kind]) for run, ends in zip(runs, bounds, strict=True)]
        for kind in range(_KINDS)
    ]
    written = pa.concat_tables([part for same in parts for part in same]).unify_dictionaries()
    columns = _leave_out(written, writer.schema.names)
    start = 0
    for count in _cut([sum(part.num_rows for part in same) for same in parts]):
        writer.write_table(columns.slice(start, count), row_group_size=MOST_GROUP_ROWS)
        start += count
    return written


def _leave_out(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    lost = [name for name in list_filled(rows) if name not in names]
    if lost:
        raise ConservationError(
            f"{', '.join(lost)} would be lost: the file leaves these columns out, but rows have values there."
        )
    return rows if len(names) == rows.num_columns else rows.select(names)


def find_order(rows: pa.Table, before: npt.NDArray[np.int32] | None = None) -> npt.NDArray[np.int64]:
    """Find the order of rows: by what stands before all, then kind, topic, event name and time, nulls last.

    Equal rows keep their order. A column that is not there is null.
    """
    kinds = _tell_kinds(rows)
    first = np.zeros_like(kinds) if before is None else before
    return np.lexsort((_read_times(rows), _rank(rows, "event_name"), _rank(rows, "topic"), kinds, first))


def _take(rows: pa.Table, order: npt.NDArray[np.int64]) -> pa.Table:
    """Bring rows into an order; those that are in it, and columns without a value, are not copied."""
    if np.all(np.diff(order) > 0):
        return rows
    places = pa.array(order)
    columns = [column if column.null_count == len(column) else column.take(places) for column in rows.columns]
    return pa.Table.from_arrays(columns, schema=rows.schema)


def _tell_kinds(rows: pa.Table) -> npt.NDArray[np.int8]:
    """Tell of each row whether it is a conversion, another event of retargeting, has revenue, or neither."""
    if "topic" not in rows.column_names:
        return np.full(rows.num_rows, _RETARGETING, dtype=np.int8)
    topics = pc.fill_null(rows["topic"].cast(pa.string()), _UNKNOWN)
    is_paid = np.zeros(rows.num_rows, dtype=bool)
    for name in ("event_revenue", "event_revenue_usd"):
        if name in rows.column_names:
            is_paid |= pc.is_valid(rows[name]).to_numpy()
    kinds = np.where(is_paid, _PAID, _OTHER)
    kinds[~pc.equal(topics, _USUAL).to_numpy()] = _RETARGETING
    kinds[~pc.ends_with(topics, _IN_APP).to_numpy()] = _CONVERSION
    return kinds.astype(np.int8)


def _read_times(rows: pa.Table) -> npt.NDArray[np.int64]:
    if "event_time" not in rows.column_names:
        return np.zeros(rows.num_rows, dtype=np.int64)
    times: npt.NDArray[np.int64] = pc.fill_null(
        rows["event_time"].cast(pa.int64()), np.iinfo(np.int64).max
    ).to_numpy()
    return times


def _rank(rows: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Rank each value of a column of texts among the distinct ones; a null comes last."""
    if name not in rows.column_names:
        return np.zeros(rows.num_rows, dtype=np.int64)
    whole = rows[name].combine_chunks()
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = pa.concat_arrays(coded.chunks)
    ranks = np.empty(len(coded.dictionary) + 1, dtype=np.int64)
    ranks[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(coded.dictionary))
    ranks[-1] = len(coded.dictionary)
    ranked: npt.NDArray[np.int64] = ranks[pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)]
    return ranked


def _cut(counts: list[int]) -> Iterator[int]:
    """Cut rows, counted by kind, into groups that end where kinds do; too few share a group with the next."""
    conversions, paid, others = sum(counts[:_PAID]), counts[_PAID], counts[_OTHER]
    if min(conversions + paid, others) < LEAST_OTHER_ROWS:
        groups = [conversions + paid + others]
    elif min(conversions, paid) < LEAST_GROUP_ROWS:
        groups = [conversions + paid, others]
    else:
        groups = [conversions, paid, others]
    yield from (each for each in groups if each)
