"""Looking for wanted ids in the pages of Parquet files, column by column and batch by batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
_BATCH_ROWS = 1 << 16
# Columns are read in pieces of so much, where Arrow would hold a chunk as a whole.
_BUFFER_BYTES = 1 << 20
_BYTES: Final = "BYTE_ARRAY"
_FIXED_BYTES: Final = "FIXED_LEN_BYTE_ARRAY"


def read_texts(raw: BinaryIO, columns: Collection[str] | None = None) -> Iterator[tuple[str, pa.Array]]:
    """Give the values of every column of texts or bytes, nested ones too, with the column's path.

    `columns` are the names of those to read; all of them without it.

    Of a chunk with a dictionary, the dictionary is given: each value once, those of no row included. Of
    values of one fixed length, which Arrow gives without their dictionary, only those of rows are.

    Raises:
        pyarrow.ArrowException: the file is damaged.
        OSError: whatever `raw` raises, or a damaged page.
    """
    file = _open(raw)
    schema = file.metadata.schema
    for leaf in range(len(schema)):
        column = schema.column(leaf)
        is_chosen = columns is None or column.path.split(".")[0] in columns or column.path in columns
        if is_chosen and column.physical_type in {_BYTES, _FIXED_BYTES}:
            for array in _read_leaf(file, column.path):
                yield column.path, array


def list_leaf_values(array: pa.Array) -> list[pa.Array]:
    """List the arrays of texts or bytes in an array, each value once where it has a dictionary."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return list_leaf_values(array.dictionary)
    if pa.types.is_map(kind):
        return [*list_leaf_values(array.keys), *list_leaf_values(array.items)]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return list_leaf_values(array.values)
    if pa.types.is_struct(kind):
        return [leaf for place in range(kind.num_fields) for leaf in list_leaf_values(array.field(place))]
    if pa.types.is_fixed_size_binary(kind):
        return [array.cast(pa.binary())]
    return [array] if _is_text(kind) else []


def _open(raw: BinaryIO) -> pq.ParquetFile:
    """Open a file, once for all of its columns, those with a dictionary somewhere to be read as such."""
    metadata = pq.read_metadata(raw)
    chunks = [
        metadata.row_group(group).column(leaf)
        for group in range(metadata.num_row_groups)
        for leaf in range(metadata.num_columns)
    ]
    with_dictionary = {
        chunk.path_in_schema
        for chunk in chunks
        if chunk.has_dictionary_page and chunk.physical_type == _BYTES
    }
    return pq.ParquetFile(
        raw, metadata=metadata, read_dictionary=sorted(with_dictionary), buffer_size=_BUFFER_BYTES
    )


def _read_leaf(file: pq.ParquetFile, path: str) -> Iterator[pa.Array]:
    for group in range(file.metadata.num_row_groups):
        before: pa.Array | None = None
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=[path]):
            for column in batch.columns:
                for values in list_leaf_values(column):
                    # Each batch of a group has the group's dictionary again, mostly the same one.
                    if before is None or not values.equals(before):
                        yield values
                    before = values


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary_view(kind)
    )
