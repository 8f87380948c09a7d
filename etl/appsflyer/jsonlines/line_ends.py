"""Find the ends of lines, at the speed of memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.jsonlines import kernels

# Lines of messages are longer; the room grows where they are not.
_LINE_BYTES = 1024
_FIRST_ROOM = 64
_GROWTH = 8


def find_line_ends(data: bytes) -> tuple[npt.NDArray[np.int64], bool]:
    """Find the newlines of data that ends with one, and tell whether any stands first or after whitespace."""
    if not data.endswith(b"\n"):
        raise ValueError("Data without a newline at the end is no whole lines: cut it there.")
    source = np.frombuffer(data, dtype=np.uint8)
    outcome = np.zeros(2, dtype=np.int64)
    parts: list[npt.NDArray[np.int64]] = []
    room, at = _FIRST_ROOM + len(data) // _LINE_BYTES, 0
    while at < len(data):
        ends = np.empty(room, dtype=np.int64)
        kernels.find_line_ends(*addresses(source), len(data), at, *addresses(ends), room, *addresses(outcome))
        parts.append(ends[: outcome[0]])
        at, room = int(parts[-1][-1]) + 1, room * _GROWTH
    return parts[0] if len(parts) == 1 else np.concatenate(parts), bool(outcome[1])
