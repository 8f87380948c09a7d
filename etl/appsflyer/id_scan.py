"""Finding what is shaped like a device id in long texts, at less than a nanosecond a byte.

Everything is decided by numpy over the texts' bytes: cheap tests of every byte or every eighth, then closer
ones of the few places that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from etl.appsflyer.byte_lines import Bytes, Mask, Offsets, read_words

_SLICE_BYTES = 1 << 18
_UUID_DASHES = (8, 13, 18, 23)
_UUID_BYTES = 36
_UUID_WORDS = (0, 9, 15, 24, 28)  # words that cover all of its digits
# Android ids; MD5 (and a UUID without dashes), SHA-1 and SHA-256, by which partners pass hashed ids.
_HEX_SIZES = (16, 32, 40, 64)
_IMEI_BYTES = 15
_WORD = 8
_REACH = 72  # more than the longest id and the `%3D` before it
_NAME_REACH = 16  # between an IMEI and the start of its parameter's name

_HEX = b"0123456789abcdefABCDEF"
_IS_HEX = np.zeros(256, dtype=bool)
_IS_HEX[np.frombuffer(_HEX, dtype=np.uint8)] = True
_ALL_TRUE = np.uint64(0x0101010101010101)
_IS_DIGIT = np.zeros(256, dtype=bool)
_IS_DIGIT[np.frombuffer(b"0123456789", dtype=np.uint8)] = True
_IS_ALNUM = np.zeros(256, dtype=bool)
_IS_ALNUM[[byte for byte in range(128) if chr(byte).isalnum()]] = True


@dataclass(frozen=True, slots=True)
class Texts:
    """The bytes of a text array with the place where each row starts, and where the last one ends."""

    data: Bytes
    stops: Offsets


@dataclass(frozen=True, slots=True)
class Spans:
    """Pieces of texts: the row, and where the piece starts and ends in the data."""

    rows: Offsets
    starts: Offsets
    ends: Offsets


def view_texts(array: pa.Array) -> Texts:
    """View a text array's bytes without copying them."""
    wide = array.cast(pa.large_binary())
    _, offset_buffer, data_buffer = wide.buffers()
    if not len(wide) or data_buffer is None:
        return Texts(np.empty(0, dtype=np.uint8), np.zeros(len(wide) + 1, dtype=np.int64))
    stops = np.frombuffer(offset_buffer, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    data = np.frombuffer(data_buffer, dtype=np.uint8)[stops[0] : stops[-1]]
    return Texts(data, stops - stops[0])


def find_uuids(texts: Texts) -> Spans:
    """Find each `8-4-4-4-12` of hexadecimal digits, whatever stands around it."""
    starts = _scan(texts.data, _UUID_BYTES, _has_dashes)
    for distance in _UUID_WORDS:
        is_digit = _are_digits(read_words(texts.data, starts + distance).view(np.uint8)).reshape(-1, _WORD)
        is_digit[:, [dash - distance for dash in _UUID_DASHES if 0 <= dash - distance < _WORD]] = True
        starts = starts[is_digit.all(axis=1)]
    return _keep_within_rows(texts, starts, starts + _UUID_BYTES)


def find_hex_ids(texts: Texts) -> Spans:
    """Find hexadecimal runs of the length of an id that are whole tokens, and IMEIs where so named."""
    words = _find_hex_words(texts.data)
    spans = _grow(texts, words)
    sizes = spans.ends - spans.starts
    is_id = np.isin(sizes, _HEX_SIZES) & _is_token(texts, spans)
    is_imei = np.flatnonzero((sizes == _IMEI_BYTES) & _is_token(texts, spans))
    is_id[is_imei] = _is_named_imei(texts, _pick(spans, is_imei))
    return _pick(spans, is_id)


def find_encoded_rows(texts: Texts) -> Offsets:
    """List the rows that hold `%2D` or `%25`: ids in them may show only once decoded."""
    return np.unique(_find_rows(texts, _scan(texts.data, 3, _hides_ids)))


def _has_dashes(part: Bytes) -> Mask:
    is_dash = part == ord("-")
    size = len(part) - _UUID_BYTES + 1
    first, second, third, fourth = (is_dash[at : at + size] for at in _UUID_DASHES)
    mask: Mask = first & second & third & fourth
    return mask


def _hides_ids(part: Bytes) -> Mask:
    is_sequence = (part[:-2] == ord("%")) & (part[1:-1] == ord("2"))
    mask: Mask = is_sequence & ((part[2:] == ord("5")) | ((part[2:] | 32) == ord("d")))
    return mask


def _scan(data: Bytes, width: int, test: Callable[[Bytes], Mask]) -> Offsets:
    """Find where windows of a width start that pass a test, a slice at a time so that it stays in cache."""
    found = []
    for at in range(0, len(data) - width + 1, _SLICE_BYTES):
        mask = test(data[at : at + _SLICE_BYTES + width - 1])
        if mask.any():
            found.append(np.flatnonzero(mask) + at)
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _find_hex_words(data: Bytes) -> Offsets:
    """Find aligned words of eight digits: fifteen digits in a row hold one, wherever they start."""
    whole = data[: len(data) // _WORD * _WORD]
    found = [np.empty(0, dtype=np.int64)]
    for at in range(0, len(whole), _SLICE_BYTES):
        words = _are_digits(whole[at : at + _SLICE_BYTES]).view(np.uint64)
        found.append(np.flatnonzero(words == _ALL_TRUE) * _WORD + at)
    return np.concatenate(found)


def _are_digits(part: Bytes) -> Mask:
    """Test for hexadecimal digits by arithmetic, which beats a table on many bytes."""
    is_hex: Mask = ((part - ord("0")) < 10) | (((part | 32) - ord("a")) < 6)  # noqa: PLR2004 - 0-9 and a-f
    return is_hex


def _grow(texts: Texts, words: Offsets) -> Spans:
    """Grow words to the whole runs of digits that they are in, within their rows, each run once."""
    after = _count_hex(texts.data, words + _WORD, 1) + _WORD
    before = _count_hex(texts.data, words - 1, -1)
    is_long = after + before >= _IMEI_BYTES
    words, after, before = words[is_long], after[is_long], before[is_long]
    rows = _find_rows(texts, words)
    starts = np.maximum(words - before, texts.stops[rows])
    ends = np.minimum(words + after, texts.stops[rows + 1])
    # The digits of `%3D` are the delimiter's.
    is_encoded = (starts > texts.stops[rows]) & (texts.data[starts - 1] == ord("%"))
    starts += np.where(is_encoded, 2, 0)
    order = np.unique(starts, return_index=True)[1]
    return Spans(rows[order], starts[order], ends[order])


def _count_hex(data: Bytes, places: Offsets, step: int) -> Offsets:
    """Count the digits from each place on, in the direction of the step."""
    counts = np.zeros(len(places), dtype=np.int64)
    left = np.arange(len(places))
    for distance in range(_REACH):
        at = places[left] + step * distance
        is_hex = _IS_HEX[data.take(at, mode="clip")] & (at >= 0) & (at < len(data))
        left = left[is_hex]
        if not len(left):
            break
        counts[left] += 1
    return counts


def _is_token(texts: Texts, spans: Spans) -> Mask:
    """Say whether no letter or digit stands beside a run, but for those of a percent sequence."""
    data = texts.data
    at_start = spans.starts == texts.stops[spans.rows]
    at_end = spans.ends == texts.stops[spans.rows + 1]
    is_after_sequence = data.take(spans.starts - 3, mode="clip") == ord("%")
    is_after_sequence &= spans.starts - 3 >= texts.stops[spans.rows]
    is_free_before = at_start | ~_IS_ALNUM[data.take(spans.starts - 1, mode="clip")] | is_after_sequence
    is_free_after = at_end | ~_IS_ALNUM[data.take(spans.ends, mode="clip")]
    mask: Mask = is_free_before & is_free_after
    return mask


def _is_named_imei(texts: Texts, spans: Spans) -> Mask:
    if not len(spans.starts):
        return np.zeros(0, dtype=bool)
    places = spans.starts[:, None] - np.arange(_NAME_REACH, 0, -1)
    before = texts.data.take(places, mode="clip") | 32
    before[places < texts.stops[spans.rows][:, None]] = 0
    is_named = np.zeros(len(before), dtype=bool)
    for at in range(_NAME_REACH - 3):
        is_named |= (before[:, at : at + 4] == np.frombuffer(b"imei", dtype=np.uint8)).all(axis=1)
    is_number = np.ones(len(before), dtype=bool)
    for distance in range(_IMEI_BYTES):
        is_number &= _IS_DIGIT[texts.data[spans.starts + distance]]
    return is_named & is_number


def _keep_within_rows(texts: Texts, starts: Offsets, ends: Offsets) -> Spans:
    rows = _find_rows(texts, starts)
    return _pick(Spans(rows, starts, ends), ends <= texts.stops[rows + 1])


def _find_rows(texts: Texts, places: Offsets) -> Offsets:
    rows: Offsets = np.searchsorted(texts.stops, places, side="right") - 1
    return rows


def _pick(spans: Spans, chosen: Mask | Offsets) -> Spans:
    return Spans(spans.rows[chosen], spans.starts[chosen], spans.ends[chosen])
