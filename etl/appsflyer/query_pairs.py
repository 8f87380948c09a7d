"""Splitting queries into names and values, and laying the values out in columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.byte_lines import Bytes, Lines, Mask, Offsets, build_binary, pack_lines
from etl.appsflyer.locate import Queries
from etl.appsflyer.percent import decode_lines
from etl.appsflyer.query_marks import Marks, find_marks

# Of each pair four pieces are cut: the name, the equals sign, the value, and what stands before the next
# name.
_PIECES, _VALUE = 4, 2
_CODES_OF_16_BITS = 1 << 16


@dataclass(frozen=True, slots=True)
class Pairs:
    """Decoded pairs of some rows, sorted by name, then row. Pairs without a value are left out.

    `names[codes[i]]` is the name of pair `i`, which is in `rows[i]`. `lone_rows` holds a row for each piece
    that has no equals sign.
    """

    names: tuple[bytes, ...]
    codes: npt.NDArray[np.int64]
    rows: Offsets
    lone_rows: Offsets
    _pieces: pa.Array
    _indexes: Offsets

    def bounds(self) -> Offsets:
        """Say where each name's pairs start, and where the last one's end."""
        bounds: Offsets = np.searchsorted(self.codes, np.arange(len(self.names) + 1))
        return bounds

    def values(self, pairs: Offsets) -> pa.Array:
        """Give the values of some pairs, as bytes."""
        return self._pieces.take(pa.array(self._indexes[pairs]))

    def lay_out(self, pairs: slice, rows: int) -> pa.Array:
        """Give the values of one name as a column of bytes; where a row has several, its last one."""
        index = np.full(rows, -1, dtype=np.int64)
        index[self.rows[pairs]] = self._indexes[pairs]
        return self._pieces.take(pa.array(index, mask=index < 0))

    def repeated(self) -> Offsets:
        """List the pairs whose name stood in the row before, in a pair that comes just before them here."""
        is_repeated = (self.codes[1:] == self.codes[:-1]) & (self.rows[1:] == self.rows[:-1])
        return np.flatnonzero(is_repeated) + 1


def split_queries(queries: Queries) -> Pairs:
    """Split each query at `&`, each piece at its first `=`, and decode both sides once.

    A raw query is not decoded.
    """
    lines, marks = queries.lines, queries.marks
    if marks is None:
        lines = pack_lines(lines)
        marks = find_marks(lines.data)
    starts, equals, ends, rows = _find_pairs(lines, marks)
    decoded = decode_lines(lines, plus=True, skipped=queries.is_raw)
    lone_rows = rows[(equals == ends) & (ends > starts)]
    with_value = np.flatnonzero(ends > equals + 1)
    pieces = _cut(decoded.data, decoded.move(starts), decoded.move(equals), decoded.move(ends))
    return _sort_pairs(pieces, with_value, rows[with_value], lone_rows)


def walk_columns(pairs: Pairs) -> Iterator[tuple[bytes, slice]]:
    """Walk over the names with the slice of pairs that each has."""
    bounds = pairs.bounds()
    for code, name in enumerate(pairs.names):
        yield name, slice(int(bounds[code]), int(bounds[code + 1]))


def _find_pairs(lines: Lines, marks: Marks) -> tuple[Offsets, Offsets, Offsets, Offsets]:
    """Find where each pair starts, its first equals sign (or its end) and its end, and its row."""
    places, is_ampersand, firsts = _keep_inside(lines, marks)
    at = np.flatnonzero(is_ampersand)
    count = np.diff(np.searchsorted(at, firsts))
    rows = np.repeat(np.arange(len(lines)), count + 1)
    is_first = np.diff(rows, prepend=-1) > 0
    is_last = np.diff(rows, append=len(lines)) > 0
    starts, ends, next_mark = np.empty((3, len(rows)), dtype=np.int64)
    starts[is_first], starts[~is_first] = lines.starts, places[at] + 1
    ends[is_last], ends[~is_last] = lines.ends, places[at]
    next_mark[is_first], next_mark[~is_first] = firsts[:-1], at + 1
    equals = np.append(places, len(lines.data))[next_mark]
    return starts, np.minimum(equals, ends), ends, rows


def _keep_inside(lines: Lines, marks: Marks) -> tuple[Offsets, Mask, Offsets]:
    """Leave out the marks outside the lines; say how many there are before each line and in all."""
    low, high = np.searchsorted(marks.pair_marks, lines.starts), np.searchsorted(marks.pair_marks, lines.ends)
    firsts = np.concatenate([[0], np.cumsum(high - low)])
    if firsts[-1] == len(marks.pair_marks):
        return marks.pair_marks, marks.is_ampersand, firsts
    inside = np.repeat(low - firsts[:-1], high - low) + np.arange(firsts[-1])
    return marks.pair_marks[inside], marks.is_ampersand[inside], firsts


def _cut(data: Bytes, starts: Offsets, equals: Offsets, ends: Offsets) -> pa.Array:
    stops = np.zeros(_PIECES * len(starts) + 1, dtype=np.int32)
    stops[0:-1:_PIECES], stops[1::_PIECES] = starts, equals
    stops[2::_PIECES], stops[3::_PIECES] = np.minimum(equals + 1, ends), ends
    stops[-1] = ends[-1] if len(ends) else 0
    return build_binary(data, stops)


def _sort_pairs(pieces: pa.Array, pairs: Offsets, rows: Offsets, lone_rows: Offsets) -> Pairs:
    encoded = pc.dictionary_encode(pieces.take(pa.array(pairs * _PIECES)))
    names = tuple(encoded.dictionary.to_pylist())
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    small = codes.astype(np.uint16) if len(names) < _CODES_OF_16_BITS else codes
    order = np.argsort(small, kind="stable")  # a radix sort for 16-bit numbers
    return Pairs(
        names, codes[order].astype(np.int64), rows[order], lone_rows, pieces, pairs[order] * _PIECES + _VALUE
    )
