"""Write cells as columns: dictionaries where a field has few values, else plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.compiled.memory import WIDTH, addresses
from etl.appsflyer.jsonlines import kernels
from etl.appsflyer.jsonlines.cells import Cells
from etl.appsflyer.jsonlines.layout import (
    FREE,
    FULL,
    MAX_VALUE_BYTES,
    MAX_VALUES,
    VALUE_BUCKETS,
    CellSource,
)

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]


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
        self._buckets[: len(columns)] = FREE
        arrays = (counts, self._text, self._stops, self._buckets)
        places = _place(columns, len(cells.counts))
        kernels.encode_texts(
            *_locate(data, cells, places),
            lines,
            *addresses(codes, valid),
            valid.shape[1],
            *addresses(*arrays),
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
            if counts[place] != FULL
        }

    def _make_room(self, columns: int) -> None:
        if columns > self._room:
            self._text = np.empty((columns, MAX_VALUE_BYTES + WIDTH), dtype=np.uint8)
            self._stops = np.zeros((columns, MAX_VALUES + 1), dtype=np.int32)
            self._buckets = np.empty((columns, VALUE_BUCKETS), dtype=np.int32)
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
    kernels.write_texts(
        *_locate(data, cells, places),
        lines,
        len(columns),
        *addresses(heads, begins, offsets, rows, valid),
        valid.shape[1],
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
    places = np.full(count, FREE, dtype=np.int32)
    places[columns] = np.arange(len(columns))
    return places


def _locate(data: Bytes, cells: Cells, places: Places) -> CellSource:
    (start,) = addresses(data)
    return CellSource(start, start + len(data), *addresses(cells.cells, cells.stops, places))
