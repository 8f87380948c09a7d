"""Looking for wanted ids in the pages of Parquet files, column by column and batch by batch."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

MAGIC: Final = b"PAR1"
FAULTS: Final = (pa.ArrowException, OSError, ValueError)
"""What reading a Parquet file raises where it or its store fails; a ValueError where a name is no UTF-8."""

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
        FAULTS: there is no footer, or it says what cannot be; or what `raw` raises.
    """
    metadata = pq.read_metadata(raw)
    _check_chunks(metadata)
    with_dictionary = {
        path
        for group in range(metadata.num_row_groups)
        for path, chunk in _list_chunks(metadata, group)
        if chunk.has_dictionary_page and chunk.physical_type == _BYTES
    }
    return pq.ParquetFile(
        raw, metadata=metadata, read_dictionary=sorted(with_dictionary), buffer_size=_BUFFER_BYTES
    )


def is_damage(error: Exception) -> bool:
    """Tell whether an error says that the file is damaged, and not that its store fails."""
    return not isinstance(error, OSError) or (type(error) is OSError and error.errno is None)


def list_gaps(metadata: pq.FileMetaData, size: int) -> list[tuple[int, int]]:
    """List where a file of so many bytes has what is in no column: its footer, what is lost between.

    Whatever the footer says of columns, it is in none.
    """
    gaps, at = list[tuple[int, int]](), 0
    footer = size - metadata.serialized_size - len(MAGIC) - _LENGTH_BYTES
    groups = range(metadata.num_row_groups)
    chunks = [_find_chunk(chunk) for group in groups for _, chunk in _list_chunks(metadata, group)]
    for start, stop in sorted(chunks):
        if start > at:
            gaps.append((at, min(start, footer)))
        at = max(at, min(stop, footer))
    return [*gaps, (at, size)]


def list_packs(metadata: pq.FileMetaData) -> Iterator[tuple[int, list[str]]]:
    """List columns of texts or bytes that are read together, with their row group: those with little in them.

    To read one at a time costs more than what is in most. One in a list, map or struct, or of values of one
    length, is alone.
    """
    for group in range(metadata.num_row_groups):
        packed, size = list[str](), 0
        for path, chunk in _list_chunks(metadata, group):
            if chunk.physical_type == _FIXED_BYTES or (chunk.physical_type == _BYTES and "." in path):
                yield group, [path]
            elif chunk.physical_type == _BYTES:
                if packed and size + chunk.total_uncompressed_size > _PACK_BYTES:
                    yield group, packed
                    packed, size = [], 0
                packed.append(path)
                size += chunk.total_uncompressed_size
        if packed:
            yield group, packed


def read_pack(file: pq.ParquetFile, group: int, paths: list[str]) -> Iterator[tuple[str, pa.Array]]:
    """Give the values of some columns in a row group, with the column's path; no batch without a value.

    Of a chunk with a dictionary, the dictionary is given: each value once, those of no row included. Of
    values of one fixed length, which Arrow gives without their dictionary, only those of rows are.

    Raises:
        FAULTS: a page is damaged; or what the file raises.
    """
    before: dict[str, pa.Array] = {}
    # One thread: of few columns, others cost more than they give, and whole files are read side by side.
    for batch in file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=paths, use_threads=False):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            path = name if len(paths) > 1 else paths[0]
            for values in list_leaf_values(column):
                # Each batch of a group has the group's dictionary again, mostly the same one.
                is_again = path in before and values.equals(before[path])
                before[path] = values
                if len(values) > values.null_count and not is_again:
                    yield path, values


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


class _NoBytes(io.RawIOBase):
    """A file that ends wherever it is read, and knows whether it was; Arrow asks for its size."""

    is_read = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return sys.maxsize

    @override
    def seek(self, offset: int, whence: int = 0, /) -> int:
        return sys.maxsize

    @override
    def read(self, size: int = -1, /) -> bytes:
        self.is_read = True
        return b""


def _check_chunks(metadata: pq.FileMetaData) -> None:
    """Have Arrow look at what a footer says of each column, as it does before it reads the first page.

    It raises then what ends the process where Python asks for a column's metadata.
    """
    for group in range(metadata.num_row_groups):
        pages = _NoBytes()
        file = pq.ParquetFile(pages, metadata=metadata, buffer_size=_BUFFER_BYTES)
        try:
            next(file.iter_batches(1, row_groups=[group], use_threads=False), None)
        except FAULTS:
            # An error of the file's own would do, but Arrow never lets go of one, nor of the frames in it.
            if not pages.is_read:
                raise


def _list_chunks(metadata: pq.FileMetaData, group: int) -> Iterator[tuple[str, pq.ColumnChunkMetaData]]:
    """List a row group's chunks with the paths of their columns, which are the schema's, not the chunks'."""
    for leaf in range(metadata.num_columns):
        yield metadata.schema.column(leaf).path, metadata.row_group(group).column(leaf)


def _find_chunk(chunk: pq.ColumnChunkMetaData) -> tuple[int, int]:
    dictionary = chunk.dictionary_page_offset
    start = chunk.data_page_offset if dictionary is None else min(dictionary, chunk.data_page_offset)
    return start, start + chunk.total_compressed_size


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary_view(kind)
    )
