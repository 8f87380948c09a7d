"""Find what a lake holds of wanted people: which rows of which files, table by table; nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.lake.find_people import FoundFile, find_in_events
from etl.lake.history import FindRows, read_columns
from etl.lake.raw_search import TextSearch, decode_raw
from etl.lake.replace import PublishedFile, published_files
from etl.lake.tables import EVENTS, POSTBACKS, QUARANTINE, Table, open_or_create
from etl.lake.wanted import Wanted
from etl.stores import Store

RAW_COLUMNS: Final = ("raw", "raw_encoding", "app_id", "message")
ERASED_TABLES: Final = (EVENTS, QUARANTINE, POSTBACKS)


@dataclass(frozen=True, slots=True)
class FoundTable:
    """What was found in one version of a table: how many files and rows it has, and which hold what."""

    table: Table
    version: int
    files: int
    rows: int
    found: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in all tables, and the occurrences that the found events tell of."""

    tables: tuple[FoundTable, ...]
    occurrences: pa.Array = field(repr=False)


def find_wanted(lake: Store, wanted: Wanted) -> Findings:
    """Find the rows of wanted people in events and quarantine, and the outcomes of their postbacks."""
    opened = {table: open_or_create(lake, table) for table in ERASED_TABLES}
    files = {table: published_files(table, delta) for table, delta in opened.items()}
    events = tuple(find_in_events(lake, files[EVENTS], wanted))
    # Ids of occurrences are as large as what finding reads; only outcomes need them.
    occurrences = _read_occurrences(lake, events if files[POSTBACKS] else ())
    found = {
        EVENTS: events,
        QUARANTINE: find_rows(lake, QUARANTINE, files[QUARANTINE], RAW_COLUMNS, mark_messages(wanted)),
        POSTBACKS: find_rows(lake, POSTBACKS, files[POSTBACKS], ["occurrence_id"], mark_outcomes(occurrences))
        if len(occurrences)
        else (),
    }
    tables = [
        FoundTable(table, delta.version(), len(files[table]), count_rows(delta), found[table])
        for table, delta in opened.items()
    ]
    return Findings(tuple(tables), occurrences)


def find_rows(
    lake: Store, table: Table, files: Sequence[PublishedFile], columns: Sequence[str], find: FindRows
) -> tuple[FoundFile, ...]:
    """Find the files with a row that `find` marks, by some columns."""
    found = (mark_file(lake, table, file, columns, find) for file in files)
    return tuple(each for each in found if each.marks.any())


def mark_file(
    lake: Store, table: Table, file: PublishedFile, columns: Sequence[str], find: FindRows
) -> FoundFile:
    """Mark the rows of a file that `find` marks, by some columns."""
    marks = [find(batch) for batch in read_columns(lake, f"{table.name}/{file.path}", columns)]
    return FoundFile(file, np.concatenate([np.empty(0, bool), *marks]))


def mark_messages(wanted: Wanted) -> FindRows:
    """Make the mark for messages that hold a wanted id anywhere; one of no known app holds any app's."""
    search = make_searches(wanted)

    def find(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        return np.array([_holds(row, search(row["app_id"])) for row in batch.to_pylist()], bool)

    return find


def make_searches(wanted: Wanted) -> Callable[[str | None], TextSearch]:
    """Give the function that gives an app's search."""
    return lambda app_id: wanted.for_app(app_id).search


def mark_outcomes(occurrences: pa.Array) -> FindRows:
    """Make the mark for outcomes of some occurrences."""

    def find(batch: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        marks: npt.NDArray[np.bool_] = pc.is_in(batch["occurrence_id"], value_set=occurrences).to_numpy(
            zero_copy_only=False
        )
        return marks

    return find


def count_rows(delta: DeltaTable) -> int:
    """Count the rows of a table's version, as its log has them."""
    return int(sum(pa.table(delta.get_add_actions(flatten=True))["num_records"].to_pylist()))


def _holds(row: dict[str, object], search: TextSearch) -> bool:
    fields = row["message"]
    parts = [decode_raw(str(row["raw"] or ""), str(row["raw_encoding"]))]
    parts += [f"{name}\n{value}" for name, value in fields] if isinstance(fields, list) else []
    return search.holds("\n".join(parts))


def _read_occurrences(lake: Store, found: Sequence[FoundFile]) -> pa.Array:
    arrays = [pa.array([], pa.string())]
    for each in found:
        start = 0
        for batch in read_columns(lake, f"{EVENTS.name}/{each.file.path}", ["occurrence_id"]):
            marks = each.marks[start : start + batch.num_rows]
            start += batch.num_rows
            arrays.append(batch["occurrence_id"].cast(pa.string()).filter(pa.array(marks)))
    return pc.unique(pa.chunked_array(arrays))
