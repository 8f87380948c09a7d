"""Columns of `events` as the mapping reads them: plain arrays, whatever a reader made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def get_column(rows: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    """Give a column as one array of a type; nulls where the table has no such column."""
    if name not in rows.column_names:
        return pa.nulls(len(rows), kind)
    column = rows.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)
    return column if column.type == kind else column.cast(kind)


def get_text(rows: pa.Table, name: str) -> pa.Array:
    """Give a text column, trimmed; empty text is null."""
    column = pc.utf8_trim_whitespace(get_column(rows, name, pa.string()))
    is_empty = pc.equal(column, "")
    return pc.if_else(is_empty, None, column) if pc.any(is_empty).as_py() else column


def get_milliseconds(rows: pa.Table, name: str) -> pa.Array:
    """Give an instant as milliseconds since the epoch, of which what is finer is cut off."""
    column = get_column(rows, name, pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return pa.array(
        np.floor_divide(column.fill_null(0).to_numpy(zero_copy_only=False), 1000),
        mask=column.is_null().to_numpy(zero_copy_only=False),
    )


def mark_true(rows: pa.Table, name: str) -> Mask:
    """Mark the rows whose boolean is true; null is not."""
    return as_mask(get_column(rows, name, pa.bool_()))


def mark_false(rows: pa.Table, name: str) -> Mask:
    """Mark the rows whose boolean is false; null is not."""
    return as_mask(pc.invert(get_column(rows, name, pa.bool_())))


def as_mask(column: pa.Array) -> Mask:
    """Turn booleans into a mask; null is false."""
    return cast("Mask", column.fill_null(False).to_numpy(zero_copy_only=False))


def mark_listing(rows: pa.Table, name: str, text: str) -> Mask:
    """Mark the rows whose list holds a text."""
    mask = np.zeros(len(rows), dtype=bool)
    lists = get_column(rows, name, pa.list_(pa.string()))
    if lists.null_count < len(lists):
        places = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        mask[places[as_mask(pc.equal(pc.list_flatten(lists), text))]] = True
    return mask


def map_values(column: pa.Array, function: Callable[[str], str | None]) -> pa.Array:
    """Apply a function once to each distinct text; null stays null."""
    encoded = column.dictionary_encode()
    mapped = pa.array([function(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return mapped.take(encoded.indices)


def mark_values(column: pa.Array, predicate: Callable[[str], bool]) -> Mask:
    """Ask a question once of each distinct text; null is not marked."""
    encoded = column.dictionary_encode()
    answers = np.array([*map(predicate, encoded.dictionary.to_pylist()), False], dtype=bool)
    places = encoded.indices.fill_null(len(answers) - 1).to_numpy(zero_copy_only=False)
    return cast("Mask", answers[places])


def keep(column: pa.Array, mask: Mask) -> pa.Array:
    """Keep the texts of the marked rows; null elsewhere."""
    return column if mask.all() else pc.if_else(pa.array(mask), column, None)


def repeat(text: str, rows: int) -> pa.Array:
    """Give a column that holds one text throughout."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def choose_first(columns: Sequence[pa.Array]) -> pa.Array:
    """Give each row's first value among some columns."""
    return pc.coalesce(*columns)
