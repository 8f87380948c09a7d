"""Frames that Great Expectations judges quickly: the columns that a suite names, in types it is fast with.

Texts are categories, so that what is asked of a text is asked once a distinct text; money and whole numbers
are numbers of numpy; instants are UTC. Texts that an expectation compares with each other stay plain.
Lists are their items joined by a comma, maps the joined names of what they hold: never a value of theirs.
A column of which only the presence or the sameness of values matters has numbers in their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.quality.kwargs import Use

if TYPE_CHECKING:
    from etl.quality.suites import Suite

# A pandas Series, or an array of numbers: pandas and Arrow ship no annotations.
Column = Any
_BOOLEANS: Final = {"true": True, "false": False}


def make_frame(table: pa.Table, columns: Iterable[str], suite: Suite) -> pd.DataFrame:
    """Make the frame of some columns of a table, as the suite uses them."""
    uses = suite.uses
    converted = {name: _convert(table[name], uses.get(name, Use.NAME)) for name in columns}
    # Rows are counted even where no column is named.
    return pd.DataFrame(converted, index=pd.RangeIndex(table.num_rows), copy=False)


def _convert(column: pa.ChunkedArray, use: Use) -> Column:
    type_ = column.type
    if use <= Use.PRESENCE:
        return np.where(column.is_valid().to_numpy(), 0.0, np.nan)
    if pa.types.is_temporal(type_):
        # Instants with their zone, days as days: so does Great Expectations read the bounds in a suite.
        return column.to_pandas()
    if pa.types.is_decimal(type_) or pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return (column.cast(pa.float64()) if pa.types.is_decimal(type_) else column).to_numpy()
    if pa.types.is_boolean(type_):
        return _to_categories(pc.if_else(column, "true", "false")).cat.rename_categories(_BOOLEANS)
    return _from_texts(_to_texts(column), use)


def _from_texts(column: pa.ChunkedArray, use: Use) -> Column:
    if use >= Use.COMPARISON:
        return column.cast(pa.string()).to_pandas()
    if use < Use.VALUE:
        return _encode(column).combine_chunks().indices.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return _to_categories(column)


def _to_categories(column: pa.ChunkedArray) -> pd.Series:
    return _encode(column).combine_chunks().to_pandas()


def _encode(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.unify_dictionaries()
    # One dictionary for all chunks: unifying it again would take ten times as long as making it.
    return column.dictionary_encode()


def _to_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_map(column.type):
        return pa.chunked_array([_join_keys(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_list(column.type):
        return pc.binary_join(column, ",")
    return column


def _join_keys(chunk: pa.MapArray) -> pa.Array:
    names = pa.ListArray.from_arrays(chunk.offsets, chunk.keys, mask=chunk.is_null())
    return pc.binary_join(names, ",")
