"""Take what leads to a person out of rows that stay: for totals, a row without its person is enough."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import Kind, names, personal_fields
from etl.lake.raw_search import TextSearch

ROW_IDS: Final = ("event_id", "occurrence_id")
# Personal columns by the authority on fields, and what pushlift adds that may hold anything.
PERSONAL_COLUMNS: Final = frozenset(
    {*(field.name for field in personal_fields()), "embedded_ids", "extra", "custom_data", "event_value"}
)
# What accounts for the row, and is made of no person's values.
_ACCOUNTS: Final = frozenset({*ROW_IDS, "load_id", "topic", *names(Kind.LOCAL_TIME)})

NewId = Callable[[str], str]
"""Gives the new id for an old one."""


def make_new_ids() -> NewId:
    """Make ids that nobody can lead back: the same for the same old id, as long as this function lives.

    They are keyed hashes under a random key that nobody else has, so that no table of them is needed to keep
    both halves of an occurrence, and its postbacks, together.
    """
    key = secrets.token_bytes(32)

    def renew(old: str) -> str:
        return hashlib.blake2b(old.encode(), key=key, digest_size=16).hexdigest()

    return renew


def anonymize_rows(
    rows: pa.Table, marks: npt.NDArray[np.bool_], renew: NewId, search: TextSearch
) -> pa.Table:
    """Null all personal columns of the marked rows, and give them new ids; other rows stay as they are.

    A text of another column goes as well where it holds a wanted id.
    """
    if not marks.any():
        return rows
    mask = pa.array(marks)
    for place, name in enumerate(rows.column_names):
        column = rows[name]
        if name in ROW_IDS:
            changed = replace_ids(column, marks, renew)
        elif name in PERSONAL_COLUMNS:
            changed = pc.if_else(mask, pa.scalar(None, column.type), column)
        elif column.null_count < len(column) and pa.types.is_string(column.type) and name not in _ACCOUNTS:
            changed = _drop_wanted(column, mask, search)
        else:
            continue
        rows = rows.set_column(place, rows.schema.field(place), changed)
    return rows


def replace_ids(column: pa.ChunkedArray, marks: npt.NDArray[np.bool_], renew: NewId) -> pa.ChunkedArray:
    """Give the marked ids of a column new ones."""
    old = column.filter(pa.array(marks)).to_pylist()
    new = pa.array([None if text is None else renew(text) for text in old], pa.string())
    return pc.replace_with_mask(column, pa.array(marks), new)


def _drop_wanted(column: pa.ChunkedArray, mask: pa.Array, search: TextSearch) -> pa.ChunkedArray:
    texts = pc.unique(column.filter(mask)).to_pylist()
    held = [text for text in texts if text is not None and search.holds(text)]
    if not held:
        return column
    goes = pc.and_(mask, pc.is_in(column, value_set=pa.array(held, pa.string())))
    return pc.if_else(goes, pa.scalar(None, pa.string()), column)
