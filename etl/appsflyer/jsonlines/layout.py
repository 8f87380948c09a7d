"""The arrays that kernels work on: what they hold, and how large they may become."""

from __future__ import annotations

from typing import NamedTuple

UNKNOWN = -1
# Room for the spellings of a stream; keys beyond it are unknown for good.
MAX_SPELLINGS = 4096
MAX_SPELLING_BYTES = 1 << 18
BUCKETS = 4 * MAX_SPELLINGS
# What does not find its place among hashes within so many steps is not looked for any further.
MAX_PROBES = 64
FREE = -1

# A cell is three numbers: where it starts, its bytes, and its column times two, plus one if it has escapes.
CELL = 3

# A column with more distinct values, or more bytes of them, within a block is plain text.
MAX_VALUES = 4096
MAX_VALUE_BYTES = 1 << 17
VALUE_BUCKETS = 4 * MAX_VALUES
FULL = -2


class Source(NamedTuple):
    """Where bytes are, and where they end."""

    data: int
    end: int


class SpellingTable(NamedTuple):
    """Where the arrays of `Spellings` are."""

    text: int
    stops: int
    columns: int
    followers: int
    buckets: int
    places: int
    total: int


class CellTable(NamedTuple):
    """Where the arrays of `Cells` are, and the last line that had each column."""

    cells: int
    stops: int
    odd: int
    counts: int
    sizes: int
    seen: int


class CellSource(NamedTuple):
    """Where bytes, their end, cells, their number up to each line's end and each column's place are."""

    data: int
    end: int
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
