"""Raw JSON lines to text columns: nothing dropped, nothing rewritten, what cannot be read told apart.

The fast path asks DuckDB for the fields that it knows. A survey of the bytes then proves that nothing else
was there. Where it does not, the block is looked at again: new fields are learned for the rest of the stream;
lines with repeated or unlearnable keys are read one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import FIELDS
from etl.appsflyer.json_lines import JsonLines
from etl.appsflyer.line_index import LineIndex
from etl.appsflyer.numerals import Restored, restore_numerals
from etl.appsflyer.survey import Survey, survey_keys

# Beyond this many fields that nobody has heard of, lines go the slow way instead of widening every block.
MAX_LEARNED_FIELDS = 1000
# Columns of which nearly every message has one; only rows without any are suspected to be unreadable lines.
_USUAL = ("app_id", "event_name", "event_time", "appsflyer_id")

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParsedLines:
    """The lines of a block as columns: one text array a wire name, a row for every line.

    The rows of `leftover` lines mean nothing: these lines are to be read one by one.
    """

    columns: Mapping[str, pa.Array]
    leftover: Rows


class JsonParser:
    """Parses the JSON blocks of a stream, and remembers the fields that it met on the way."""

    def __init__(self, lines: JsonLines) -> None:
        """Start with the fields of the authority."""
        self._lines = lines
        self._names = [field.name for field in FIELDS]
        self._folded = {name.casefold() for name in self._names}

    def parse(self, index: LineIndex, lines: int) -> ParsedLines:
        """Parse the lines of an index, none of them blank; `lines` is their number."""
        payload = index.payload
        table = self._lines.split(payload, self._names)
        if table.num_rows != lines:
            return ParsedLines({}, np.arange(lines))
        leftover = _find_empty_rows(table)
        survey = survey_keys(payload)
        restored = _restore(table, survey, index)
        apart = [*index.lines(leftover.tolist()), *(text.encode() for text in restored.nested)]
        if not _is_complete(table, survey, apart):
            table, leftover = self._look_closer(index, table, leftover)
            restored = _restore(table, survey, index)
        return ParsedLines(restored.columns, leftover)

    def _look_closer(self, index: LineIndex, table: pa.Table, empty: Rows) -> tuple[pa.Table, Rows]:
        """Learn the block's new fields; lines with repeated or unlearnable keys become leftovers."""
        readable = np.setdiff1d(np.arange(table.num_rows), empty)
        groups = self._lines.group_by_keys(index.as_array().take(pa.array(readable)).cast(pa.large_string()))
        if self._learn(key for keys, _ in groups for key in keys):
            table = self._lines.split(index.payload, self._names)
        known = set(self._names)
        plain = [rows for keys, rows in groups if len(set(keys)) == len(keys) and known.issuperset(keys)]
        is_odd = np.ones(len(readable), dtype=bool)
        is_odd[[row for rows in plain for row in rows]] = False
        return table, np.union1d(empty, readable[is_odd])

    def _learn(self, keys: Iterable[str]) -> bool:
        known = len(self._names)
        room = len(FIELDS) + MAX_LEARNED_FIELDS
        for key in dict.fromkeys(keys):
            if _is_learnable(key) and key.casefold() not in self._folded and len(self._names) < room:
                self._names.append(key)
                self._folded.add(key.casefold())
        return len(self._names) > known


def _is_learnable(key: str) -> bool:
    # A text that starts with a colon makes the survey see the key ":" before it.
    return key.strip() not in {"", ":"} and "\0" not in key


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


def _is_complete(table: pa.Table, survey: Survey, apart: Sequence[bytes]) -> bool:
    """Tell whether the table holds every key, but those with null and those of lines and values set apart."""
    others = survey_keys(b"\n".join(apart))
    expected = survey.keys - survey.nulls - (others.keys - others.nulls)
    found: int = sum(table.num_rows - column.null_count for column in table.columns)
    return found == expected


def _restore(table: pa.Table, survey: Survey, index: LineIndex) -> Restored:
    """Give the columns that some line has, with the exact texts of their values."""
    columns = {
        name: _flatten(table[name]) for name in table.column_names if table[name].null_count < table.num_rows
    }
    if not len(survey.rewritable):
        return Restored(columns, [])
    return restore_numerals(columns, index.payload, survey.rewritable, index.rows_at(survey.rewritable))


def _flatten(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
