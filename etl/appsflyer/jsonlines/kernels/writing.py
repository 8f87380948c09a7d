"""The second pass: cells are written as columns, text or dictionaries."""

from __future__ import annotations

from etl.appsflyer.compiled.instructions import byte_at, get, get_long, inlined, put, put_byte, put_long
from etl.appsflyer.compiled.memory import WIDTH
from etl.appsflyer.compiled.runs import copy_bytes, hash_bytes, is_equal
from etl.appsflyer.jsonlines.kernels.unescaping import unescape
from etl.appsflyer.jsonlines.layout import (
    CELL,
    FREE,
    FULL,
    MAX_PROBES,
    MAX_VALUE_BYTES,
    MAX_VALUES,
    VALUE_BUCKETS,
    CellSource,
    DictionaryTable,
    TextTable,
)


@inlined
def read_source(arguments: int) -> CellSource:
    """Read where the cells are, which all arguments begin with."""
    return CellSource(
        get_long(arguments, 0),
        get_long(arguments, 1),
        get_long(arguments, 2),
        get_long(arguments, 3),
        get_long(arguments, 4),
    )


@inlined
def set_valid(valid: int, line: int) -> None:
    """Mark a row as valid."""
    at = valid + (line >> 3)
    put_byte(at, byte_at(at) | 1 << (line & 7))


def write_texts(arguments: int) -> None:
    """Write cells of text columns, as `columns.write_texts` asks for it."""
    source, lines, columns = read_source(arguments), get_long(arguments, 5), get_long(arguments, 6)
    table = TextTable(
        get_long(arguments, 7),
        get_long(arguments, 8),
        get_long(arguments, 9),
        get_long(arguments, 10),
        get_long(arguments, 11),
        get_long(arguments, 12),
    )
    cell = 0
    for line in range(lines):
        for each in range(cell, get(source.stops, line)):
            kind = get(source.cells, each * CELL + 2)
            place = get(source.places, kind >> 1)
            if place >= 0:
                fill_offsets(table, place, line + 1, lines)
                at, size = source.data + get(source.cells, each * CELL), get(source.cells, each * CELL + 1)
                head = get_long(table.heads, place)
                put_long(table.heads, place, write_text(at, source.end, size, kind & 1, head))
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
def write_text(at: int, end: int, size: int, has_escapes: int, target: int) -> int:
    """Write a cell's text; give the end."""
    if has_escapes:
        return unescape(at, end, size, target)
    copy_bytes(at, end, target, size)
    return target + size


def encode_texts(arguments: int) -> None:
    """Encode cells of columns with few values, as `ColumnWriter.encode` asks for it."""
    source, lines = read_source(arguments), get_long(arguments, 5)
    table = DictionaryTable(
        get_long(arguments, 6),
        get_long(arguments, 7),
        get_long(arguments, 8),
        get_long(arguments, 9),
        get_long(arguments, 10),
        get_long(arguments, 11),
        get_long(arguments, 12),
    )
    cell = 0
    for line in range(lines):
        for each in range(cell, get(source.stops, line)):
            kind = get(source.cells, each * CELL + 2)
            place = get(source.places, kind >> 1)
            if place >= 0 and get(table.counts, place) != FULL:
                at, size = source.data + get(source.cells, each * CELL), get(source.cells, each * CELL + 1)
                put(
                    table.codes,
                    place * lines + line,
                    encode_text(table, place, at, source.end, size, kind & 1),
                )
                set_valid(table.valid + place * table.valid_bytes, line)
        cell = get(source.stops, line)


@inlined
def encode_text(table: DictionaryTable, place: int, at: int, end: int, size: int, has_escapes: int) -> int:
    """Give the code of a cell's text; without room the column is marked as full."""
    text, stops = table.text + place * (MAX_VALUE_BYTES + WIDTH), table.stops + place * (MAX_VALUES + 1) * 4
    count = get(table.counts, place)
    start = get(stops, count)
    if start + size > MAX_VALUE_BYTES or count == MAX_VALUES:
        put(table.counts, place, FULL)
        return 0
    if has_escapes:
        size = unescape(at, end, size, text + start) - text - start
        at, end = text + start, text + MAX_VALUE_BYTES + WIDTH
    buckets = table.buckets + place * VALUE_BUCKETS * 4
    bucket = hash_bytes(at, end, size) & (VALUE_BUCKETS - 1)
    for _ in range(MAX_PROBES):
        number = get(buckets, bucket)
        if number == FREE:
            copy_bytes(at, end, text + start, size)
            put(stops, count + 1, start + size)
            put(buckets, bucket, count)
            put(table.counts, place, count + 1)
            return count
        known = get(stops, number)
        if get(stops, number + 1) - known == size and is_equal(at, end, text + known, size):
            return number
        bucket = (bucket + 1) & (VALUE_BUCKETS - 1)
    put(table.counts, place, FULL)
    return 0
