"""Whole values as messages to be hashed: folded and padded as `token_loops` does it for tokens."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.proving.wanted import BLOCK_BYTES, LANES, Messages

LONGEST: Final = 55
"""Bytes of a message that leave room for SHA-256's end in one block."""

_SPACE, _DELETE = 0x20, 0x7F
_STOP_BYTE: Final = 0x80
_SMALL_BIT: Final = 0x20


def mark_plain(values: pa.LargeBinaryArray) -> npt.NDArray[np.bool_]:
    """Mark values that folding turns into small letters and no more: short, printable ASCII, no space."""
    data, stops = _view(values)
    is_other = (data <= _SPACE) | (data >= _DELETE)
    others = np.concatenate(([0], np.cumsum(is_other)))
    sizes = np.diff(stops)
    valid: npt.NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    plain: npt.NDArray[np.bool_] = (others[stops[1:]] == others[stops[:-1]]) & (sizes > 0) & valid
    return plain & (sizes <= LONGEST)


def spell_messages(values: pa.LargeBinaryArray) -> Messages:
    """Spell plain values as messages; their number is rounded up to what is hashed together."""
    data, stops = _view(values)
    sizes = np.diff(stops)
    messages = np.zeros((-(-len(values) // LANES) * LANES, BLOCK_BYTES), np.uint8)
    places = np.arange(LONGEST)
    is_within = places < sizes[:, None]
    taken = np.minimum(stops[:-1, None] + places, max(len(data) - 1, 0))
    letters = np.where(is_within, data[taken], 0)
    is_capital = (letters >= ord("A")) & (letters <= ord("Z"))
    messages[: len(values), :LONGEST] = np.where(is_capital, letters | _SMALL_BIT, letters)
    rows, bits = np.arange(len(values)), (BLOCK_BYTES + sizes) * 8
    messages[rows, sizes] = _STOP_BYTE
    messages[rows, -2], messages[rows, -1] = bits >> 8, bits & 0xFF
    return messages


def _view(values: pa.LargeBinaryArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    _, offsets, data = values.buffers()
    stops = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return content, stops
