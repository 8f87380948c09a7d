"""Find the rows of `events` that hold a wanted id: in columns that name a person, and in `embedded_ids`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.history import read_columns
from etl.lake.replace import PublishedFile
from etl.lake.tables import EVENTS
from etl.lake.wanted import Lookup, Wanted
from etl.stores import Store
from etl.subjects import PERSON_FIELDS

ID_COLUMNS: Final = (*PERSON_FIELDS, "embedded_ids")
_FILES_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that holds wanted rows, and which of all its rows they are."""

    file: PublishedFile
    marks: npt.NDArray[np.bool_] = field(repr=False)

    @property
    def found(self) -> int:
        """How many rows were found."""
        return int(self.marks.sum())


def find_in_events(lake: Store, files: list[PublishedFile], wanted: Wanted) -> Iterator[FoundFile]:
    """Find the files of `events` that hold a wanted id, in their order, reading the id columns alone.

    Two files are read at a time, so that one is decoded while another waits for Python to look up its ids.
    """
    lookups = {app_id: wanted.for_app(app_id) for app_id in {app_of(file) for file in files}}

    def find(file: PublishedFile) -> FoundFile | None:
        found = find_in_file(lake, file, lookups[app_of(file)])
        return found if found.marks.any() else None

    pool = ThreadPoolExecutor(_FILES_AT_ONCE, "find")
    try:
        yield from filter(None, pool.map(find, files))
    finally:
        # Whoever stops early waits for the files that are being read, not for those that are left.
        pool.shutdown(cancel_futures=True)


def find_in_file(lake: Store, file: PublishedFile, lookup: Lookup) -> FoundFile:
    """Mark the rows of one file of `events` that hold a wanted id."""
    batches = read_columns(lake, f"{EVENTS.name}/{file.path}", ID_COLUMNS)
    marks = [mark_rows(batch, lookup) for batch in batches]
    return FoundFile(file, np.concatenate([np.empty(0, bool), *marks]))


def app_of(file: PublishedFile) -> str:
    """Name the app of a file of `events`."""
    return dict(file.partition)["app_id"]


def mark_rows(batch: pa.RecordBatch, lookup: Lookup) -> npt.NDArray[np.bool_]:
    """Mark the rows of a batch that hold a wanted id."""
    marks = np.zeros(batch.num_rows, bool)
    for name in PERSON_FIELDS:
        if _is_filled(batch, name):
            marks[lookup.find(_as_text(batch[name]))] = True
    if _is_filled(batch, "embedded_ids"):
        lists = batch["embedded_ids"]
        found = lookup.find(_as_text(lists.flatten()))
        marks[pc.list_parent_indices(lists).to_numpy()[found]] = True
    return marks


def _is_filled(batch: pa.RecordBatch, name: str) -> bool:
    return name in batch.schema.names and batch[name].null_count < batch.num_rows


def _as_text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())
