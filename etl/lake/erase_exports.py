"""Erase people from an export: each file that holds one is written again under its own name, or goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.errors import ConservationError
from etl.lake.anonymize import NewId, anonymize_rows
from etl.lake.erase import Policy
from etl.lake.export import EXPORTED, open_writer
from etl.lake.find_people import ID_COLUMNS, mark_rows
from etl.lake.find_wanted import make_searches
from etl.lake.history import read_columns
from etl.lake.wanted import Lookup, Wanted
from etl.stores import Store, delete_object, list_present, open_for_writing

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ExportErasure:
    """What an erasure did, or would do, to one export; `files_left` and `rows_left` are what it then has."""

    target: str
    files_read: int
    files_rewritten: int
    rows_found: int
    files_left: int
    rows_left: int


def erase_export(
    target: Store, wanted: Wanted, policy: Policy, renew: NewId, *, is_dry_run: bool
) -> ExportErasure:
    """Erase people from the files of an export; whoever reads one meanwhile reads all of the old or new.

    Repeating it ends what was cut off. Files that no export wrote are not touched.
    """
    files = [each.key for each in list_present(target) if EXPORTED.fullmatch(each.key)]
    rewritten = found = left = 0
    rows_left = 0
    for key in files:
        lookup = wanted.for_app(_app_of(key))
        marks = _mark(target, key, lookup)
        stays = ~marks if policy == "rows" else np.ones(len(marks), bool)
        rows_left += int(stays.sum())
        left += bool(stays.any())
        if marks.any():
            rewritten, found = rewritten + 1, found + int(marks.sum())
            if not is_dry_run:
                _replace(target, key, marks, stays, wanted, renew)
    return ExportErasure(target.uri, len(files), rewritten, found, left, rows_left)


def _replace(  # noqa: PLR0913, PLR0917 - which file, which rows of it, and how they change
    target: Store, key: str, marks: Marks, stays: Marks, wanted: Wanted, renew: NewId
) -> None:
    if not stays.any():
        delete_object(target, key)
        return
    search = make_searches(wanted)(_app_of(key))
    with open_for_writing(target, key) as sink:
        writer = None
        for rows, chosen in _read_parts(target, key, marks, stays):
            changed = anonymize_rows(rows, chosen, renew, search)
            writer = writer or open_writer(sink, rows.schema)
            writer.write_table(changed)
        if writer is not None:
            writer.close()
    again = _mark(target, key, wanted.for_app(_app_of(key)))
    if len(again) != stays.sum() or again.any():
        raise ConservationError(
            f"A file of the export {target.uri} does not hold what must stay and nothing else: export again."
        )


def _read_parts(target: Store, key: str, marks: Marks, stays: Marks) -> Iterator[tuple[pa.Table, Marks]]:
    """Read the rows of a file that stay, a batch at a time, and which of them are to be changed."""
    start = 0
    for batch in read_columns(target, key, None):
        kept = stays[start : start + batch.num_rows]
        chosen = marks[start : start + batch.num_rows][kept]
        start += batch.num_rows
        yield pa.Table.from_batches([batch]).filter(pa.array(kept)), chosen


def _mark(target: Store, key: str, lookup: Lookup) -> Marks:
    marks = [mark_rows(batch, lookup) for batch in read_columns(target, key, ID_COLUMNS)]
    return np.concatenate([np.empty(0, bool), *marks])


def _app_of(key: str) -> str:
    return unquote(key.partition("/")[0].removeprefix("app_id="))
