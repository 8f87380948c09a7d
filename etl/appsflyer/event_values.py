"""Event values that say the same, brought to one form: JSON with its keys sorted and no spaces.

A double holds some 16 digits, so values with a longer number are read exactly: two orders whose numbers
differ in the twentieth digit are two orders. A whole number is one however it is written: `12`, `12.00`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from string import ascii_letters

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.byte_lines import find_byte

# Characters of the shortest number that a double or a 64-bit integer may not hold: 16 digits and a point.
_LONG = 17
_STEP = 8
# Texts that are tried together: one that is no JSON slows only these.
_TOGETHER = 128
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_POINT, _ZERO, _E, _PLUS = b".0e+"
_IS_NUMERIC = np.isin(np.arange(256), np.frombuffer(b".0123456789", dtype=np.uint8))
_IS_LETTER = np.isin(np.arange(256), np.frombuffer(ascii_letters.encode(), dtype=np.uint8))


def canonicalize_values(values: pa.Array) -> pa.Array:
    """Give each text's canonical JSON: keys sorted, no spaces, equal numbers alike.

    Text that is no JSON is its own form.
    """
    if values.null_count == len(values):
        return values
    present = values.drop_null()
    texts = present.to_pylist()
    forms = _canonicalize_all(texts, _find_braced_words(present))
    for row in _find_long_numbers(present).tolist():
        forms[row] = _canonicalize_exactly(texts[row])
    for row in _find_whole_floats(pa.array(forms, pa.binary())).tolist():
        forms[row] = _canonicalize_exactly(texts[row])
    is_null = pc.is_null(values).to_numpy(zero_copy_only=False)
    slots = np.cumsum(~is_null) - 1
    return pa.array(forms, pa.binary()).take(pa.array(slots, mask=is_null)).cast(pa.string())


def _canonicalize_all(texts: list[str], words: list[int]) -> list[bytes]:
    """Canonicalize texts, of which some are known to be no JSON: they would slow those beside them."""
    skipped = dict.fromkeys(words)
    tried = [text for row, text in enumerate(texts) if row not in skipped] if words else texts
    parts = (tried[start : start + _TOGETHER] for start in range(0, len(tried), _TOGETHER))
    forms = [form for part in parts for form in _canonicalize_some(part)]
    if not words:
        return forms
    left = iter(forms)
    return [text.encode() if row in skipped else next(left) for row, text in enumerate(texts)]


def _canonicalize_some(texts: list[str]) -> list[bytes]:
    """Canonicalize texts in one go, or one by one where one of them is no JSON."""
    loads, dumps, sort_keys = orjson.loads, orjson.dumps, orjson.OPT_SORT_KEYS
    try:
        return [dumps(loads(text), option=sort_keys) for text in texts]
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return [_canonicalize(text) for text in texts]


def _canonicalize(text: str) -> bytes:
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text.encode()


def _canonicalize_exactly(text: str) -> bytes:
    try:
        orjson.loads(text)
        value = json.loads(text, parse_int=_read_number, parse_float=_read_number)
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (ValueError, ArithmeticError, RecursionError, orjson.JSONEncodeError):
        return text.encode()


def _read_number(text: str) -> int | float | orjson.Fragment:
    exact, nearest = Decimal(text), float(text)
    if _SMALLEST <= exact <= _LARGEST and exact == (whole := int(exact)):
        return whole
    return nearest if exact == Decimal(repr(nearest)) else orjson.Fragment(_spell_number(exact))


def _spell_number(exact: Decimal) -> str:
    """Spell a number with all its digits, but no zeros at their end."""
    sign, digits, exponent = exact.as_tuple()
    spelled = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - len(spelled)
    return f"{'-' * sign}{spelled}" + (f"e{power}" if power else "")


def _find_whole_floats(forms: pa.Array) -> npt.NDArray[np.int64]:
    """Find the rows in which orjson wrote what may be a whole number as a float: `1.0`, `1e+16`."""
    offsets = np.frombuffer(forms.buffers()[1], dtype=np.int32)
    data = np.frombuffer(forms.buffers()[2] or b"", dtype=np.uint8)
    points, signs = find_byte(data, _POINT), find_byte(data, _PLUS)
    points = points[data.take(points + 1, mode="clip") == _ZERO]
    row = np.searchsorted(offsets, points, side="right")
    ends_there = (offsets[row] == points + 2) | ~_IS_NUMERIC[data.take(points + 2, mode="clip")]
    signs = signs[data.take(signs - 1, mode="clip") == _E]
    found = np.concatenate((points[ends_there], signs))
    return np.unique(np.searchsorted(offsets, found, side="right") - 1)


def _view_bytes(texts: pa.Array) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return offsets, np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)


def _find_braced_words(texts: pa.Array) -> list[int]:
    """Find the rows such as `{level=3}`: no JSON, as a letter stands behind the brace."""
    offsets, data = _view_bytes(texts)
    longer = np.flatnonzero(np.diff(offsets) > 1)
    starts = offsets[longer]
    is_word = (data[starts] == ord("{")) & _IS_LETTER[data[starts + 1]]
    rows: list[int] = longer[is_word].tolist()
    return rows


def _find_long_numbers(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Find the rows with a run of `_LONG` digits, looking only where two bytes, eight apart, are digits."""
    offsets, data = _view_bytes(texts)
    sampled = _IS_NUMERIC[data[offsets[0] : offsets[-1] : _STEP]]
    at = np.flatnonzero(sampled[:-1] & sampled[1:]) * _STEP + offsets[0]
    middle = _IS_NUMERIC[data.take(at[:, None] + np.arange(_STEP), mode="clip")].all(axis=1)
    at = at[middle]
    before = _IS_NUMERIC[data.take(at[:, None] - np.arange(1, _LONG), mode="clip")]
    after = _IS_NUMERIC[data.take(at[:, None] + np.arange(_LONG), mode="clip")]
    length = sum(np.logical_and.accumulate(side, axis=1).sum(axis=1) for side in (before, after))
    return np.unique(np.searchsorted(offsets, at[length >= _LONG], side="right") - 1)
