"""Find single lines of a payload without looking at all of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Rows = npt.NDArray[np.int64]


class LineIndex:
    """Where the lines of a payload, each ended by a newline, start and end; found when first asked for."""

    def __init__(self, payload: bytes, ends: Rows | None = None) -> None:
        """Keep the payload and, where they are known, the offsets of its newlines."""
        self.payload = payload
        self._ends = ends

    @cached_property
    def ends(self) -> Rows:
        """The offset of every line's newline."""
        if self._ends is not None:
            return self._ends
        ends: Rows = np.flatnonzero(np.frombuffer(self.payload, dtype=np.uint8) == ord("\n"))
        return ends

    def line(self, number: int) -> bytes:
        """Give a line without its newline."""
        return self.payload[self.ends[number - 1] + 1 if number else 0 : self.ends[number]]

    def as_array(self) -> pa.Array:
        """Give the lines as a binary Arrow array over the same bytes, each with its newline."""
        offsets = np.zeros(len(self.ends) + 1, dtype=np.int64)
        offsets[1:] = self.ends + 1
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.payload)]
        return pa.Array.from_buffers(pa.large_binary(), len(self.ends), buffers)
