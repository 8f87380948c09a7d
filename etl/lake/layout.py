"""How rows of `events` lie in a file: in which order, in which row groups, encoded how.

What analysts ask for most are conversions and money, a sixth of all rows: they come first, each in row groups
of its own, so that a reader that filters on `topic` or revenue passes over the rest by the footer alone.
Small row groups would cost every reader more than they save: each takes half a millisecond to open.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake.tables import DICTIONARY, EVENTS, file_schema, is_low_cardinality

LOW_CARDINALITY: Final = tuple(name for name in file_schema(EVENTS).names if is_low_cardinality(name))
WRITE_SCHEMA: Final = pa.schema(
    [
        pa.field(column.name, DICTIONARY if column.name in LOW_CARDINALITY else column.type)
        for column in file_schema(EVENTS)
    ]
)
# A kind of rows with fewer shares the row group of the next.
LEAST_GROUP_ROWS: Final = 512
MOST_GROUP_ROWS: Final = 131_072
# Of each row group, in the footer, which goes when the file goes; the log holds fewer (`tables.EVENTS`).
_FOOTER_STATISTICS: Final = (*EVENTS.statistics, "event_name", "event_revenue", "event_revenue_usd")
_CONVERSION, _PAID, _OTHER = range(3)


def open_events_writer(sink: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a writer of an `events` file for rows of a schema: the file's columns, as dictionaries or not."""
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=list(LOW_CARDINALITY),
        write_statistics=list(_FOOTER_STATISTICS),
        store_schema=False,
    )


def write_sorted(writer: pq.ParquetWriter, rows: pa.Table) -> pa.Table:
    """Write rows in order, conversions, money and the rest in row groups of their own; gives them as written.

    Dictionaries of the rows must be unified.
    """
    kinds = _tell_kinds(rows)
    written = rows.take(pa.array(_find_order(rows, kinds)))
    start = 0
    for count in _cut(np.bincount(kinds, minlength=3).tolist()):
        writer.write_table(written.slice(start, count), row_group_size=MOST_GROUP_ROWS)
        start += count
    return written


def _tell_kinds(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Tell of each row whether it is a conversion, has revenue, or neither."""
    topics = pc.fill_null(rows["topic"].cast(pa.string()), "in_app_event")
    is_event = pc.ends_with(topics, "in_app_event").to_numpy()
    is_paid = pc.or_(pc.is_valid(rows["event_revenue"]), pc.is_valid(rows["event_revenue_usd"])).to_numpy()
    return np.where(is_event, np.where(is_paid, _PAID, _OTHER), _CONVERSION)


def _find_order(rows: pa.Table, kinds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Find the order by kind, topic, event name and time; equal rows keep theirs."""
    times = pc.fill_null(rows["event_time"].cast(pa.int64()), 0).to_numpy()
    return np.lexsort((times, _rank(rows["event_name"]), _rank(rows["topic"]), kinds))


def _rank(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Rank each value among the distinct ones; a null comes last."""
    whole = column.combine_chunks()
    coded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = pa.concat_arrays(coded.chunks)
    ranks = np.empty(len(coded.dictionary) + 1, dtype=np.int64)
    ranks[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(coded.dictionary))
    ranks[-1] = len(coded.dictionary)
    ranked: npt.NDArray[np.int64] = ranks[pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)]
    return ranked


def _cut(counts: list[int]) -> Iterator[int]:
    """Cut rows, counted by kind, into groups of a kind each; a few wait for the next kind."""
    waiting = 0
    for place, count in enumerate(counts):
        waiting += count
        rest = sum(counts[place + 1 :])
        if waiting >= LEAST_GROUP_ROWS and (rest >= LEAST_GROUP_ROWS or not rest):
            yield waiting
            waiting = 0
    if waiting:
        yield waiting
