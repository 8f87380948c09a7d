"""Frames that Great Expectations judges quickly: the columns that a suite names, in types it is fast with.

Texts are categories, so that what is asked of a text is asked once a distinct text; money and whole numbers
are numbers of numpy; instants are UTC. Texts that an expectation compares with each other stay plain.
Lists are their items joined by a comma, maps the joined names of what they hold: never a value of theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_LAST_NANOSECOND: Final = pd.Timestamp.max.floor("us")


def make_frame(table: pa.Table, columns: Iterable[str], compared: Collection[str] = ()) -> pd.DataFrame:
    """Make the frame of some columns of a table; `compared` are those compared with another column."""
    return pd.DataFrame(
        {name: _convert(table[name], is_plain=name in compared) for name in columns}, copy=False
    )


def _convert(column: pa.ChunkedArray, *, is_plain: bool) -> pd.Series | np.ndarray:
    type_ = column.type
    if pa.types.is_timestamp(type_):
        return _to_instants(column)
    if pa.types.is_date(type_):
        return column.cast(pa.timestamp("s")).to_pandas(date_as_object=False).astype("datetime64[ns]")
    if pa.types.is_decimal(type_):
        return column.cast(pa.float64()).to_numpy()
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return column.to_numpy()
    if pa.types.is_boolean(type_):
        return _to_categories(pc.if_else(column, "true", "false")).cat.rename_categories(_BOOLEANS)
    return _from_texts(_to_texts(column), is_plain=is_plain)


_BOOLEANS: Final = {"true": True, "false": False}


def _to_instants(column: pa.ChunkedArray) -> pd.Series:
    return column.to_pandas()


def _from_texts(column: pa.ChunkedArray, *, is_plain: bool) -> pd.Series:
    return column.cast(pa.string()).to_pandas() if is_plain else _to_categories(column)


def _to_categories(column: pa.ChunkedArray) -> pd.Series:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.unify_dictionaries().combine_chunks().to_pandas()


def _to_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_map(column.type):
        return pa.chunked_array([_join_keys(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_list(column.type):
        return pc.binary_join(column, ",")
    return column


def _join_keys(chunk: pa.MapArray) -> pa.Array:
    names = pa.ListArray.from_arrays(chunk.offsets, chunk.keys, mask=chunk.is_null())
    return pc.binary_join(names, ",")
