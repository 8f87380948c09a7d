"""Count the keys of JSON lines without parsing them, so that nothing the parser was not asked for gets lost.

DuckDB reads only the keys it is told, rewrites numbers and keeps the first of two equal keys. One pass over the
bytes counts every `"key":` and what kind of value follows, which shows whether any of that happened in a block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]

# Slices small enough for the processor's cache: one compare over a whole block is memory-bound.
_SLICE_BYTES = 1 << 20
_COLON, _QUOTE, _BACKSLASH, _SPACE, _N = (ord(character) for character in ':"\\ n')
# A double holds 15 significant digits exactly; a longer number, or one with a point or exponent, may come back rewritten.
_EXACT_DIGITS = 15
_IS_NUMERIC_START = np.zeros(256, dtype=bool)
_IS_NUMERIC_START[[ord(character) for character in "-0123456789"]] = True
_IS_NUMERIC = np.zeros(256, dtype=bool)
_IS_NUMERIC[[ord(character) for character in "+-.0123456789eE"]] = True
_IS_POINT = np.zeros(256, dtype=bool)
_IS_POINT[[ord(character) for character in ".eE"]] = True


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands behind the keys of some JSON lines, at any depth.

    `keys` counts them all, `nulls` those whose value is null. `rewritable` holds where a number starts whose text a
    parser may change.
    """

    keys: int
    nulls: int
    rewritable: Offsets


def survey_keys(payload: bytes) -> Survey:
    """Survey JSON lines, whatever their keys are.

    Exact for JSON without space between a key and its colon; otherwise `keys` disagrees with what a parser finds,
    which makes the caller look closer. A string that starts with a colon counts as a key, with the same effect.
    """
    data = np.frombuffer(payload, dtype=np.uint8)
    parts = [_survey_slice(data, start) for start in range(0, len(data), _SLICE_BYTES)]
    return Survey(
        keys=sum(part.keys for part in parts),
        nulls=sum(part.nulls for part in parts),
        rewritable=np.concatenate([part.rewritable for part in parts])
        if parts
        else np.empty(0, dtype=np.int64),
    )


def _survey_slice(data: npt.NDArray[np.uint8], start: int) -> Survey:
    colons = np.flatnonzero(data[start : start + _SLICE_BYTES] == _COLON) + start
    colons = colons[data.take(colons - 1, mode="clip") == _QUOTE]
    colons = colons[data.take(colons - 2, mode="clip") != _BACKSLASH]
    value_at = colons + 1
    value_at += data.take(value_at, mode="clip") == _SPACE
    first = data.take(value_at, mode="clip")
    return Survey(
        keys=len(colons),
        nulls=int(np.count_nonzero(first == _N)),
        rewritable=_keep_rewritable(data, value_at[_IS_NUMERIC_START[first]]),
    )


def _keep_rewritable(data: npt.NDArray[np.uint8], starts: Offsets) -> Offsets:
    if not len(starts):
        return starts
    window = data.take(starts[:, None] + np.arange(_EXACT_DIGITS + 1), mode="clip")
    inside = np.logical_and.accumulate(_IS_NUMERIC[window], axis=1)
    has_point = (_IS_POINT[window] & inside).any(axis=1)
    kept: Offsets = starts[has_point | inside[:, -1]]
    return kept
