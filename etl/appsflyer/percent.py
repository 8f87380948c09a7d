"""Percent-decoding of many texts at once: one pass over their bytes, and the places that move with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.byte_lines import Bytes, Lines, Mask, Offsets, build_binary, find_byte, view_lines

_PERCENT, _PLUS, _SPACE = b"%+ "
_NO_DIGIT = 255
_DIGIT = np.full(256, _NO_DIGIT, dtype=np.uint8)
_DIGIT[np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)] = np.arange(16)
_DIGIT[np.frombuffer(b"abcdef", dtype=np.uint8)] = np.arange(10, 16)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded bytes, and where the sequences stood that became one byte each."""

    data: Bytes
    _sequences: Offsets

    def move(self, places: Offsets) -> Offsets:
        """Say where places of the encoded bytes are now; none may lie inside a sequence."""
        if not len(self._sequences):
            return places
        moved: Offsets = places - 2 * np.searchsorted(self._sequences, places)
        return moved


def decode_lines(
    lines: Lines, *, plus: bool, skipped: Mask | None = None, only: int | None = None
) -> Decoded:
    """Decode the percent sequences of lines, once; broken ones stay as they are.

    `plus` makes a space of every `+`. Lines marked in `skipped` stay as they are. With `only`, no sequence
    but that of this byte is decoded. The lines must be in order.
    """
    data = lines.data
    sequences, values = _find_sequences(lines)
    if only is not None:
        sequences, values = sequences[values == only], values[values == only]
    pluses = find_byte(data, _PLUS) if plus else np.empty(0, dtype=np.int64)
    if skipped is not None and skipped.any():
        kept = ~_stand_in(lines, sequences, skipped)
        sequences, values = sequences[kept], values[kept]
        pluses = pluses[~_stand_in(lines, pluses, skipped)]
    return Decoded(_replace(data, sequences, values, pluses), sequences)


def decode_bytes(texts: pa.Array) -> pa.Array:
    """Percent-decode a binary or text array, `+` left alone; nulls become empty."""
    if not len(texts):
        return pa.array([], pa.binary())
    lines = view_lines(texts)
    stops = np.append(lines.starts, lines.ends[-1:])
    decoded = decode_lines(lines, plus=False)
    return build_binary(decoded.data, decoded.move(stops))


def decode_texts(texts: pa.Array) -> pa.Array:
    """Percent-decode a text array, `+` left alone; a text whose bytes are no UTF-8 then stays as it came."""
    return _restore_invalid(decode_bytes(texts), texts)


def find_invalid(values: pa.Array) -> list[int]:
    """List the indexes of binary values that are no UTF-8; only if there are any are values tried singly."""
    try:
        values.cast(pa.string())
    except pa.ArrowInvalid:
        return [index for index, value in enumerate(values.to_pylist()) if value and not _is_text(value)]
    return []


def _find_sequences(lines: Lines) -> tuple[Offsets, Bytes]:
    at = find_byte(lines.data, _PERCENT)
    at = at[at < len(lines.data) - 2]
    high, low = _DIGIT[lines.data[at + 1]], _DIGIT[lines.data[at + 2]]
    is_whole = (high != _NO_DIGIT) & (low != _NO_DIGIT)
    for edges in (lines.ends, lines.starts):
        for distance in (1, 2):
            _clear_at(is_whole, at, edges - distance)
    values: Bytes = ((high << 4) | low)[is_whole]
    return at[is_whole], values


def _clear_at(mask: Mask, positions: Offsets, places: Offsets) -> None:
    if len(positions):
        index = np.searchsorted(positions, places)
        hit = positions.take(index, mode="clip") == places
        mask[index[hit]] = False


def _stand_in(lines: Lines, positions: Offsets, marked: Mask) -> Mask:
    index = np.searchsorted(lines.starts, positions, side="right") - 1
    inside: Mask = marked[index] & (positions < lines.ends[index]) & (index >= 0)
    return inside


def _replace(data: Bytes, sequences: Offsets, values: Bytes, pluses: Offsets) -> Bytes:
    if not len(sequences) and not len(pluses):
        return data
    changed = data.copy()
    changed[pluses] = _SPACE
    changed[sequences] = values
    return _drop_digits(changed, sequences) if len(sequences) else changed


def _drop_digits(data: Bytes, sequences: Offsets) -> Bytes:
    """Leave out the two bytes behind each sequence's first."""
    is_kept = np.ones(len(data), dtype=bool)
    is_kept[sequences + 1] = False
    is_kept[sequences + 2] = False
    return data[is_kept]


def _restore_invalid(binary: pa.Array, texts: pa.Array) -> pa.Array:
    invalid = find_invalid(binary)
    if invalid:
        is_bad = np.zeros(len(texts), dtype=bool)
        is_bad[invalid] = True
        binary = pc.if_else(pa.array(is_bad), texts.cast(pa.binary()), binary)
    decoded = binary.cast(pa.string())
    return pc.if_else(texts.is_valid(), decoded, pa.scalar(None, pa.string()))


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
