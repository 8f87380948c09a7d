"""Find the values of JSON lines: one pass over the bytes, each line proven to be one JSON object.

A cell is a value that is neither null nor empty: a string without its quotes, or another value's text. A line
that is not exactly one object, or repeats a field, or has one without a column, gives none and is odd.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.jsonlines.kernels import find_cells
from etl.appsflyer.jsonlines.layout import CELL, CellTable
from etl.appsflyer.jsonlines.spellings import Spellings

# `"":1,` is the shortest text that a cell takes, if only until its line turns out to be odd.
_MIN_CELL_BYTES = 5

Sizes = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells in the order of their lines.

    `stops` hold the number of cells up to the end of each line, `is_odd` a mark for each odd line. `counts`
    and `sizes` hold how many cells each column has, and their bytes.
    """

    cells: Places
    stops: Places
    is_odd: npt.NDArray[np.bool_]
    counts: Sizes
    sizes: Sizes


class CellFinder:
    """Finds cells, in memory that is kept from block to block."""

    def __init__(self) -> None:
        """Start without memory."""
        self._cells = np.empty(0, dtype=np.int32)

    def find(self, data: npt.NDArray[np.uint8], ends: Sizes, spellings: Spellings, columns: int) -> Cells:
        """Find the cells of lines, each of which ends with a newline; those given before are lost."""
        room = (len(data) // _MIN_CELL_BYTES + 1) * CELL
        if room > len(self._cells):
            self._cells = np.empty(room, dtype=np.int32)
        found = Cells(
            self._cells,
            stops=np.zeros(len(ends), dtype=np.int32),
            is_odd=np.zeros(len(ends), dtype=np.bool_),
            counts=np.zeros(columns, dtype=np.int64),
            sizes=np.zeros(columns, dtype=np.int64),
        )
        seen = np.full(columns, -1, dtype=np.int32)
        arrays = (found.cells, found.stops, found.is_odd, found.counts, found.sizes, seen)
        table = CellTable(*addresses(*arrays))
        find_cells(*addresses(data, ends), len(ends), *spellings.table, *table, len(data))
        return found
