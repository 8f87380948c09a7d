"""Keys as they are written, found by what followed the last time or by their hash."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import get, inlined, part, put
from etl.appsflyer.compiled.runs import copy_bytes, hash_bytes, is_equal
from etl.appsflyer.jsonlines.layout import (
    BUCKETS,
    FREE,
    MAX_PROBES,
    MAX_SPELLING_BYTES,
    MAX_SPELLINGS,
    UNKNOWN,
    SpellingTable,
)


@part
def find_spelling(table: SpellingTable, at: int, end: int, size: int) -> int:
    """Find the number of a key as it is written, which is given one if it is new; `UNKNOWN` without room."""
    place = hash_bytes(at, end, size) & (BUCKETS - 1)
    for _ in range(MAX_PROBES):
        number = get(table.buckets, place)
        if number == FREE:
            return add_spelling(table, at, end, size, place)
        if spelling_size(table, number) == size and is_spelled(table, number, at, end):
            return number
        place = (place + 1) & (BUCKETS - 1)
    return UNKNOWN


@inlined
def spelling_size(table: SpellingTable, number: int) -> int:
    """Give the length of a spelling in bytes."""
    return get(table.stops, number + 1) - get(table.stops, number)


@inlined
def is_spelled(table: SpellingTable, number: int, at: int, end: int) -> bool:
    """Tell whether a key stands at a place."""
    return is_equal(at, end, table.text + get(table.stops, number), spelling_size(table, number))


@part
def add_spelling(table: SpellingTable, at: int, end: int, size: int, place: int) -> int:
    """Give a new spelling its number."""
    number = get(table.total, 0)
    start = get(table.stops, number)
    if number == MAX_SPELLINGS or start + size > MAX_SPELLING_BYTES:
        return UNKNOWN
    copy_bytes(at, end, table.text + start, size)
    put(table.stops, number + 1, start + size)
    put(table.columns, number, UNKNOWN)
    put(table.followers, number, 0)
    put(table.buckets, place, number)
    put(table.places, number, place)
    put(table.total, 0, number + 1)
    return number


@part
def drop_spellings(table: SpellingTable, count: int) -> None:
    """Forget all but the first `count`, the last one first, so that no other one loses its way."""
    while get(table.total, 0) > count:
        last = get(table.total, 0) - 1
        put(table.buckets, get(table.places, last), FREE)
        put(table.total, 0, last)
