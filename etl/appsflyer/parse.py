"""Blocks of raw JSON lines to text columns: nothing dropped, nothing rewritten, what cannot be read told apart.

The fast path asks DuckDB for the fields that it knows. A survey of the bytes then proves that nothing else was there. Where it
does not, the block is looked at again: new fields are learned for the rest of the stream; lines with repeated or unlearnable
keys are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import FIELDS
from etl.appsflyer.json_lines import JsonLines
from etl.appsflyer.messages import Block
from etl.appsflyer.numerals import restore_numerals
from etl.appsflyer.survey import Survey, survey_keys

# Beyond this many fields that nobody has heard of, lines go the slow way instead of widening every block.
MAX_LEARNED_FIELDS = 1000
# Columns of which nearly every message has one; only rows without any are suspected to be unreadable lines.
_USUAL = ("app_id", "event_name", "event_time", "appsflyer_id")

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParsedLines:
    """The lines of a block that were read at once, and those to be read one by one.

    `columns` hold one text array a wire name, a row for each line in `rows`; `leftover` are the other lines' numbers.
    """

    columns: Mapping[str, pa.Array]
    rows: Rows
    leftover: Rows


class LineIndex:
    """Where the lines of a payload start and end; found when first asked for, since most blocks never ask."""

    def __init__(self, payload: bytes) -> None:
        """Keep the payload."""
        self._payload = payload

    @cached_property
    def ends(self) -> Rows:
        """The offset of each line's newline."""
        ends: Rows = np.flatnonzero(np.frombuffer(self._payload, dtype=np.uint8) == ord("\n"))
        return ends

    def line(self, number: int) -> bytes:
        """Give a line without its newline."""
        start = self.ends[number - 1] + 1 if number else 0
        return self._payload[start : self.ends[number]]

    def rows_at(self, offsets: Rows) -> Rows:
        """Give the number of the line that each offset stands in."""
        return np.searchsorted(self.ends, offsets)

    def as_array(self) -> pa.Array:
        """Give the lines as a binary Arrow array over the same bytes, each with its newline."""
        offsets = np.zeros(len(self.ends) + 1, dtype=np.int64)
        offsets[1:] = self.ends + 1
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._payload)]
        return pa.Array.from_buffers(pa.large_binary(), len(self.ends), buffers)


class JsonParser:
    """Parses the JSON blocks of a stream, and remembers the fields that it met on the way."""

    def __init__(self, lines: JsonLines) -> None:
        """Start with the fields of the authority."""
        self._lines = lines
        self._names = [field.name for field in FIELDS]
        self._folded = {name.casefold() for name in self._names}

    def parse(self, block: Block) -> ParsedLines:
        """Parse a block's lines; together `rows` and `leftover` name each line once."""
        index = LineIndex(block.payload)
        table = self._lines.split(block.payload, self._names)
        if table.num_rows != block.messages:
            return ParsedLines({}, np.empty(0, np.int64), np.arange(block.messages))
        leftover = _find_empty_rows(table)
        survey = survey_keys(block.payload)
        if not _is_complete(table, survey, [index.line(row) for row in leftover]):
            table, leftover = self._look_closer(block, index, table, leftover)
        return _keep_rows(table, leftover, block.payload, index, survey.rewritable)

    def _look_closer(
        self, block: Block, index: LineIndex, table: pa.Table, empty: Rows
    ) -> tuple[pa.Table, Rows]:
        """Learn the block's new fields; lines with repeated or unlearnable keys become leftovers."""
        readable = np.setdiff1d(np.arange(block.messages), empty)
        groups = self._lines.group_by_keys(index.as_array().take(pa.array(readable)).cast(pa.large_string()))
        if self._learn(key for keys, _ in groups for key in keys):
            table = self._lines.split(block.payload, self._names)
        known = set(self._names)
        odd = [row for keys, rows in groups if len(set(keys)) < len(keys) or not known.issuperset(keys) for row in rows]
        return table, np.union1d(empty, readable[np.array(odd, dtype=np.int64)])

    def _learn(self, keys: Iterable[str]) -> bool:
        known = len(self._names)
        room = len(FIELDS) + MAX_LEARNED_FIELDS
        for key in dict.fromkeys(keys):
            if key and "\0" not in key and key.casefold() not in self._folded and len(self._names) < room:
                self._names.append(key)
                self._folded.add(key.casefold())
        return len(self._names) > known


def _find_empty_rows(table: pa.Table) -> Rows:
    """Find the rows without any value: unreadable lines, and empty objects."""
    suspects = _null_rows([table[name] for name in _USUAL], table.num_rows)
    if not len(suspects):
        return suspects
    among = table.take(pa.array(suspects))
    empty: Rows = suspects[_null_rows(among.columns, len(suspects))]
    return empty


def _null_rows(columns: Sequence[pa.ChunkedArray], rows: int) -> Rows:
    mask = np.ones(rows, dtype=bool)
    for column in columns:
        mask &= pc.is_null(column).to_numpy()
        if not mask.any():
            break
    found: Rows = np.flatnonzero(mask)
    return found


def _is_complete(table: pa.Table, survey: Survey, unread: Sequence[bytes]) -> bool:
    """Tell whether the table holds every key of the lines that were read, but those with null."""
    others = [survey_keys(line) for line in unread]
    expected = survey.keys - survey.nulls - sum(other.keys - other.nulls for other in others)
    return expected == sum(table.num_rows - column.null_count for column in table.columns)


def _keep_rows(
    table: pa.Table, leftover: Rows, payload: bytes, index: LineIndex, rewritable: Rows
) -> ParsedLines:
    rows = np.setdiff1d(np.arange(table.num_rows), leftover) if len(leftover) else np.arange(table.num_rows)
    if len(leftover):
        table = table.take(pa.array(rows))
    columns = {
        name: _flatten(table[name]) for name in table.column_names if table[name].null_count < table.num_rows
    }
    if len(rewritable):
        lines = index.rows_at(rewritable)
        kept = np.isin(lines, leftover, invert=True)
        columns = restore_numerals(
            columns, payload, rewritable[kept], np.searchsorted(rows, lines[kept])
        )
    return ParsedLines(columns, rows, leftover)


def _flatten(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
