"""Write partitions of `events` as plain Parquet, one file a partition, for tools that know no Delta."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from etl.lake.tables import EVENTS, file_schema
from etl.stores import Store, open_for_writing

# What an export writes, and so all that a later one or an erasure may delete.
EXPORTED: Final = re.compile(r"app_id=[^/]+/event_date=\d{4}-\d{2}-\d{2}/pushlift-[0-9A-Za-z-]+\.parquet")
_GROUP_ROWS: Final = 65_536


@dataclass(frozen=True, slots=True)
class ExportPartition:
    """A partition to export: the app, the UTC day (`YYYY-MM-DD`) and how many rows it has."""

    app_id: str
    event_date: str
    rows: int

    def key(self, stem: str) -> str:
        """Name the partition's file as Hive does; `stem` keeps exports apart."""
        return f"app_id={quote(self.app_id, safe='')}/event_date={self.event_date}/pushlift-{stem}.parquet"


def write_partition(dataset: ds.Dataset, target: Store, partition: ExportPartition, stem: str) -> int:
    """Write one partition's rows as one file, which appears whole; returns how many there were."""
    test = (pc.field("app_id") == partition.app_id) & (
        pc.field("event_date") == pa.scalar(partition.event_date).cast(pa.date32())
    )
    schema = file_schema(EVENTS)
    batches = dataset.to_batches(columns=schema.names, filter=test, batch_size=_GROUP_ROWS)
    rows = 0
    with (
        open_for_writing(target, partition.key(stem)) as sink,
        open_writer(sink, schema) as writer,
    ):
        for group in _gather(batches):
            rows += group.num_rows
            writer.write_table(group.cast(schema))
    return rows


def open_writer(sink: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a file of an export for writing; its footer says ranges of no identifier."""
    statistics = list(EVENTS.statistics)
    return pq.ParquetWriter(sink, schema, compression="zstd", write_statistics=statistics, store_schema=False)


def _gather(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Gather small batches into row groups worth reading."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= _GROUP_ROWS:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def name_strangers(keys: Sequence[str]) -> list[str]:
    """Give the keys that no export wrote."""
    return [key for key in keys if not EXPORTED.fullmatch(key)]
