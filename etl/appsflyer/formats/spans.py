"""Turn spans of a stream into what was found in it: messages, and what was refused beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from etl.appsflyer.formats.limits import HEAD_BYTES
from etl.appsflyer.formats.salvage import is_json
from etl.appsflyer.formats.scan import Offsets
from etl.appsflyer.messages import Reason

# What may stand between messages: whitespace, commas, brackets of arrays, record separators (RFC 7464).
SEPARATORS = b" \t\r\n\v\f,[]\x1e"
_IS_SEPARATOR = np.isin(np.arange(256), np.frombuffer(SEPARATORS, dtype=np.uint8))
# The first and the last byte of a gap are looked at; a longer one is looked at as a whole.
_CHECKED_BYTES = 2
_SEGMENT = re.compile(rb"[^\r\n\x1e]+")


@dataclass(frozen=True, slots=True)
class Refused:
    """A stretch that holds no message: where it starts, why, and its bytes (the first, of a large one)."""

    at: int
    reason: Reason
    raw: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """Messages as spans of `data`, and what was refused, each in order."""

    data: bytes
    starts: Offsets
    ends: Offsets
    refused: tuple[Refused, ...]

    def __len__(self) -> int:
        """How many were counted, refused ones included."""
        return len(self.starts) + len(self.refused)


@dataclass(frozen=True, slots=True)
class Broken:
    """A span that is no message, as a whole."""

    start: int
    end: int
    reason: Reason


def collect(
    data: bytes, messages: tuple[Offsets, Offsets], broken: list[Broken], within: tuple[int, int]
) -> Found:
    """Put messages, broken spans and what stands between together; only separators are passed over."""
    starts, ends = messages
    gaps = _find_gaps(data, messages, broken, within)
    refused = [segment for start, end in gaps for segment in _split_gap(data, start, end)]
    refused += [_refuse(data, span) for span in broken]
    return Found(data, starts, ends, tuple(sorted(refused, key=lambda one: one.at)))


def refuse_large(
    starts: Offsets, ends: Offsets, max_bytes: int
) -> tuple[tuple[Offsets, Offsets], list[Broken]]:
    """Part the messages that are too large from the others."""
    is_large = ends - starts > max_bytes
    if not is_large.any():
        return (starts, ends), []
    large = zip(starts[is_large].tolist(), ends[is_large].tolist(), strict=True)
    kept = starts[~is_large], ends[~is_large]
    return kept, [Broken(start, end, Reason.MESSAGE_TOO_LARGE) for start, end in large]


def mark_damage(found: Found, tail: int, damage: Reason) -> Found:
    """Give the last thing refused from `tail` on the damage as reason; if there is none, an empty one."""
    if found.refused and found.refused[-1].at >= tail:
        *others, last = found.refused
        return replace(found, refused=(*others, replace(last, reason=damage)))
    return replace(found, refused=(*found.refused, Refused(len(found.data), damage, b"")))


def find_dirty_gaps(data: bytes, begins: Offsets, ends: Offsets) -> list[tuple[int, int]]:
    """Find the gaps that hold more than separators, among many that hold one or two."""
    array = np.frombuffer(data, dtype=np.uint8)
    sizes = ends - begins
    is_clean = (
        _IS_SEPARATOR[array.take(begins, mode="clip")] & _IS_SEPARATOR[array.take(ends - 1, mode="clip")]
    )
    suspects = np.flatnonzero((sizes > 0) & ~(is_clean & (sizes <= _CHECKED_BYTES)))
    gaps = zip(begins[suspects].tolist(), ends[suspects].tolist(), strict=True)
    return [(begin, end) for begin, end in gaps if data[begin:end].strip(SEPARATORS)]


def _find_gaps(
    data: bytes, messages: tuple[Offsets, Offsets], broken: list[Broken], within: tuple[int, int]
) -> list[tuple[int, int]]:
    starts, ends = messages
    if broken:
        starts = np.sort(np.concatenate([starts, [span.start for span in broken]]))
        ends = np.sort(np.concatenate([ends, [span.end for span in broken]]))
    if not data:
        return []
    return find_dirty_gaps(data, np.concatenate([[within[0]], ends]), np.concatenate([starts, [within[1]]]))


def _split_gap(data: bytes, start: int, end: int) -> Iterator[Refused]:
    for match in _SEGMENT.finditer(data, start, end):
        if raw := match.group().strip(SEPARATORS):
            reason = Reason.NOT_AN_OBJECT if is_json(b"[" + raw + b"]") else Reason.INVALID_JSON
            yield Refused(match.start(), reason, raw)


def _refuse(data: bytes, span: Broken) -> Refused:
    end = span.end if span.reason is not Reason.MESSAGE_TOO_LARGE else min(span.end, span.start + HEAD_BYTES)
    return Refused(span.start, span.reason, data[span.start : end].strip(SEPARATORS))
