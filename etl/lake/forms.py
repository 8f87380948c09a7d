"""Every form in which an id column may hold wanted ids, as numbers: millions of them in little memory.

A form is an id itself, its SHA-1 and MD5 in each casing of the id, and a UUID without dashes. It is kept as
128 bits: those of a digest, or of what 32 digits spell, and of other texts a hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]

KEY_BYTES: Final = 16
WORD: Final = 8
# Set in every byte, it makes capitals small; that other characters meet as well costs a look-up.
_LOWER: Final = np.uint64(0x2020202020202020)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}")
_DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)
_CHUNK: Final = 50_000
_NONE: Final = np.empty(0, np.uint64)


class Forms:
    """The forms of some ids: which id each is of, and how it ends."""

    def __init__(self, ids: Sequence[str], spellings: Iterable[Collection[str]]) -> None:
        """Take folded ids, and of each the other spellings whose digests may stand for it."""
        self.ids = ids
        highs, lows, owners, endings = [_NONE], [_NONE], [_NONE.astype(np.uint32)], [_NONE]
        for first, chunk in _cut(ids, spellings):
            for found in (_list_plain, _list_undashed, _list_digests):
                places, data, words = found(chunk)
                keys = np.frombuffer(data, np.uint64).reshape(-1, 2)
                highs.append(keys[:, 0].copy())
                lows.append(keys[:, 1].copy())
                owners.append(np.array(places, np.uint32) + np.uint32(first))
                endings.append(words)
        high = _join(highs)
        # An id as it is comes before a digest that it equals.
        order = np.argsort(high, kind="stable")
        self._high, self._low, self._owners = high[order], _join(lows)[order], _join(owners)[order]
        self._endings = _join(endings)

    def __repr__(self) -> str:
        """Tell how many there are, and none of them."""
        return f"Forms({len(self._high)} of {len(self.ids)} ids)"

    def __len__(self) -> int:
        """Count the forms."""
        return len(self._high)

    @property
    def endings(self) -> Numbers:
        """The last eight bytes of each form as a word that is blind to casing, zeros where it is short."""
        return self._endings

    def mark(self, folded: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Mark the texts that are a form of an id."""
        return self._find_places(folded) < len(self)

    def find_owner(self, folded: str) -> str | None:
        """Give the id of which a text is a form."""
        (place,) = self._find_places([folded]).tolist()
        return self.ids[self._owners[place]] if place < len(self) else None

    def _find_places(self, folded: Sequence[str]) -> npt.NDArray[np.int64]:
        """Give the place of each text among the forms; for what is none, how many there are."""
        size = len(self)
        keys = np.frombuffer(b"".join(map(_make_key, folded)), np.uint64).reshape(-1, 2)
        places = np.searchsorted(self._high, keys[:, 0])
        within = np.minimum(places, size - 1) if size else np.zeros(0, np.int64)
        is_half = (places < size) & (self._high[within] == keys[:, 0]) if size else np.zeros(len(keys), bool)
        places[~is_half] = size
        for each in np.flatnonzero(is_half).tolist():
            places[each] = self._find_whole(int(places[each]), keys[each])
        return places

    def _find_whole(self, place: int, key: Numbers) -> int:
        """Find the form that a key is, from the first one on that begins as it does."""
        while place < len(self) and self._high[place] == key[0]:
            if self._low[place] == key[1]:
                return place
            place += 1
        return len(self)


_Chunk = Sequence[tuple[str, Collection[str]]]
_Found = tuple[Sequence[int], bytes, Numbers]


def _cut(
    ids: Sequence[str], spellings: Iterable[Collection[str]]
) -> Iterator[tuple[int, list[tuple[str, Collection[str]]]]]:
    pairs = zip(ids, spellings, strict=True)
    for first in range(0, len(ids), _CHUNK):
        yield first, [pair for _, pair in zip(range(_CHUNK), pairs, strict=False)]


def _join(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Join arrays, and let go of them: of millions of forms there is no room for both."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def _list_plain(chunk: _Chunk) -> _Found:
    words = [int.from_bytes(folded.encode()[-WORD:], "little") for folded, _ in chunk]
    return (
        range(len(chunk)),
        b"".join(_make_key(folded) for folded, _ in chunk),
        np.array(words, np.uint64) | _LOWER,
    )


def _list_undashed(chunk: _Chunk) -> _Found:
    places = [place for place, (folded, _) in enumerate(chunk) if _UUID.fullmatch(folded)]
    data = bytes.fromhex("".join(chunk[place][0].replace("-", "") for place in places))
    return places, data, _spell_endings(data, KEY_BYTES)


def _list_digests(chunk: _Chunk) -> _Found:
    places: list[int] = []
    sha1, md5 = bytearray(), bytearray()
    for place, (folded, others) in enumerate(chunk):
        for spelling in {folded, folded.lower(), folded.upper(), *others}:
            data = spelling.encode()
            places.append(place)
            sha1 += hashlib.sha1(data, usedforsecurity=False).digest()
            md5 += hashlib.md5(data, usedforsecurity=False).digest()
    longer = np.frombuffer(bytes(sha1), np.uint8).reshape(-1, 20)
    keys = np.ascontiguousarray(longer[:, :KEY_BYTES]).tobytes()
    words = [_spell_endings(bytes(sha1), 20), _spell_endings(bytes(md5), KEY_BYTES)]
    return places + places, keys + bytes(md5), np.concatenate(words)


def _spell_endings(digests: bytes, size: int) -> Numbers:
    """Give the last eight digits of each digest of so many bytes."""
    ends = np.frombuffer(digests, np.uint8).reshape(-1, size)[:, -WORD // 2 :]
    digits = np.stack([_DIGITS[ends >> 4], _DIGITS[ends & 15]], axis=2).reshape(-1, WORD)
    words: Numbers = np.ascontiguousarray(digits).view("<u8").reshape(-1) | _LOWER
    return words


def _make_key(folded: str) -> bytes:
    if _DIGEST.fullmatch(folded):
        return bytes.fromhex(folded)[:KEY_BYTES]
    return hashlib.blake2b(folded.encode(errors="surrogatepass"), digest_size=KEY_BYTES).digest()
