"""Lines as one run of bytes with starts and ends, and where bytes stand in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# So many bytes stand before the first line and after the last, so that a window around any byte exists.
MARGIN = 64
# Slices small enough for the processor's cache: a compare over a whole block is bound by memory.
_SLICE_BYTES = 1 << 18
_MARGIN_BYTES = np.full(MARGIN, 10, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Lines:
    """Pieces of `data`, in order and not overlapping: line `i` is `data[starts[i]:ends[i]]`."""

    data: Bytes
    starts: Offsets
    ends: Offsets

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.starts)

    def cut(self, index: int) -> bytes:
        """Copy one line."""
        return self.data[self.starts[index] : self.ends[index]].tobytes()


def view_lines(texts: pa.Array) -> Lines:
    """Copy a binary or text array's bytes once, with a margin on either side; nulls become empty lines."""
    array = texts.cast(pa.large_binary()).fill_null(b"")
    _, offset_buffer, data_buffer = array.buffers()
    offsets = _read_offsets(array, offset_buffer)
    first, last = int(offsets[0]), int(offsets[-1])
    held = (
        np.frombuffer(data_buffer, dtype=np.uint8)[first:last]
        if last > first
        else np.empty(0, dtype=np.uint8)
    )
    shifted = offsets - (first - MARGIN)
    return Lines(np.concatenate([_MARGIN_BYTES, held, _MARGIN_BYTES]), shifted[:-1], shifted[1:])


def _read_offsets(array: pa.Array, buffer: pa.Buffer) -> Offsets:
    if not len(array):
        return np.zeros(1, dtype=np.int64)
    return np.frombuffer(buffer, dtype=np.int64)[array.offset : array.offset + len(array) + 1]


def trim_line_ends(lines: Lines) -> Lines:
    """Leave out a line feed and the carriage returns before it at the end of each line."""
    ends = lines.ends.copy()
    for end_byte in (10, 13, 13):
        ends -= (lines.data[ends - 1] == end_byte) & (ends > lines.starts)
    return Lines(lines.data, lines.starts, ends)


def append_lines(lines: Lines, rows: Offsets, replacements: Sequence[bytes]) -> Lines:
    """Give some lines other bytes, which are added behind the data; the lines are then no longer in order."""
    sizes = np.fromiter(map(len, replacements), dtype=np.int64, count=len(replacements))
    stops = len(lines.data) + np.cumsum(sizes)
    starts, ends = lines.starts.copy(), lines.ends.copy()
    starts[rows], ends[rows] = stops - sizes, stops
    added = np.frombuffer(b"".join(replacements), dtype=np.uint8)
    return Lines(np.concatenate([lines.data, added, _MARGIN_BYTES]), starts, ends)


def find_byte(data: Bytes, *values: int) -> Offsets:
    """Find where any of some bytes stands."""
    return find_where(data, lambda part: _is_any(part, values))


def find_where(data: Bytes, test: Callable[[Bytes], Mask]) -> Offsets:
    """Find where a test of single bytes holds, a slice at a time."""
    if len(data) <= _SLICE_BYTES:
        return np.flatnonzero(test(data))
    starts = range(0, len(data), _SLICE_BYTES)
    return np.concatenate([np.flatnonzero(test(data[at : at + _SLICE_BYTES])) + at for at in starts])


def _is_any(data: Bytes, values: tuple[int, ...]) -> Mask:
    mask: Mask = data == values[0]
    for value in values[1:]:
        mask |= data == value
    return mask


def first_in(positions: Offsets, starts: Offsets, ends: Offsets) -> Offsets:
    """Find the first of the sorted positions in each range, or the range's end where there is none."""
    if not len(positions):
        return ends
    index = np.searchsorted(positions, starts)
    found = positions.take(index, mode="clip")
    found = np.where(index == len(positions), ends, found)
    return np.minimum(found, ends)


def last_before(positions: Offsets, at: Offsets, floors: Offsets) -> Offsets:
    """Find the last of the sorted positions before each place, or else one less than the floor."""
    if not len(positions):
        return floors - 1
    index = np.searchsorted(positions, at) - 1
    found = positions.take(index, mode="clip")
    found = np.where(index < 0, floors - 1, found)
    return np.maximum(found, floors - 1)


def count_in(positions: Offsets, starts: Offsets, ends: Offsets) -> Offsets:
    """Count the sorted positions that lie in each range; 0 for ranges that end before they start."""
    counts = np.searchsorted(positions, ends) - np.searchsorted(positions, starts)
    bounded: Offsets = np.maximum(counts, 0)
    return bounded


def read_words(data: Bytes, at: Offsets) -> npt.NDArray[np.uint64]:
    """Read the eight bytes from each place on as one little-endian number; all of them must exist."""
    if not len(at):
        return np.empty(0, dtype=np.uint64)
    words: npt.NDArray[np.uint64] = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    return words[at]


def build_binary(data: Bytes, stops: npt.NDArray[np.integer]) -> pa.Array:
    """Make an array of the bytes between consecutive places, without copying them."""
    offsets = pa.py_buffer(stops.astype(np.int32, copy=False))
    return pa.Array.from_buffers(pa.binary(), len(stops) - 1, [None, offsets, pa.py_buffer(data)])


def pack_lines(lines: Lines) -> Lines:
    """Copy the lines, which may be in any order, into data of their own with nothing between them."""
    if not len(lines):
        return lines
    order = np.argsort(lines.starts, kind="stable")
    stops = np.stack([lines.starts[order], lines.ends[order]], axis=1).ravel()
    rank = np.empty(len(lines), dtype=np.int64)
    rank[order] = np.arange(len(lines))
    return view_lines(build_binary(lines.data, stops).take(pa.array(2 * rank)))


def mark_rows(rows: Offsets, count: int) -> Mask:
    """Turn a list of rows into a mask of all rows."""
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return mask
