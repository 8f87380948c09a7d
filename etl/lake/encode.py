"""Encode settled rows as Parquet drafts: each row once, one file a partition and group of chunks.

A draft lies in the table's folder, where no Delta reader sees it until the log names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.flags import spell_flags
from etl.lake.drafts import Contents, DraftFile, describe_draft, draft_path
from etl.lake.families import FAMILIES, choose_schema
from etl.lake.layout import ORDERED_BY, WRITE_SCHEMA, find_order, open_events_writer, write_runs
from etl.lake.settle import Partition, SettledRows
from etl.lake.spill import FLAGS_COLUMN, OBJECT_COLUMN, ChunkOutcome, read_batch
from etl.lake.statistics import Ranges, find_ranges
from etl.lake.tables import EVENTS
from etl.stores import Store, open_for_writing

# What waits for its row group, over all partitions: what bounds the memory of encoding.
BUFFERED_ROWS = 131_072
BUFFERED_BYTES = 192 << 20
# Each draft that is written holds a file open, and an upload where the lake is an object store.
OPEN_DRAFTS = 64
# A partition with less than this share of a batch must not keep the whole batch in memory while it waits.
_SMALL_SHARE = 16

Watch = Callable[[pa.Table, str], None]
"""Told of the rows of each row group that is written, and of their app."""


def _watch_nothing(_rows: pa.Table, _app_id: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run adds to its rows: URI and load of each object, by ordinal, and the instant of loading.

    `stem` begins the names of its drafts; no two settlements share one.
    """

    stem: str
    uris: Mapping[int, str]
    load_ids: Mapping[int, str]
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class EncodeTask:
    """Chunks to encode one after another, and what was settled about their rows, in the same order."""

    group: int
    chunks: tuple[ChunkOutcome, ...]
    settled: SettledRows

    @property
    def omitted(self) -> str:
        """The families of columns in which no chunk has a value."""
        letters = [chunk.omitted for chunk in self.chunks]
        return "".join(each for each in FAMILIES if all(each in found for found in letters))


class PartitionWriter:
    """Writes the rows of one partition into one draft, some at a time; rows that are added are in order."""

    def __init__(
        self, lake: Store, path: str, partition: Partition, stack: ExitStack, watch: Watch = _watch_nothing
    ) -> None:
        """Open the draft, with the columns that its path tells; it appears when the stack closes."""
        self.path, self.partition, self._watch = path, partition, watch
        self.rows = self.waiting_rows = self.waiting_bytes = 0
        self.ranges: list[Ranges] = []
        self._waiting: list[pa.Table] = []
        sink = stack.enter_context(open_for_writing(lake, f"{EVENTS.name}/{path}"))
        self._writer = stack.enter_context(open_events_writer(sink, choose_schema(path, WRITE_SCHEMA)))

    def add(self, rows: pa.Table, size: int) -> None:
        """Let rows, of so many bytes, wait for their row group."""
        self._waiting.append(rows)
        self.waiting_rows += rows.num_rows
        self.waiting_bytes += size

    def flush(self) -> None:
        """Write the rows that wait."""
        if not self.waiting_rows:
            return
        table = write_runs(self._writer, self._waiting)
        self.ranges.append(find_ranges(table, EVENTS.statistics))
        self._watch(table, self.partition[0])
        self.rows += table.num_rows
        self._waiting, self.waiting_rows, self.waiting_bytes = [], 0, 0


def encode_rows(
    lake: Store, scratch: Store, task: EncodeTask, provenance: Provenance, watch: Watch = _watch_nothing
) -> list[DraftFile]:
    """Encode the rows that settling kept; gives the drafts, which are durable when this returns."""
    drafts = []
    for members in share_partitions(task.settled):
        drafts += _encode_partitions(lake, scratch, task, members, provenance, watch)
    return drafts


def share_partitions(settled: SettledRows) -> Iterator[npt.NDArray[np.int32]]:
    """Share out the partitions that have rows to keep, in the order of their first row."""
    found, first = np.unique(settled.partition[settled.keep], return_index=True)
    in_order = found[np.argsort(first)]
    for start in range(0, len(in_order), OPEN_DRAFTS):
        yield in_order[start : start + OPEN_DRAFTS]


def _encode_partitions(  # noqa: PLR0913, PLR0917 - where from, where to, which rows, and who looks on
    lake: Store,
    scratch: Store,
    task: EncodeTask,
    members: npt.NDArray[np.int32],
    provenance: Provenance,
    watch: Watch,
) -> list[DraftFile]:
    keep = task.settled.keep & np.isin(task.settled.partition, members)
    writers: dict[int, PartitionWriter] = {}
    with ExitStack() as stack:
        for rows, size, partition in _settled_slices(scratch, task, keep, provenance):
            if partition not in writers:
                name = task.settled.partitions[partition]
                path = draft_path(provenance.stem, name, task.group, task.omitted)
                writers[partition] = PartitionWriter(lake, path, name, stack, watch)
            writers[partition].add(rows, size)
            _relieve(list(writers.values()))
        for writer in writers.values():
            writer.flush()
    return [
        describe_draft(lake, EVENTS, writer.path, writer.partition, Contents(writer.rows, writer.ranges))
        for writer in writers.values()
    ]


def _relieve(writers: Sequence[PartitionWriter]) -> None:
    """Write the longest of the waiting row groups when too many rows wait."""
    while (
        sum(writer.waiting_rows for writer in writers) > BUFFERED_ROWS
        or sum(writer.waiting_bytes for writer in writers) > BUFFERED_BYTES
    ):
        max(writers, key=lambda writer: writer.waiting_bytes).flush()


def _settled_slices(
    scratch: Store, task: EncodeTask, keep: npt.NDArray[np.bool_], provenance: Provenance
) -> Iterator[tuple[pa.Table, int, int]]:
    """Give the rows to keep of each batch: a slice a partition, its bytes, the partition."""
    end = 0
    for chunk in task.chunks:
        for place, (_, _, size) in enumerate(chunk.batches):
            start, end = end, end + size
            kept = np.flatnonzero(keep[start:end])
            if len(kept):
                yield from _split(read_batch(scratch, chunk, place), task.settled, start, kept, provenance)


def _split(
    batch: pa.Table, settled: SettledRows, start: int, kept: npt.NDArray[np.int64], provenance: Provenance
) -> Iterator[tuple[pa.Table, int, int]]:
    """Split the rows `kept` of the batch that begins at row `start`."""
    partition = settled.partition[start + kept]
    counts = np.bincount(partition)
    is_small = counts * _SMALL_SHARE < len(kept)
    for chosen in (kept[~is_small[partition]], kept[is_small[partition]]):
        if len(chosen):
            yield from _slice(batch, settled, start, chosen, provenance)


def _slice(
    batch: pa.Table, settled: SettledRows, start: int, chosen: npt.NDArray[np.int64], provenance: Provenance
) -> Iterator[tuple[pa.Table, int, int]]:
    """Give slices, a partition each and in order, that share the memory of the chosen rows alone."""
    partition = settled.partition[start + chosen]
    needed = batch.select([name for name in ORDERED_BY if name in batch.column_names])
    order = find_order(needed.take(pa.array(chosen)), partition)
    chosen, partition = chosen[order], partition[order]
    table = _finish_columns(batch.take(pa.array(chosen)), settled.flags[start + chosen], provenance)
    # Measuring each slice would cost as much as taking it.
    row_bytes = table.nbytes / len(chosen)
    bounds = np.flatnonzero(np.diff(partition, prepend=-1)).tolist()
    for first, last in zip(bounds, [*bounds[1:], len(chosen)], strict=True):
        yield table.slice(first, last - first), int(row_bytes * (last - first)), int(partition[first])


def _finish_columns(batch: pa.Table, flags: npt.NDArray[np.int64], provenance: Provenance) -> pa.Table:
    """Add what the run knows, and bring the columns into the order of the table."""
    rows = batch.num_rows
    objects = batch[OBJECT_COLUMN].to_numpy()
    made = {
        "quality_flags": spell_flags(batch[FLAGS_COLUMN].to_numpy() | flags),
        "source_uri": _look_up(objects, provenance.uris),
        "load_id": _look_up(objects, provenance.load_ids),
        "loaded_at": pa.repeat(pa.scalar(provenance.loaded_at, pa.timestamp("us", "UTC")), rows),
    }
    present = set(batch.column_names)
    columns = []
    for column in WRITE_SCHEMA:
        if column.name in made:
            columns.append(made[column.name])
        elif column.name in present:
            columns.append(_as_written(batch[column.name], column.type))
        else:
            columns.append(pa.nulls(rows, column.type))
    return pa.Table.from_arrays(columns, schema=WRITE_SCHEMA)


def _as_written(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if not pa.types.is_dictionary(type_):
        return column if column.type == type_ else column.cast(type_)
    return column if column.type == type_ else column.dictionary_encode()


def _look_up(objects: npt.NDArray[np.int32], names: Mapping[int, str]) -> pa.Array:
    distinct, inverse = np.unique(objects, return_inverse=True)
    values = pa.array([names[ordinal] for ordinal in distinct.tolist()], pa.string())
    return pa.DictionaryArray.from_arrays(inverse.astype(np.int32), values)
