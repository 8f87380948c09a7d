"""Records of a Pull API file to text columns under the names of the Push API; nothing is dropped.

Arrow reads a block at once; where it does not find the records that framing counted, they are read one by
one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from etl.appsflyer.fields import Kind, names
from etl.appsflyer.lines import Lines
from etl.appsflyer.messages import Reason, Stray, TextBatch
from etl.appsflyer.pull.headers import PULL, Form
from etl.appsflyer.pull.local_times import to_utc
from etl.appsflyer.read import LineReject, ReadLines

# Under this name `extra` numbers records of a file that are equal in all cells, from the second on.
COPY: Final = "pull_copy"
_TIMES: Final = frozenset(names(Kind.UTC_TIME))


class PullReader:
    """Reads the records of one file, block by block, and remembers those that it read."""

    def __init__(self, form: Form) -> None:
        """Take how the file is written."""
        self._form = form
        self._seen: dict[int, int] = {}

    def read(self, lines: Lines) -> ReadLines:
        """Read records; each is a row of the one batch, or rejected."""
        read = ReadLines()
        columns = self._read_all(lines)
        numbers = np.arange(lines.count, dtype=np.int64)
        if columns is None:
            columns, numbers, read.rejects = self._read_each(lines)
        rows = len(numbers)
        columns = self._complete({name: column for name, column in columns.items() if name}, rows)
        strays = tuple(self._number_copies(lines, numbers.tolist()))
        read.batches.append(TextBatch(columns, numbers, lines.count, strays=strays))
        return read

    def _read_all(self, lines: Lines) -> dict[str, pa.Array] | None:
        """Read all records at once; None where they are not what framing took them for."""
        form = self._form
        try:
            table = pacsv.read_csv(
                pa.BufferReader(lines.payload),
                read_options=pacsv.ReadOptions(
                    column_names=list(form.names),
                    use_threads=False,
                    block_size=max(1, min(len(lines.payload) + 1, 2**31 - 1)),
                ),
                parse_options=pacsv.ParseOptions(delimiter=form.delimiter, newlines_in_values=True),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(form.names, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                    quoted_strings_can_be_null=True,
                ),
            ).combine_chunks()
        except pa.ArrowInvalid:
            return None
        if table.num_rows != lines.count:
            return None
        return {name: _as_array(table[name]) for name in form.names}

    def _read_each(
        self, lines: Lines
    ) -> tuple[dict[str, pa.Array], np.ndarray[tuple[int], np.dtype[np.int64]], list[LineReject]]:
        rows: list[list[str]] = []
        numbers: list[int] = []
        rejects: list[LineReject] = []
        for line in range(lines.count):
            cells = self._read_record(lines.index.line(line))
            if isinstance(cells, Reason):
                rejects.append(LineReject(line, cells))
            else:
                rows.append(cells)
                numbers.append(line)
        columns = {
            name: pa.array([row[place] or None for row in rows], pa.string())
            for place, name in enumerate(self._form.names)
        }
        return columns, np.array(numbers, dtype=np.int64), rejects

    def _read_record(self, record: bytes) -> list[str] | Reason:
        try:
            text = record.decode()
        except UnicodeDecodeError:
            return Reason.INVALID_UTF8
        try:
            found = list(csv.reader(StringIO(text, newline=""), delimiter=self._form.delimiter))
        except csv.Error:
            return Reason.INVALID_CSV
        is_one = len(found) == 1 and len(found[0]) == self._form.width
        return found[0] if is_one else Reason.INVALID_CSV

    def _complete(self, columns: Mapping[str, pa.Array], rows: int) -> dict[str, pa.Array]:
        """Add what the file says as a whole, and bring its times to UTC."""
        form = self._form
        found = {
            name: to_utc(column, form.zone) if name in _TIMES and form.zone != "UTC" else column
            for name, column in columns.items()
        }
        found["api_version"] = _repeat(PULL, rows)
        if form.event_type is not None and "event_type" not in found:
            found["event_type"] = _repeat(form.event_type, rows)
        if form.app_id is not None and "app_id" not in found:
            found["app_id"] = _repeat(form.app_id, rows)
        return found

    def _number_copies(self, lines: Lines, numbers: Sequence[int]) -> list[Stray]:
        """Number the records that are equal to earlier ones: each is an event, as AppsFlyer counts them."""
        strays = []
        for row, line in enumerate(numbers):
            code = hash(lines.index.line(line).rstrip(b"\r"))
            count = self._seen[code] = self._seen.get(code, 0) + 1
            if count > 1:
                strays.append(Stray(row, COPY, str(count)))
        return strays


def name_cells(record: bytes, names: Sequence[str], delimiter: str) -> bytes:
    """Give a record as JSON under its columns' names: what is personal in it is known by these.

    One that has another number of cells stays as it is.
    """
    text = record.decode(errors="backslashreplace").rstrip("\r\n")
    found = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter))
    if len(found) != 1 or len(found[0]) != len(names):
        return record
    cells = {name: cell for name, cell in zip(names, found[0], strict=True) if cell}
    return json.dumps(cells, ensure_ascii=False).encode()


def _repeat(text: str, rows: int) -> pa.Array:
    indices = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([text], pa.string()))


def _as_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], pa.string())
