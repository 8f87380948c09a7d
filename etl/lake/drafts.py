"""Drafts: Parquet files in a table's folder that no Delta reader sees yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import StorageError
from etl.lake.families import name_file
from etl.lake.settle import Partition
from etl.lake.statistics import Ranges, find_ranges, write_statistics
from etl.lake.tables import Table
from etl.stores import Store, find_object, open_for_writing

_LONGEST_FOLDER: Final = 200


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A durable Parquet file that is not published yet.

    `path` is relative to its table's folder; `statistics` is the JSON that the Delta log will hold. A
    successor holds the rows of a published file that stay when others of it go.
    """

    table: str
    path: str
    size: int
    rows: int
    partition: tuple[tuple[str, str], ...]
    statistics: str
    is_successor: bool = False

    @property
    def key(self) -> str:
        """Where the file lies in the lake."""
        return f"{self.table}/{self.path}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: how many rows, and the ranges of each row group."""

    rows: int
    ranges: Sequence[Ranges]


def draft_path(stem: str, partition: Partition, group: int, omitted: str = "") -> str:
    """Name the draft of a partition, in folders such as `app_id=com.app/event_date=2026-09-01`.

    Some readers take the partition from the folders' names instead of the log, so these spell it as Hive
    does. A name that no file system would take is cut, with a hash to keep it apart; those readers then see
    the cut name. The file's own name says which families of columns it leaves out.
    """
    app_id, day = partition
    folder = quote(app_id, safe="")
    if len(folder) > _LONGEST_FOLDER:
        folder = f"{folder[:_LONGEST_FOLDER]}-{hashlib.sha256(app_id.encode()).hexdigest()[:8]}"
    return f"app_id={folder}/event_date={day}/{name_file(f'{stem}-{group:03d}', omitted)}"


def describe_draft(
    lake: Store, table: Table, path: str, partition: Sequence[str], contents: Contents
) -> DraftFile:
    """Describe a draft that has been written, with its size as the store tells it."""
    found = find_object(lake, f"{table.name}/{path}")
    if found is None:
        raise StorageError(
            f"The draft {table.name}/{path} was written and is not there; look at the lake's store."
        )
    values = tuple(zip(table.partition_by, partition, strict=True))
    return DraftFile(
        table.name, path, found.size, contents.rows, values, write_statistics(contents.rows, contents.ranges)
    )


def write_draft(lake: Store, table: Table, path: str, batches: Iterable[pa.Table]) -> DraftFile | None:
    """Write a small table's rows as one draft, a row group a batch; no rows make no draft."""
    filled = (batch for batch in batches if batch.num_rows)
    first = next(filled, None)
    if first is None:
        return None
    rows, ranges = 0, []
    options = {"compression": "zstd", "write_statistics": list(table.statistics), "store_schema": False}
    with (
        open_for_writing(lake, f"{table.name}/{path}") as sink,
        pq.ParquetWriter(sink, first.schema, **options) as writer,
    ):
        for batch in chain([first], filled):
            writer.write_table(batch)
            rows += batch.num_rows
            ranges.append(find_ranges(batch, table.statistics))
    return describe_draft(lake, table, path, (), Contents(rows, ranges))
