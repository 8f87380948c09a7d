"""Write cells as columns: dictionaries where a field has few values, else plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.jsonlines.cells import CELL, Cells
from etl.appsflyer.jsonlines.kernels import (
    WIDTH,
    byte_at,
    copy_bytes,
    get,
    get_long,
    hash_bytes,
    is_equal,
    inlined,
    kernel,
    put,
    put_byte,
    put_long,
)
from etl.appsflyer.jsonlines.unescape import unescape

# A column with more distinct values, or more bytes of them, within a block is plain text.
MAX_VALUES = 4096
MAX_VALUE_BYTES = 1 << 17
_BUCKETS = 4 * MAX_VALUES
_MAX_PROBES = 64
_NONE, _FULL = -1, -2

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]


class Source(NamedTuple):
    """Where the bytes, the cells, their stops at each line's end and the column's place in the output are."""

    data: int
    cells: int
    stops: int
    places: int


class TextTable(NamedTuple):
    """Where text columns are written: each one's next address, its offsets, rows done and validity."""

    heads: int
    begins: int
    offsets: int
    rows: int
    valid: int
    valid_bytes: int


class DictionaryTable(NamedTuple):
    """Where dictionaries are written: codes and validity of rows; values, counted, with their buckets."""

    codes: int
    valid: int
    valid_bytes: int
    counts: int
    text: int
    stops: int
    buckets: int


class ColumnWriter:
    """Writes the columns of blocks, with room for dictionaries that is kept from block to block."""

    def __init__(self) -> None:
        """Start without room."""
        self._room = -1
        self._make_room(0)

    def write(
        self, data: Bytes, cells: Cells, names: Sequence[str], is_low_cardinality: npt.NDArray[np.bool_]
    ) -> Mapping[str, pa.Array]:
        """Write the columns that some line has, by their names."""
        is_present = cells.counts[: len(names)] > 0
        encoded = self._encode(data, cells, np.flatnonzero(is_present & is_low_cardinality))
        is_present[list(encoded)] = False
        columns = encoded | write_texts(data, cells, np.flatnonzero(is_present))
        return {names[column]: columns[column] for column in sorted(columns)}

    def _encode(self, data: Bytes, cells: Cells, columns: npt.NDArray[np.int64]) -> dict[int, pa.Array]:
        """Encode columns as dictionaries, but those with too many values."""
        self._make_room(len(columns))
        lines = len(cells.stops)
        codes = np.zeros((len(columns), lines), dtype=np.int32)
        valid = np.zeros((len(columns), (lines + 7) // 8), dtype=np.uint8)
        counts = np.zeros(len(columns), dtype=np.int32)
        self._buckets[: len(columns)] = _NONE
        arrays = (counts, self._text, self._stops, self._buckets)
        places = _place(columns, len(cells.counts))
        encode_cells(
            Source(*_addresses(data, cells.cells, cells.stops, places)),
            lines,
            DictionaryTable(*_addresses(codes, valid), valid.shape[1], *_addresses(*arrays)),
        )
        return {
            column: pa.DictionaryArray.from_arrays(
                pa.Array.from_buffers(
                    pa.int32(),
                    lines,
                    [pa.py_buffer(valid[place]), pa.py_buffer(codes[place])],
                    null_count=lines - int(cells.counts[column]),
                ),
                self._dictionary(place, int(counts[place])),
                safe=False,
            )
            for place, column in enumerate(columns.tolist())
            if counts[place] != _FULL
        }

    def _make_room(self, columns: int) -> None:
        if columns > self._room:
            self._text = np.empty((columns, MAX_VALUE_BYTES + WIDTH), dtype=np.uint8)
            self._stops = np.zeros((columns, MAX_VALUES + 1), dtype=np.int32)
            self._buckets = np.empty((columns, _BUCKETS), dtype=np.int32)
            self._room = columns

    def _dictionary(self, place: int, count: int) -> pa.Array:
        stops = self._stops[place, : count + 1].copy()
        return pa.StringArray.from_buffers(
            count, pa.py_buffer(stops), pa.py_buffer(self._text[place, : stops[-1]].tobytes())
        )


def write_texts(data: Bytes, cells: Cells, columns: npt.NDArray[np.int64]) -> dict[int, pa.Array]:
    """Write columns as plain text."""
    lines = len(cells.stops)
    rooms = cells.sizes[columns] + WIDTH
    begins = np.cumsum(rooms) - rooms
    text = np.empty(int(rooms.sum()), dtype=np.uint8)
    begins += text.ctypes.data
    heads = begins.copy()
    offsets = np.empty((len(columns), lines + 1), dtype=np.int32)
    valid = np.zeros((len(columns), (lines + 7) // 8), dtype=np.uint8)
    rows = np.zeros(len(columns), dtype=np.int32)
    places = _place(columns, len(cells.counts))
    write_cells(
        Source(*_addresses(data, cells.cells, cells.stops, places)),
        lines,
        len(columns),
        TextTable(*_addresses(heads, begins, offsets, rows, valid), valid.shape[1]),
    )
    begins -= text.ctypes.data
    heads -= text.ctypes.data
    return {
        column: pa.StringArray.from_buffers(
            lines,
            pa.py_buffer(offsets[place]),
            pa.py_buffer(text[begins[place] : heads[place]]),
            pa.py_buffer(valid[place]),
            lines - int(cells.counts[column]),
        )
        for place, column in enumerate(columns.tolist())
    }


def _place(columns: npt.NDArray[np.int64], count: int) -> Places:
    places = np.full(count, _NONE, dtype=np.int32)
    places[columns] = np.arange(len(columns))
    return places


def _addresses(*arrays: npt.NDArray[np.generic]) -> list[int]:
    return [array.ctypes.data for array in arrays]


@inlined
def set_valid(valid: int, line: int) -> None:
    """Mark a row as valid."""
    at = valid + (line >> 3)
    put_byte(at, byte_at(at) | 1 << (line & 7))


@kernel
def write_cells(source: Source, lines: int, columns: int, table: TextTable) -> None:
    """Write cells of text columns."""
    cell = 0
    for line in range(lines):
        for each in range(cell, get(source.stops, line)):
            kind = get(source.cells, each * CELL + 2)
            place = get(source.places, kind >> 1)
            if place >= 0:
                fill_offsets(table, place, line + 1, lines)
                at, size = source.data + get(source.cells, each * CELL), get(source.cells, each * CELL + 1)
                put_long(table.heads, place, write_text(at, size, kind & 1, get_long(table.heads, place)))
                set_valid(table.valid + place * table.valid_bytes, line)
        cell = get(source.stops, line)
    for place in range(columns):
        fill_offsets(table, place, lines + 1, lines)


@inlined
def fill_offsets(table: TextTable, place: int, stop: int, lines: int) -> None:
    """Let all rows up to one begin where the text of the column ends so far."""
    offset = get_long(table.heads, place) - get_long(table.begins, place)
    for row in range(get(table.rows, place), stop):
        put(table.offsets, place * (lines + 1) + row, offset)
    put(table.rows, place, stop)


@inlined
def write_text(at: int, size: int, has_escapes: int, target: int) -> int:
    """Write a cell's text; give the end."""
    if has_escapes:
        return unescape(at, size, target)
    copy_bytes(at, target, size)
    return target + size


@kernel
def encode_cells(source: Source, lines: int, table: DictionaryTable) -> None:
    """Encode cells of columns with few values."""
    cell = 0
    for line in range(lines):
        for each in range(cell, get(source.stops, line)):
            kind = get(source.cells, each * CELL + 2)
            place = get(source.places, kind >> 1)
            if place >= 0 and get(table.counts, place) != _FULL:
                at, size = source.data + get(source.cells, each * CELL), get(source.cells, each * CELL + 1)
                put(table.codes, place * lines + line, encode_text(table, place, at, size, kind & 1))
                set_valid(table.valid + place * table.valid_bytes, line)
        cell = get(source.stops, line)


@inlined
def encode_text(table: DictionaryTable, place: int, at: int, size: int, has_escapes: int) -> int:
    """Give the code of a cell's text; without room the column is marked as full."""
    text, stops = table.text + place * (MAX_VALUE_BYTES + WIDTH), table.stops + place * (MAX_VALUES + 1) * 4
    count = get(table.counts, place)
    start = get(stops, count)
    if start + size > MAX_VALUE_BYTES or count == MAX_VALUES:
        put(table.counts, place, _FULL)
        return 0
    if has_escapes:
        size = unescape(at, size, text + start) - text - start
        at = text + start
    buckets = table.buckets + place * _BUCKETS * 4
    bucket = hash_bytes(at, size) & (_BUCKETS - 1)
    for _ in range(_MAX_PROBES):
        number = get(buckets, bucket)
        if number == _NONE:
            copy_bytes(at, text + start, size)
            put(stops, count + 1, start + size)
            put(buckets, bucket, count)
            put(table.counts, place, count + 1)
            return count
        known = get(stops, number)
        if get(stops, number + 1) - known == size and is_equal(at, text + known, size):
            return number
        bucket = (bucket + 1) & (_BUCKETS - 1)
    put(table.counts, place, _FULL)
    return 0
