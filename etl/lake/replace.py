"""Take rows out of published files: those that hold one are written again, the others stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from etl.lake.drafts import Contents, DraftFile, describe_draft
from etl.lake.families import choose_schema, complete, name_file, read_omitted
from etl.lake.history import FindRows, read_columns
from etl.lake.layout import open_events_writer, write_sorted
from etl.lake.plans import RemovedFile
from etl.lake.spill import ids_to_words
from etl.lake.statistics import find_ranges
from etl.lake.tables import EVENTS, Table, file_schema
from etl.stores import Store, open_for_writing

_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Files that give way, and the drafts that stand in for them."""

    removed: tuple[RemovedFile, ...] = ()
    drafts: tuple[DraftFile, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file that a version of a table holds."""

    path: str
    size: int
    partition: tuple[tuple[str, str], ...]


def published_files(table: Table, delta: DeltaTable) -> list[PublishedFile]:
    """List the files of a table's version."""
    actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    return [
        PublishedFile(
            unquote(action["path"]),
            action["size_bytes"],
            tuple((name, str(action[f"partition.{name}"])) for name in table.partition_by),
        )
        for action in actions
    ]


def name_successors(files: Sequence[PublishedFile], stem: str) -> list[tuple[PublishedFile, str]]:
    """Name the file that would stand in for each, with the same columns; `stem` begins the names."""
    paths = []
    for place, file in enumerate(files):
        name = name_file(f"{stem}-r{place:04d}", read_omitted(file.path))
        paths.append(f"{file.path.rpartition('/')[0]}/{name}".lstrip("/"))
    return list(zip(files, paths, strict=True))


def rewrite_without(
    lake: Store,
    table: Table,
    files: Sequence[tuple[PublishedFile, str]],
    key_columns: Sequence[str],
    find_rows: FindRows,
) -> Replacement:
    """Write the files that hold a row to go once more, without it, each as its successor.

    `files` pairs them with their successors. `find_rows` is given the key columns. A file of which no row
    stays gets no successor.
    """
    removed, drafts = [], []
    for file, path in files:
        key = f"{table.name}/{file.path}"
        masks = [find_rows(batch) for batch in read_columns(lake, key, key_columns)]
        goes = np.concatenate([np.empty(0, bool), *masks])
        if not goes.any():
            continue
        removed.append(RemovedFile(table.name, file.path, file.size, file.partition, int(goes.sum())))
        if not goes.all():
            successor = rewrite_rows(lake, table, file, path, ~goes)
            drafts.append(dataclasses.replace(successor, is_successor=True))
    return Replacement(tuple(removed), tuple(drafts))


def find_ids(ids: pa.Table) -> FindRows:
    """Make the mark for rows whose event is one of some ids (columns `id_high`, `id_low`)."""
    wanted = np.sort(_join_words(ids["id_high"].to_numpy(), ids["id_low"].to_numpy()))

    def find(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        words = ids_to_words(batch.column("event_id"))
        return np.isin(_join_words(words[:, 0], words[:, 1]), wanted)

    return find


def find_sources(versions: Sequence[tuple[str, str]]) -> FindRows:
    """Make the mark for rows of some versions of objects (columns `source_uri`, `source_version`)."""
    values = pa.array([_SEPARATOR.join(version) for version in versions], pa.string())

    def find(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        names = pc.binary_join_element_wise(batch["source_uri"], batch["source_version"], _SEPARATOR)
        marks: npt.NDArray[np.bool_] = pc.is_in(names, value_set=values).to_numpy(zero_copy_only=False)
        return marks

    return find


def _join_words(high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(np.stack([high, low], axis=1)).view("V16").ravel()


def rewrite_rows(  # noqa: PLR0913, PLR0917 - where from, where to, which rows, and as what
    lake: Store,
    table: Table,
    file: PublishedFile,
    path: str,
    stays: npt.NDArray[np.bool_],
    change: Callable[[pa.Table], pa.Table] = lambda rows: rows,
) -> DraftFile:
    """Write the rows of a file that stay, each batch of them as `change` makes it, as a draft at `path`.

    `change` is given all columns of events; those that the path leaves out must stay without a value.
    """
    ranges, start, writer = [], 0, None
    with open_for_writing(lake, f"{table.name}/{path}") as sink:
        for batch in read_columns(lake, f"{table.name}/{file.path}", None):
            kept = pa.Table.from_batches([batch]).filter(pa.array(stays[start : start + batch.num_rows]))
            start += batch.num_rows
            kept = change(complete(kept, file_schema(EVENTS)) if table is EVENTS else kept)
            if writer is None:
                writer = _open_writer(sink, table, choose_schema(path, kept.schema))
            if kept.num_rows:
                kept = write_sorted(writer, kept) if table is EVENTS else _write(writer, kept)
                ranges.append(find_ranges(kept, table.statistics))
        if writer is not None:
            writer.close()
    partition = tuple(value for _, value in file.partition)
    return describe_draft(lake, table, path, partition, Contents(int(stays.sum()), ranges))


def _open_writer(sink: BinaryIO, table: Table, schema: pa.Schema) -> pq.ParquetWriter:
    if table is EVENTS:
        return open_events_writer(sink, schema)
    statistics = list(table.statistics)
    return pq.ParquetWriter(sink, schema, compression="zstd", write_statistics=statistics, store_schema=False)


def _write(writer: pq.ParquetWriter, rows: pa.Table) -> pa.Table:
    writer.write_table(rows)
    return rows
