"""Seeded chance that depends only on where it is asked, so that any process and any block draws the same."""

import zlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_LOWER = np.frombuffer(b"0123456789abcdef", np.uint8)
_UPPER = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_UUID_LENGTH = 36
_UUID_DIGITS = np.array([i for i in range(_UUID_LENGTH) if i not in {8, 13, 18, 23}])
_UUID_VERSION_AT = 14
_UUID_VARIANT_AT = 19


def draw_words(seed: int, stream: str, numbers: Numbers) -> Words:
    """Draw one 64-bit word for each number, from the stream of that name (splitmix64)."""
    key = ((zlib.crc32(stream.encode()) << 32) ^ (seed * _GOLDEN)) & _MASK
    words: Words = numbers.astype(np.uint64) * np.uint64(_GOLDEN) + np.uint64(key)
    return _mix(_mix(words))


def draw_below(words: Words, limit: int | Numbers) -> Numbers:
    """Turn words into whole numbers from 0 to below the limit."""
    return (words >> np.uint64(12)).astype(np.int64) % limit


def format_hex(words: Words) -> list[bytes]:
    """Write each word as 16 lower-case hexadecimal digits."""
    digits = _spell_hex(words.reshape(-1, 1), _LOWER)
    return _as_texts(digits)


def format_uuids(high: Words, low: Words, *, is_upper: bool) -> list[bytes]:
    """Write pairs of words as version 4 UUIDs."""
    hexes = _spell_hex(np.column_stack([high, low]), _UPPER if is_upper else _LOWER)
    texts = np.full((len(hexes), _UUID_LENGTH), ord("-"), np.uint8)
    texts[:, _UUID_DIGITS] = hexes
    texts[:, _UUID_VERSION_AT] = ord("4")
    texts[:, _UUID_VARIANT_AT] = ord("9")
    return _as_texts(texts)


def _mix(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed


def _spell_hex(words: Words, alphabet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    octets = words.astype(">u8").view(np.uint8).reshape(len(words), -1)
    digits = np.empty((len(words), octets.shape[1] * 2), np.uint8)
    digits[:, 0::2] = alphabet[octets >> 4]
    digits[:, 1::2] = alphabet[octets & 15]
    return digits


def _as_texts(letters: NDArray[np.uint8]) -> list[bytes]:
    texts: list[bytes] = letters.view(f"S{letters.shape[1]}").ravel().tolist()
    return texts
