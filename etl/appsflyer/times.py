"""What a column of times says, once read: the value that reading gives and that clocks are settled from."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = [
    "Digits",
    "Ints",
    "Mask",
    "Minutes",
    "Times",
    "join_times",
    "keep_expressible",
    "replace_times",
    "take_times",
]

Ints = npt.NDArray[np.int64]
Minutes = npt.NDArray[np.int16]
Digits = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

# 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999999: what a datetime, and every reader, can hold.
_EARLIEST = -62_135_596_800_000_000
_LATEST = 253_402_300_799_999_999


@dataclass(frozen=True, slots=True)
class Times:
    """A column of times, one entry a row; an entry means something only where `is_read`.

    `micros` are microseconds since 1970: an instant where `has_offset` (a UTC text always has one),
    else the reading of a clock in a zone that the text does not tell. `digits` are those of the
    fraction of a second, at most six. `is_present` says that there was a text at all.
    """

    micros: Ints
    digits: Digits
    offset_minutes: Minutes
    has_offset: Mask
    is_read: Mask
    is_present: Mask

    @classmethod
    def absent(cls, rows: int) -> Self:
        """Give the times of a column that no row has."""
        no = np.zeros(rows, bool)
        return cls(np.zeros(rows, np.int64), np.zeros(rows, np.int8), np.zeros(rows, np.int16), no, no, no)


def replace_times(times: Times, rows: Ints, others: Times) -> Times:
    """Give the times with those of some rows taken from others, which are as many."""
    return Times(*(_put(old, rows, new) for old, new in zip(_parts(times), _parts(others), strict=True)))


def take_times(times: Times, rows: Ints) -> Times:
    """Give the times of some rows."""
    return Times(*(part[rows] for part in _parts(times)))


def join_times(pieces: list[Times]) -> Times:
    """Put the times of consecutive rows together again."""
    return Times(*(np.concatenate(parts) for parts in zip(*map(_parts, pieces), strict=True)))


def keep_expressible(micros: Ints, is_read: Mask) -> Mask:
    """Say which instants were read and lie in the years 1 to 9999, UTC."""
    if not len(micros) or (micros.min() >= _EARLIEST and micros.max() <= _LATEST):
        return is_read
    return is_read & (micros >= _EARLIEST) & (micros <= _LATEST)


def _parts(times: Times) -> tuple[npt.NDArray[Any], ...]:
    return (
        times.micros,
        times.digits,
        times.offset_minutes,
        times.has_offset,
        times.is_read,
        times.is_present,
    )


def _put(old: npt.NDArray[Any], rows: Ints, new: npt.NDArray[Any]) -> npt.NDArray[Any]:
    changed = old.copy()
    changed[rows] = new
    return changed
