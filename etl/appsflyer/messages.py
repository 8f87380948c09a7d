"""The values that pass between reading and normalizing.

Blocks of raw messages, and batches of text columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions = npt.NDArray[np.int64]


class Style(StrEnum):
    """What one line of a block is."""

    JSON = "json"
    TEXT = "text"
    CSV = "csv"


class Reason(StrEnum):
    """Why something could not be read as a message: the reason codes of `quarantine` that reading gives."""

    INVALID_JSON = "invalid_json"
    INVALID_UTF8 = "invalid_utf8"
    INVALID_CSV = "invalid_csv"
    NOT_AN_OBJECT = "not_an_object"
    NO_MESSAGE = "no_message"
    DUPLICATE_KEYS = "duplicate_keys"
    MESSAGE_TOO_LARGE = "message_too_large"
    TRUNCATED_OBJECT = "truncated_object"
    CORRUPT_OBJECT = "corrupt_object"
    ENVELOPE_MISSING = "envelope_missing"
    ENVELOPE_INVALID = "envelope_invalid"
    TEMPLATE_MISMATCH = "template_mismatch"


@dataclass(frozen=True, slots=True)
class Reject:
    """One thing that was counted as a message and could not be read."""

    position: int
    reason: Reason
    raw: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Whole messages of one object, one a line, counted without parsing them.

    `payload` holds `messages` lines, each ended by a newline and none of them blank. `first_position` is the
    position of the first line: the 1-based line number in line formats (blank lines counted), else the
    message's 1-based ordinal. `positions` is given when the lines' positions are not consecutive, `line_ends`
    (the newlines' offsets) where framing found them anyway. `raw_of` gives the bytes as they landed when a
    line of `payload` is not exactly that.
    """

    style: Style
    payload: bytes
    messages: int
    first_position: int
    positions: Positions | None = None
    raw_of: Callable[[int], bytes] | None = None
    query_column: int | None = None
    rejects: tuple[Reject, ...] = ()
    line_ends: Positions | None = None


@dataclass(frozen=True, slots=True)
class Stray:
    """One value of a field too rare to be given a column: the batch's row, the wire name, the text."""

    row: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Messages as text columns, one a wire name as it came (V2, V1, alias or unknown), absent as null.

    All columns are `pa.string()` of `len(positions)` rows. `messages` is the independent count: rows plus
    rejects. Rows numbered in `void` hold no message and are to be left out in the end: dropping them at once
    would copy all others.
    """

    columns: Mapping[str, pa.Array]
    positions: Positions
    messages: int
    rejects: tuple[Reject, ...] = field(default=())
    strays: tuple[Stray, ...] = field(default=())
    void: Positions = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def rows(self) -> int:
        """How many messages were read."""
        return len(self.positions)
