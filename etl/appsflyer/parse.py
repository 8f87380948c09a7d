"""Raw JSON lines to text columns: nothing dropped, nothing rewritten, what cannot be read told apart.

One pass over the bytes proves each line to be one JSON object and finds its values; a second writes them as
columns. New fields are learned for the rest of the stream; lines with repeated or unlearnable keys are read
one by one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.fields import FIELDS, has_few_values
from etl.appsflyer.jsonlines.cells import CellFinder, Cells
from etl.appsflyer.jsonlines.columns import ColumnWriter
from etl.appsflyer.jsonlines.spellings import Spellings
from etl.appsflyer.line_index import LineIndex

# Beyond this many fields that nobody has heard of, lines go the slow way instead of widening every block.
MAX_LEARNED_FIELDS = 1000
# What Arrow's offsets and ours can say.
_MAX_BYTES = 2**31 - 1

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParsedLines:
    """The lines of a block as columns: one text array a wire name, a row for every line.

    Columns with few values are dictionaries; null and empty text are null. The rows of `leftover` lines mean
    nothing: these lines are to be read one by one.
    """

    columns: Mapping[str, pa.Array]
    leftover: Rows


class JsonParser:
    """Parses the JSON blocks of a stream, and remembers the fields that it met on the way."""

    def __init__(self) -> None:
        """Start with the fields of the authority."""
        self._spellings = Spellings()
        self._finder = CellFinder()
        self._writer = ColumnWriter()
        self._columns: dict[str, int] = {}
        self._folded: set[str] = set()
        known = b"{" + b",".join(b'"%s":0' % field.name.encode() for field in FIELDS) + b"}\n"
        self._find_cells(LineIndex(known))
        self._learn(0, len(FIELDS))

    def parse(self, index: LineIndex, lines: int) -> ParsedLines:
        """Parse the lines of an index, none of them blank; `lines` is their number."""
        payload = index.payload
        if len(index.ends) != lines or not payload.endswith(b"\n") or len(payload) > _MAX_BYTES:
            return ParsedLines({}, np.arange(lines))
        known = len(self._spellings)
        cells = self._find_cells(index)
        if self._learn(known, len(FIELDS) + MAX_LEARNED_FIELDS):
            cells = self._find_cells(index)
        names = list(self._columns)
        is_low = np.array([has_few_values(name) for name in names])
        columns = self._writer.write(np.frombuffer(payload, dtype=np.uint8), cells, names, is_low)
        return ParsedLines(columns, np.flatnonzero(cells.is_odd))

    def _find_cells(self, index: LineIndex) -> Cells:
        data = np.frombuffer(index.payload, dtype=np.uint8)
        return self._finder.find(data, index.ends, self._spellings, len(self._columns) + 1)

    def _learn(self, known: int, room: int) -> bool:
        """Give columns to the keys that came after the first `known`; tell whether any got one."""
        has_learned = False
        for number in range(known, len(self._spellings)):
            key = json.loads(self._spellings[number])
            if key not in self._columns and len(self._columns) < room and self._is_learnable(key):
                self._columns[key] = len(self._columns)
                self._folded.add(key.casefold())
            if key in self._columns:
                self._spellings.columns[number] = self._columns[key]
                has_learned = True
        return has_learned

    def _is_learnable(self, key: str) -> bool:
        return bool(key.strip()) and "\0" not in key and key.casefold() not in self._folded
