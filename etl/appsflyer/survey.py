"""Count the keys of JSON lines without parsing them, so that nothing the parser was not asked for gets lost.

DuckDB reads only the keys it is told, rewrites numbers and nested values and keeps the first of two equal
keys. One pass over the bytes counts every `"key":` and what kind of value follows, which shows whether any of
that happened in a block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]

# Slices small enough for the processor's cache: one compare over a whole block is memory-bound.
_SLICE_BYTES = 1 << 20
_COLON, _QUOTE, _BACKSLASH, _SPACE, _MINUS, _ZERO, _N, _U = (ord(character) for character in ':"\\ -0nu')
# A double holds 15 significant digits exactly; a longer number, or one with a point or exponent, may come
# back rewritten.
_EXACT_DIGITS = 15
# Backslashes that are counted before a quote; a quote behind more of them is taken for a key's.
_MAX_BACKSLASHES = 8
_IS_NUMERIC = np.zeros(256, dtype=bool)
_IS_NUMERIC[[ord(character) for character in "+-.0123456789eE"]] = True
_IS_POINT = np.zeros(256, dtype=bool)
_IS_POINT[[ord(character) for character in ".eE"]] = True
_IS_NO_NUMBER = np.zeros(256, dtype=bool)
_IS_NO_NUMBER[[ord(character) for character in "[{ \t\r"]] = True
# A newline is none: what is counted of a line depends on that line alone.
_IS_SPACE = np.zeros(256, dtype=bool)
_IS_SPACE[[ord(character) for character in " \t\r"]] = True
_MAY_BE_REWRITTEN = _IS_NO_NUMBER.copy()
_MAY_BE_REWRITTEN[[ord(character) for character in "-0123456789"]] = True

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands behind the keys of some JSON lines, at any depth.

    `keys` counts them all, `nulls` those whose value is null. `rewritable` holds, in order, where a value
    starts (or the space before it) whose text a parser may change: a number that is long or has a point, an
    object or an array.
    """

    keys: int
    nulls: int
    rewritable: Offsets


def survey_keys(payload: bytes) -> Survey:
    """Survey JSON lines, whatever their keys are.

    Never fewer than the keys that there are. A string that starts with a colon counts as a key too, and two
    spaces may hide a null: then the count disagrees with what a parser finds, which makes the caller look
    closer.
    """
    data = np.frombuffer(payload, dtype=np.uint8)
    parts = [_survey_slice(data, start) for start in range(0, len(data), _SLICE_BYTES)]
    return Survey(
        keys=sum(part.keys for part in parts),
        nulls=sum(part.nulls for part in parts),
        rewritable=np.concatenate([np.empty(0, dtype=np.int64), *(part.rewritable for part in parts)]),
    )


def _survey_slice(data: Bytes, start: int) -> Survey:
    colons = _find_key_colons(data, np.flatnonzero(data[start : start + _SLICE_BYTES] == _COLON) + start)
    value_at = colons + 1
    value_at += data.take(value_at, mode="clip") == _SPACE
    first = data.take(value_at, mode="clip")
    null_at = value_at[first == _N]
    return Survey(
        keys=len(colons),
        nulls=int(np.count_nonzero(data.take(null_at + 1, mode="clip") == _U)),
        rewritable=_keep_rewritable(data, value_at[_MAY_BE_REWRITTEN[first]]),
    )


def _find_key_colons(data: Bytes, colons: Offsets) -> Offsets:
    """Keep the colons behind a quote that no backslash escapes, with or without space between them."""
    before = data.take(colons - 1, mode="clip")
    near: Offsets = colons[before == _QUOTE]
    is_escaped = data.take(near - 2, mode="clip") == _BACKSLASH
    sure: Offsets = near[~is_escaped]
    doubtful = near[is_escaped]
    doubtful = doubtful[data.take(doubtful - 3, mode="clip") == _BACKSLASH]
    spaced = colons[_IS_SPACE[before]]
    spaced_before = data.take(spaced - 2, mode="clip")
    far, farther = spaced[spaced_before == _QUOTE], spaced[_IS_SPACE[spaced_before]]
    if not len(doubtful) + len(far) + len(farther):
        return sure
    found = [doubtful[_is_closing(data, doubtful - 1)], far[_is_closing(data, far - 2)], farther]
    every: Offsets = np.sort(np.concatenate([sure, *found]))
    return every


def _is_closing(data: Bytes, quotes: Offsets) -> npt.NDArray[np.bool_]:
    """Say which quotes stand behind an even number of backslashes."""
    behind = quotes[:, None] - 1 - np.arange(_MAX_BACKSLASHES)
    is_backslash: npt.NDArray[np.bool_] = np.logical_and.accumulate(
        data.take(behind, mode="clip") == _BACKSLASH, axis=1
    )
    is_even: npt.NDArray[np.bool_] = is_backslash.sum(axis=1) % 2 == 0
    return is_even


def _keep_rewritable(data: Bytes, starts: Offsets) -> Offsets:
    if not len(starts):
        return starts
    window = data.take(starts[:, None] + np.arange(_EXACT_DIGITS + 1), mode="clip")
    inside = np.logical_and.accumulate(_IS_NUMERIC[window], axis=1)
    is_long = inside[:, -1] | (_IS_POINT[window] & inside).any(axis=1)
    is_negative_zero = (window[:, 0] == _MINUS) & (window[:, 1] == _ZERO)
    kept: Offsets = starts[is_long | is_negative_zero | _IS_NO_NUMBER[window[:, 0]]]
    return kept
