"""Find the outermost objects of JSON, exactly and without parsing it, at the speed of memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Offsets = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]
_Bytes = npt.NDArray[np.uint8]

_QUOTE, _BACKSLASH, _OPEN, _CLOSE = b'"\\{}'
_WORD_BITS = 64
_SHIFTS = tuple(np.uint64(shift) for shift in (1, 2, 4, 8, 16, 32))


@dataclass(frozen=True, slots=True)
class ScanState:
    """What a slice leaves to the next: how many objects are open, whether in a string, whether escaped."""

    depth: int = 0
    is_in_string: bool = False
    is_escaped: bool = False


def scan(data: bytes, state: ScanState) -> tuple[Offsets, Offsets, ScanState]:
    """Find where outermost objects start (at the brace) and end (after it) in the next slice of a stream.

    Exact for valid JSON. A closing brace that closes nothing is passed over. Slices of about 256 KiB are
    fastest: their masks stay in the processor's cache.
    """
    if not data:
        return np.empty(0, np.int64), np.empty(0, np.int64), state
    data, is_escaped = _blank_escapes(data, is_escaped=state.is_escaped)
    array = np.frombuffer(data, dtype=np.uint8)
    strings, is_in_string = _mask_strings(array, is_in_string=state.is_in_string)
    braces = _find_bits(_pack((array == _OPEN) | (array == _CLOSE)) & ~strings)
    starts, ends, depth = _find_outermost(array, braces, state.depth)
    return starts, ends, ScanState(depth, is_in_string, is_escaped)


def _blank_escapes(data: bytes, *, is_escaped: bool) -> tuple[bytes, bool]:
    """Blank escaped backslashes and an escaped first byte: a backslash left before a quote escapes it."""
    if is_escaped:
        data = b" " + data[1:]
    backslashes = np.frombuffer(data, dtype=np.uint8) == _BACKSLASH
    if (backslashes[1:] & backslashes[:-1]).any():
        # From the left and not overlapping, as escapes are read: of an odd run one is left.
        data = data.replace(b"\\\\", b"  ")
    return data, data.endswith(b"\\")


def _mask_strings(array: _Bytes, *, is_in_string: bool) -> tuple[_Words, bool]:
    """Set the bit of every byte in a string: of all from an opening quote to before its closing one."""
    quotes = array == _QUOTE
    quotes[1:] &= array[:-1] != _BACKSLASH
    words = _pack(quotes)
    for shift in _SHIFTS:
        words ^= words << shift
    odd = (words >> np.uint64(_WORD_BITS - 1)).astype(np.uint8)
    odd[0] ^= is_in_string
    parity = np.bitwise_xor.accumulate(odd)
    before = np.empty(len(parity), dtype=np.uint64)
    before[0], before[1:] = is_in_string, parity[:-1]
    # Nought less one sets every bit of a word that begins in a string.
    words ^= np.uint64(0) - before
    return words, bool(parity[-1])


def _pack(mask: npt.NDArray[np.bool_]) -> _Words:
    packed = np.packbits(mask, bitorder="little")
    if surplus := len(packed) % 8:
        packed = np.concatenate([packed, np.zeros(8 - surplus, dtype=np.uint8)])
    return packed.view(np.uint64)


def _find_bits(words: _Words) -> Offsets:
    nonzero = np.flatnonzero(words)
    bits = np.flatnonzero(np.unpackbits(words[nonzero].view(np.uint8), bitorder="little"))
    return nonzero[bits // _WORD_BITS] * _WORD_BITS + bits % _WORD_BITS


def _find_outermost(array: _Bytes, braces: Offsets, depth: int) -> tuple[Offsets, Offsets, int]:
    if not len(braces):
        return braces, braces, depth
    steps = np.where(array[braces] == _OPEN, 1, -1)
    after = np.cumsum(steps) + depth
    after -= np.minimum(np.minimum.accumulate(after), 0)
    is_opening = steps == 1
    starts = braces[is_opening & (after == 1)]
    before = np.concatenate([[depth], after[:-1]])
    ends = braces[~is_opening & (before == 1)] + 1
    return starts, ends, int(after[-1])
