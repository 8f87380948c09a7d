"""Columns of a typed batch as masks of rows, decided once a value where values are few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.normalize import TypedBatch

Mask = npt.NDArray[np.bool_]
Finding = tuple[str, Mask]
"""A code, and the rows that it is true of."""


def mark_values(batch: TypedBatch, name: str, test: Callable[[str], bool]) -> Mask:
    """Mark the rows whose text passes a test, asked once a distinct text; null and absent fail it."""
    column = batch.texts.get(name)
    if column is None:
        return np.zeros(batch.rows, dtype=bool)
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    passes = [value is not None and test(value) for value in encoded.dictionary.to_pylist()]
    if not any(passes):
        return np.zeros(batch.rows, dtype=bool)
    places = encoded.indices
    if places.null_count:
        places = places.fill_null(len(passes))
    mask: Mask = np.array([*passes, False])[places.to_numpy(zero_copy_only=False)]
    return mask


def mark_present(column: pa.Array | None, rows: int) -> Mask:
    """Mark the rows that have a value."""
    if column is None or column.null_count == rows:
        return np.zeros(rows, dtype=bool)
    if not column.null_count:
        return np.ones(rows, dtype=bool)
    mask: Mask = column.is_valid().to_numpy(zero_copy_only=False)
    return mask


def mark_boolean(batch: TypedBatch, name: str, *, value: bool) -> Mask:
    """Mark the rows whose boolean is the value; null is neither."""
    column = batch.columns.get(name)
    if column is None or column.null_count == batch.rows:
        return np.zeros(batch.rows, dtype=bool)
    mask: Mask = pc.equal(column, value).fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def mark_among(rows: npt.NDArray[np.int64], passed: Mask, count: int) -> Mask:
    """Mark the rows that passed, of all `count` rows."""
    mask = np.zeros(count, dtype=bool)
    mask[rows[passed]] = True
    return mask
