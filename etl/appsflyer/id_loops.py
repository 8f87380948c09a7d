"""The loop that finds what is shaped like a device id, at a fraction of a nanosecond a byte.

Every id begins with, or is, eight hexadecimal digits in a row at least, so looking at every eighth byte
misses none.
"""

from __future__ import annotations

import numpy as np

from etl.appsflyer.byte_lines import Bytes, Mask, Offsets
from etl.appsflyer.compiling import compiled

_STEP = 8
# Bytes of text for each id that may be found in it: 15 digits can be an id and part of another.
SHORTEST_ROOM = 7
_UUID_BYTES = 36
_DASHES = np.array([8, 13, 18, 23])
_IMEI_BYTES = 15
_NAME_REACH = 16  # between an IMEI and the start of its parameter's name
_SEQUENCE = 3  # `%3D`

_HEX, _ALNUM, _DIGIT, _ID_SIZE = 1, 2, 4, 8
_DASH, _PERCENT, _ZERO, _TWO, _FIVE, _SMALL_D = b"-%025d"
_SMALL_BIT = 32
_IMEI = np.frombuffer(b"imei", dtype=np.uint8)


def _mark_bytes() -> Bytes:
    marks = np.zeros(256, dtype=np.uint8)
    marks[np.frombuffer(b"0123456789abcdefABCDEF", dtype=np.uint8)] |= _HEX
    marks[[byte for byte in range(128) if chr(byte).isalnum()]] |= _ALNUM
    marks[np.frombuffer(b"0123456789", dtype=np.uint8)] |= _DIGIT
    # Android ids; MD5 (and a UUID without dashes), SHA-1 and SHA-256, by which partners pass hashed ids.
    marks[[16, 32, 40, 64]] |= _ID_SIZE
    return marks


_MARKS = _mark_bytes()


@compiled
def scan_ids(data: Bytes, stops: Offsets, found: Offsets, encoded: Offsets) -> tuple[int, int]:
    """Find the ids in rows of text; gives how many, and how many rows may hide some behind `%2D` or `%25`.

    Fills `found` with row, start and end of each, for whom it must have room (`SHORTEST_ROOM`), and
    `encoded` with rows. All-zero ids are left out.
    """
    ids = hiding = 0
    for row in range(len(stops) - 1):
        start, end = stops[row], stops[row + 1]
        at = start + _STEP - 1
        while at < end:
            if not _MARKS[data[at]] & _HEX:
                at += _STEP
                continue
            first, last = _find_run(data, at, start, end)
            if last - first >= _STEP:
                ids = _judge_run(data, (row, start, end), (first, last), found, ids)
            at = last + _STEP
        if _hides_ids(data[start:end]):
            encoded[hiding] = row
            hiding += 1
    return ids, hiding


@compiled
def _find_run(data: Bytes, at: int, start: int, end: int) -> tuple[int, int]:
    first, last = at, at + 1
    while first > start and _MARKS[data[first - 1]] & _HEX:
        first -= 1
    while last < end and _MARKS[data[last]] & _HEX:
        last += 1
    return first, last


@compiled
def _judge_run(data: Bytes, row: tuple[int, int, int], run: tuple[int, int], found: Offsets, ids: int) -> int:
    """Keep what a run is the first digits of, and what it is as a whole; gives how many ids there are now."""
    number, start, end = row
    first, last = run
    if _is_uuid(data, last - _STEP, end):
        ids = _keep(data, found, ids, (number, last - _STEP, last - _STEP + _UUID_BYTES))
    if last - first >= _IMEI_BYTES:
        if first > start and data[first - 1] == _PERCENT:
            first += 2  # the digits of `%3D` are the delimiter's
        if _is_hex_id(data, first, last, start, end):
            ids = _keep(data, found, ids, (number, first, last))
    return ids


@compiled
def _keep(data: Bytes, found: Offsets, ids: int, span: tuple[int, int, int]) -> int:
    for at in range(span[1], span[2]):
        if data[at] != _ZERO and data[at] != _DASH:
            found[ids, 0], found[ids, 1], found[ids, 2] = span
            return ids + 1
    return ids


@compiled
def _is_uuid(data: Bytes, start: int, end: int) -> bool:
    """Say whether eight digits go on as a UUID, whatever stands around it."""
    if start + _UUID_BYTES > end:
        return False
    for dash in _DASHES:
        if data[start + dash] != _DASH:
            return False
    digits = 0
    for at in range(start + _STEP, start + _UUID_BYTES):
        digits += _MARKS[data[at]] & _HEX
    return digits == _UUID_BYTES - _STEP - len(_DASHES)


@compiled
def _is_hex_id(data: Bytes, first: int, last: int, start: int, end: int) -> bool:
    """Say whether a run has the length of an id and is a whole token, or is an IMEI that is named so."""
    size = last - first
    if size >= len(_MARKS) or not (_MARKS[size] & _ID_SIZE or size == _IMEI_BYTES):
        return False
    if last < end and _MARKS[data[last]] & _ALNUM:
        return False
    is_after_sequence = first - _SEQUENCE >= start and data[first - _SEQUENCE] == _PERCENT
    if first > start and _MARKS[data[first - 1]] & _ALNUM and not is_after_sequence:
        return False
    return size != _IMEI_BYTES or _is_imei(data, first, last, start)


@compiled
def _is_imei(data: Bytes, first: int, last: int, start: int) -> bool:
    for at in range(first, last):
        if not _MARKS[data[at]] & _DIGIT:
            return False
    for at in range(max(start, first - _NAME_REACH), first - len(_IMEI) + 1):
        same = 0
        for place in range(len(_IMEI)):
            same += (data[at + place] | _SMALL_BIT) == _IMEI[place]
        if same == len(_IMEI):
            return True
    return False


@compiled
def _hides_ids(text: Bytes) -> bool:
    # Counted to the end without a branch, so that it is compiled to compare many bytes at once.
    count = 0
    for at in range(len(text) - 2):
        is_last = (text[at + 2] == _FIVE) | ((text[at + 2] | _SMALL_BIT) == _SMALL_D)
        count += (text[at] == _PERCENT) & (text[at + 1] == _TWO) & is_last
    return count > 0


@compiled
def compare_own(  # noqa: PLR0913, PLR0917 - compiled loops take arrays, not objects of ours
    data: Bytes,
    starts: Offsets,
    ends: Offsets,
    rows: Offsets,
    own: Bytes,
    own_stops: Offsets,
    is_foreign: Mask,
) -> None:
    """Unmark the pieces of `data` that equal the whole of their row's own text, casing aside."""
    for place in range(len(rows)):
        size = ends[place] - starts[place]
        mine = own_stops[rows[place]]
        if not is_foreign[place] or own_stops[rows[place] + 1] - mine != size:
            continue
        at = 0
        while at < size and (data[starts[place] + at] | _SMALL_BIT) == (own[mine + at] | _SMALL_BIT):
            at += 1
        is_foreign[place] = at < size
