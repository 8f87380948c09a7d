"""Read from the lake what settling compares with: live files, event ids, columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from etl.lake.families import list_omitted, read_omitted
from etl.lake.settle import Partition
from etl.lake.spill import ids_to_words
from etl.lake.tables import EVENTS, Table, find_table
from etl.stores import Store
from etl.stores.translating import explain_errors

FindRows = Callable[[pa.RecordBatch], npt.NDArray[np.bool_]]
"""Marks rows of a batch, such as those that shall go."""

_BATCH_ROWS = 65_536
_BATCH_BYTES = 64 << 20


def live_files(table: DeltaTable | None) -> dict[Partition, list[str]]:
    """Give the paths (within the table) of the files that its version holds, by app and UTC day."""
    if table is None:
        return {}
    found: dict[Partition, list[str]] = {}
    actions = pa.table(table.get_add_actions(flatten=True)).select(
        ["path", "partition.app_id", "partition.event_date"]
    )
    for action in actions.to_pylist():
        partition = (action["partition.app_id"], str(action["partition.event_date"]))
        found.setdefault(partition, []).append(unquote(action["path"]))
    return found


def read_known_ids(
    lake: Store, table: DeltaTable | None, partitions: Sequence[Partition]
) -> Iterator[npt.NDArray[np.uint64]]:
    """Read the event ids that the lake has in some partitions, a row group at a time."""
    files = live_files(table)
    for partition in partitions:
        for path in files.get(partition, []):
            for batch in read_columns(lake, f"{EVENTS.name}/{path}", ["event_id"]):
                yield ids_to_words(batch.column("event_id"))


def read_columns(lake: Store, key: str, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    """Read columns of a Parquet file of the lake, some ten thousand rows at a time, fewer of large ones.

    The batches of a file are the same whichever columns are read. Those that are asked for by name come in
    that order; what the file says to leave out is null, and another that it does not have is not there.
    """
    with explain_errors(lake, key), lake.fs.open(lake.path_of(key), "rb") as source:
        file = pq.ParquetFile(source)
        if columns is None:
            yield from file.iter_batches(_fit_rows(file.metadata))
            return
        present = file.schema_arrow.names
        left_out = list_omitted(read_omitted(key)).difference(present)
        fields = [
            EVENTS.schema.field(name) if name in left_out else file.schema_arrow.field(name)
            for name in columns
            if name in left_out or name in present
        ]
        for batch in file.iter_batches(_fit_rows(file.metadata), columns=list(columns)):
            yield _arrange(batch, fields, left_out)


def _arrange(
    batch: pa.RecordBatch, fields: Sequence[pa.Field[pa.DataType]], left_out: frozenset[str]
) -> pa.RecordBatch:
    columns = [
        pa.nulls(batch.num_rows, field.type) if field.name in left_out else batch[field.name]
        for field in fields
    ]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _fit_rows(metadata: pq.FileMetaData) -> int:
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=0)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, largest)))


def read_table_column(lake: Store, table: Table, column: str) -> pa.ChunkedArray:
    """Read one column of a whole table; for tables that are small beside `events`."""
    delta = find_table(lake, table)
    actions = [] if delta is None else pa.table(delta.get_add_actions(flatten=True))["path"].to_pylist()
    paths = [unquote(path) for path in actions]
    batches = [batch for path in paths for batch in read_columns(lake, f"{table.name}/{path}", [column])]
    schema = pa.schema([table.schema.field(column)])
    return pa.Table.from_batches([batch.cast(schema) for batch in batches], schema)[column]
