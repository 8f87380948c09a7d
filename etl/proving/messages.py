"""Whole values as messages to be hashed: folded and padded as `token_loops` does it for tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.id_scan import view_texts
from etl.proving.wanted import BLOCK_BYTES, LANES, Messages

_SOURCE = Path(__file__).with_name("value_loops.py")
_spell_values = register("spell_values", "etl.proving.value_loops", _SOURCE)


@dataclass(frozen=True, slots=True)
class Spelled:
    """The messages of plain values, `count` of them in an array, and which of the values are no such ones."""

    messages: Messages = field(repr=False)
    count: int
    is_other: npt.NDArray[np.bool_]


def spell_messages(values: pa.LargeBinaryArray) -> Spelled:
    """Spell those values that `value_loops` says are plain; none and empty ones are not."""
    texts, rows = view_texts(values), len(values)
    # Messages are hashed in groups, so there is room for the last one.
    messages: Messages = np.empty((-(-rows // LANES) * LANES, BLOCK_BYTES), dtype=np.uint8)
    is_other: npt.NDArray[np.uint8] = np.empty(rows, dtype=np.uint8)
    outcome: npt.NDArray[np.int64] = np.zeros(1, dtype=np.int64)
    _spell_values(*addresses(texts.data, texts.stops), rows, *addresses(messages, is_other, outcome))
    return Spelled(messages, int(outcome[0]), is_other.view(np.bool_))
