"""The spellings of keys: which column each belongs to, and which one is likely to come next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from etl.appsflyer.jsonlines.kernels import WIDTH, copy_bytes, get, hash_bytes, inlined, is_equal, part, put

UNKNOWN = -1
# Room for the spellings of a stream; keys beyond it are unknown for good.
MAX_SPELLINGS = 4096
MAX_SPELLING_BYTES = 1 << 18
_BUCKETS = 4 * MAX_SPELLINGS
# A key that does not find its place within so many steps is not looked for any further.
_MAX_PROBES = 64
_FREE = -1


class SpellingTable(NamedTuple):
    """Where the arrays of `Spellings` are."""

    text: int
    stops: int
    columns: int
    followers: int
    buckets: int
    places: int
    count: int


class Spellings:
    """Keys as they are written, quotes and escapes included, numbered as they came.

    `stops` holds where each ends in `text`, `columns` the column of each or `UNKNOWN`, `buckets` the numbers
    by hash and `places` the bucket of each. `followers` holds the key that stood behind each the last time,
    and at the end the key that stood first.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._text = np.zeros(MAX_SPELLING_BYTES + WIDTH, dtype=np.uint8)
        self._stops = np.zeros(MAX_SPELLINGS + 1, dtype=np.int32)
        self.columns = np.full(MAX_SPELLINGS, UNKNOWN, dtype=np.int32)
        self._followers = np.zeros(MAX_SPELLINGS + 1, dtype=np.int32)
        self._buckets = np.full(_BUCKETS, _FREE, dtype=np.int32)
        self._places = np.zeros(MAX_SPELLINGS, dtype=np.int32)
        self._count = np.zeros(1, dtype=np.int32)
        arrays = (
            self._text,
            self._stops,
            self.columns,
            self._followers,
            self._buckets,
            self._places,
            self._count,
        )
        self.table = SpellingTable(*(array.ctypes.data for array in arrays))

    def __len__(self) -> int:
        """Count them."""
        return int(self._count[0])

    def __getitem__(self, number: int) -> bytes:
        """Give one as it is written."""
        return self._text[self._stops[number] : self._stops[number + 1]].tobytes()


@part
def find_spelling(table: SpellingTable, at: int, size: int) -> int:
    """Find the number of a key as it is written, which is given one if it is new; `UNKNOWN` without room."""
    place = hash_bytes(at, size) & (_BUCKETS - 1)
    for _ in range(_MAX_PROBES):
        number = get(table.buckets, place)
        if number == _FREE:
            return add_spelling(table, at, size, place)
        if spelling_size(table, number) == size and is_spelled(table, number, at):
            return number
        place = (place + 1) & (_BUCKETS - 1)
    return UNKNOWN


@inlined
def spelling_size(table: SpellingTable, number: int) -> int:
    """Give the length of a spelling in bytes."""
    return get(table.stops, number + 1) - get(table.stops, number)


@inlined
def is_spelled(table: SpellingTable, number: int, at: int) -> bool:
    """Tell whether a key stands at a place."""
    return is_equal(at, table.text + get(table.stops, number), spelling_size(table, number))


@part
def add_spelling(table: SpellingTable, at: int, size: int, place: int) -> int:
    """Give a new spelling its number."""
    number = get(table.count, 0)
    start = get(table.stops, number)
    if number == MAX_SPELLINGS or start + size > MAX_SPELLING_BYTES:
        return UNKNOWN
    copy_bytes(at, table.text + start, size)
    put(table.stops, number + 1, start + size)
    put(table.columns, number, UNKNOWN)
    put(table.followers, number, 0)
    put(table.buckets, place, number)
    put(table.places, number, place)
    put(table.count, 0, number + 1)
    return number


@part
def drop_spellings(table: SpellingTable, count: int) -> None:
    """Forget all but the first `count`, the last one first, so that no other one loses its way."""
    while get(table.count, 0) > count:
        last = get(table.count, 0) - 1
        put(table.buckets, get(table.places, last), _FREE)
        put(table.count, 0, last)
