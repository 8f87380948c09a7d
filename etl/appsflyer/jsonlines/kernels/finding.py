"""The first pass: each line is proven to be one JSON object, and its values are found."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import (
    byte_at,
    get,
    get_long,
    inlined,
    part,
    put,
    put_byte,
    put_long,
)
from etl.appsflyer.jsonlines.kernels.grammar import (
    BROKEN,
    skip_colon,
    skip_nested,
    skip_scalar,
    skip_space,
    skip_string,
)
from etl.appsflyer.jsonlines.kernels.keys import drop_spellings, find_spelling, is_spelled, spelling_size
from etl.appsflyer.jsonlines.layout import CELL, MAX_SPELLINGS, UNKNOWN, CellTable, Source, SpellingTable

_QUOTE, _COMMA, _OBJECT, _OBJECT_END, _ARRAY, _NULL = (ord(each) for each in '",{}[n')


def find_cells(arguments: int) -> None:
    """Find the cells of lines, as `CellFinder.find` asks for it."""
    data, ends, lines = get_long(arguments, 0), get_long(arguments, 1), get_long(arguments, 2)
    spellings = SpellingTable(
        get_long(arguments, 3),
        get_long(arguments, 4),
        get_long(arguments, 5),
        get_long(arguments, 6),
        get_long(arguments, 7),
        get_long(arguments, 8),
        get_long(arguments, 9),
    )
    table = CellTable(
        get_long(arguments, 10),
        get_long(arguments, 11),
        get_long(arguments, 12),
        get_long(arguments, 13),
        get_long(arguments, 14),
        get_long(arguments, 15),
    )
    source = Source(data, data + get_long(arguments, 16))
    start, cell = data, 0
    for line in range(lines):
        known, end = get(spellings.total, 0), data + get_long(ends, line)
        at, stop, is_odd = read_line(source, start, spellings, table, line, cell)
        if at != end:
            # What stands in a broken line teaches nothing.
            drop_spellings(spellings, known)
            is_odd = True
        if is_odd:
            put_byte(table.odd + line, 1)
        else:
            count_cells(table, cell, stop)
            cell = stop
        put(table.stops, line, cell)
        start = end + 1


@part
def count_cells(table: CellTable, start: int, stop: int) -> None:
    """Add some cells to the totals of their columns."""
    for cell in range(start, stop):
        column = get(table.cells, cell * CELL + 2) >> 1
        put_long(table.counts, column, get_long(table.counts, column) + 1)
        put_long(table.sizes, column, get_long(table.sizes, column) + get(table.cells, cell * CELL + 1))


@inlined
def read_line(
    source: Source, at: int, spellings: SpellingTable, table: CellTable, line: int, cell: int
) -> tuple[int, int, bool]:
    """Read one line into cells from a number on.

    Gives where the line ends, or `BROKEN`; the number of cells that there are then; and whether the line has
    keys that are repeated or unknown, or no keys at all.
    """
    at = skip_space(at)
    if byte_at(at) != _OBJECT:
        return BROKEN, cell, True
    at = skip_space(at + 1)
    before, is_odd = MAX_SPELLINGS, byte_at(at) == _OBJECT_END
    while byte_at(at) == _QUOTE:
        at, number = read_key(at, source.end, spellings, before)
        if at < 0:
            return BROKEN, cell, True
        column = UNKNOWN if number == UNKNOWN else get(spellings.columns, number)
        before = MAX_SPELLINGS if number == UNKNOWN else number
        if column == UNKNOWN or get(table.seen, column) == line:
            is_odd, column = True, 0
        else:
            put(table.seen, column, line)
        at, cell = read_value(source, at, table, cell, column)
        if at < 0:
            return BROKEN, cell, True
        at = skip_space(at)
        if byte_at(at) != _COMMA:
            break
        at = skip_space(at + 1)
        if byte_at(at) != _QUOTE:
            return BROKEN, cell, True
    if byte_at(at) != _OBJECT_END:
        return BROKEN, cell, True
    return skip_space(at + 1), cell, is_odd


@inlined
def read_key(at: int, end: int, spellings: SpellingTable, before: int) -> tuple[int, int]:
    """Pass over a key and its colon, and give the key's number: first tried is what followed last time."""
    number = get(spellings.followers, before)
    if number < get(spellings.total, 0) and is_spelled(spellings, number, at, end):
        at += spelling_size(spellings, number)
    else:
        start = at
        at, _ = skip_string(at + 1, end)
        if at < 0:
            return BROKEN, UNKNOWN
        at += 1
        number = find_spelling(spellings, start, end, at - start)
        if number != UNKNOWN:
            put(spellings.followers, before, number)
    return skip_colon(at), number


@inlined
def read_value(source: Source, at: int, table: CellTable, cell: int, column: int) -> tuple[int, int]:
    """Pass over a value and note it, if it is neither null nor empty; give the next cell's number."""
    start, first, has_escapes = at, byte_at(at), False
    if first == _QUOTE:
        start += 1
        stop, has_escapes = skip_string(start, source.end)
        at = stop + 1 if stop > 0 else BROKEN
    elif first == _OBJECT or first == _ARRAY:
        at = stop = skip_nested(at, source.end)
    else:
        at = stop = skip_scalar(at, source.end)
    if at > 0 and stop > start and first != _NULL:
        put(table.cells, cell * CELL, start - source.data)
        put(table.cells, cell * CELL + 1, stop - start)
        put(table.cells, cell * CELL + 2, column << 1 | has_escapes)
        cell += 1
    return at, cell
