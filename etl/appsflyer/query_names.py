"""Finding parameter names by which a query shows itself to be a message, at the bytes before each `=`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from etl.appsflyer.byte_lines import Lines, Mask, Offsets, read_words

# A Push API message has some of these, whatever fields its endpoint selects; other traffic hardly has any.
MESSAGE_NAMES = frozenset(
    {
        "app_id",
        "appsflyer_device_id",
        "appsflyer_id",
        "event_name",
        "event_time",
        "event_type",
        "install_time",
    }
)

_WORD = 8
_IS_NAME_BYTE = np.zeros(256, dtype=bool)
_IS_NAME_BYTE[
    np.frombuffer(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.%", dtype=np.uint8)
] = True


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where known names start that are followed by `=`, and the line that each stands in; both sorted."""

    starts: Offsets
    lines: Offsets


def find_anchors(lines: Lines, equals: Offsets, names: Iterable[str]) -> Anchors:
    """Find each of the names where it stands as a whole word before one of the `=` places."""
    words = read_words(lines.data, equals - _WORD)
    found = [_find_name(lines, equals, words, name.encode()) for name in names]
    starts = np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    index = np.searchsorted(lines.starts, starts, side="right") - 1
    is_inside = (index >= 0) & (starts < lines.ends[index]) if len(lines) else np.zeros(0, dtype=bool)
    starts, index = starts[is_inside], index[is_inside]
    is_whole = (lines.starts[index] == starts) | ~_IS_NAME_BYTE[lines.data[starts - 1]]
    return Anchors(starts[is_whole], index[is_whole])


def _find_name(lines: Lines, equals: Offsets, words: npt.NDArray[np.uint64], name: bytes) -> Offsets:
    if not name:
        return np.empty(0, dtype=np.int64)
    tail = name[-_WORD:]
    shift = np.uint64(8 * (_WORD - len(tail)))
    wanted = np.uint64(int.from_bytes(tail, "little"))
    starts = equals[(words >> shift) == wanted if shift else words == wanted] - len(name)
    starts = starts[starts > 0]
    found: Offsets = starts[_has_head(lines, starts, name[:-_WORD])]
    return found


def _has_head(lines: Lines, starts: Offsets, head: bytes) -> Mask:
    is_equal = np.ones(len(starts), dtype=bool)
    for index, byte in enumerate(head):
        is_equal &= lines.data[starts + index] == byte
    return is_equal
