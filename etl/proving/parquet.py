"""Looking for wanted ids in the pages of Parquet files, column by column and batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

MAGIC: Final = b"PAR1"
_BATCH_ROWS = 1 << 16
# Columns are read in pieces of so much, where Arrow would hold a chunk as a whole.
_BUFFER_BYTES = 1 << 20
# What columns that are read together hold at most in a row group, decompressed.
_PACK_BYTES = 1 << 22
_LENGTH_BYTES = 4  # of the footer, which stand behind it
_BYTES: Final = "BYTE_ARRAY"
_FIXED_BYTES: Final = "FIXED_LEN_BYTE_ARRAY"


def open_parquet(raw: BinaryIO) -> pq.ParquetFile:
    """Open a file for all of its columns, those with a dictionary somewhere to be read as such.

    Raises:
        pyarrow.ArrowException: the file is damaged.
        OSError: whatever `raw` raises.
    """
    metadata = pq.read_metadata(raw)
    with_dictionary = {
        chunk.path_in_schema
        for chunk in _list_chunks(metadata)
        if chunk.has_dictionary_page and chunk.physical_type == _BYTES
    }
    return pq.ParquetFile(
        raw, metadata=metadata, read_dictionary=sorted(with_dictionary), buffer_size=_BUFFER_BYTES
    )


def list_gaps(metadata: pq.FileMetaData, size: int) -> list[tuple[int, int]]:
    """List where a file of so many bytes has what is in no column: its footer, what is lost between.

    Whatever the footer says of columns, it is in none.
    """
    gaps, at = [], 0
    footer = size - metadata.serialized_size - len(MAGIC) - _LENGTH_BYTES
    for start, stop in sorted(_find_chunk(chunk) for chunk in _list_chunks(metadata)):
        if start > at:
            gaps.append((at, min(start, footer)))
        at = max(at, min(stop, footer))
    return [*gaps, (at, size)]


def read_texts(file: pq.ParquetFile) -> Iterator[tuple[str, pa.Array]]:
    """Give the values of every column of texts or bytes, nested ones too, with the column's path.

    Row group after row group, columns with little in them together. A batch without a value is not given.

    Of a chunk with a dictionary, the dictionary is given: each value once, those of no row included. Of
    values of one fixed length, which Arrow gives without their dictionary, only those of rows are.

    Raises:
        pyarrow.ArrowException: the file is damaged.
        OSError: whatever the file raises, or a damaged page.
    """
    for group in range(file.metadata.num_row_groups):
        for paths in _pack(file.metadata.row_group(group)):
            yield from _read_chunks(file, group, paths)


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


def _list_chunks(metadata: pq.FileMetaData) -> Iterator[pq.ColumnChunkMetaData]:
    for group in range(metadata.num_row_groups):
        for leaf in range(metadata.num_columns):
            yield metadata.row_group(group).column(leaf)


def _find_chunk(chunk: pq.ColumnChunkMetaData) -> tuple[int, int]:
    dictionary = chunk.dictionary_page_offset
    start = chunk.data_page_offset if dictionary is None else min(dictionary, chunk.data_page_offset)
    return start, start + chunk.total_compressed_size


def _pack(group: pq.RowGroupMetaData) -> Iterator[list[str]]:
    """Pack a row group's columns of texts or bytes: to read one at a time costs more than what is in most.

    What is in lists, maps or structs is alone, so that its path is known.
    """
    packed, size = list[str](), 0
    for leaf in range(group.num_columns):
        chunk = group.column(leaf)
        path = chunk.path_in_schema
        if chunk.physical_type == _FIXED_BYTES or (chunk.physical_type == _BYTES and "." in path):
            yield [path]
        elif chunk.physical_type == _BYTES:
            if packed and size + chunk.total_uncompressed_size > _PACK_BYTES:
                yield packed
                packed, size = [], 0
            packed.append(path)
            size += chunk.total_uncompressed_size
    if packed:
        yield packed


def _read_chunks(file: pq.ParquetFile, group: int, paths: list[str]) -> Iterator[tuple[str, pa.Array]]:
    before: dict[str, pa.Array] = {}
    # One thread: of a column or few, others cost more than they give, and whole files are read side by side.
    for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=paths, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            path = name if len(paths) > 1 else paths[0]
            for values in list_leaf_values(column):
                # Each batch of a group has the group's dictionary again, mostly the same one.
                is_again = path in before and values.equals(before[path])
                before[path] = values
                if len(values) > values.null_count and not is_again:
                    yield path, values


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary_view(kind)
    )
