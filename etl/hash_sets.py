"""Keyed hashes by the million: kept as numbers in their order, so that few bytes hold each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Mask = npt.NDArray[np.bool_]

HASH_BYTES: Final = 16
_CHUNK: Final = 100_000


class HashSet:
    """A set of hashes of 32 hex digits, in which a column is looked up at once; it shows none."""

    def __init__(self, packed: bytes) -> None:
        """Take hashes as `pack_hashes` gives them."""
        words = np.frombuffer(packed, ">u8").reshape(-1, 2)
        order = np.lexsort((words[:, 1], words[:, 0]))
        self._high = words[order, 0].astype(np.uint64)
        self._low = words[order, 1].astype(np.uint64)

    def __len__(self) -> int:
        """Count the hashes."""
        return len(self._high)

    def __repr__(self) -> str:
        """Tell how many there are, and none of them."""
        return f"HashSet({len(self)} hashes)"

    def mark(self, hashes: pa.Array) -> Mask:
        """Mark the hashes of a column that are in the set; a null is in none."""
        marks = np.zeros(len(hashes), bool)
        places = np.flatnonzero(hashes.is_valid().to_numpy(zero_copy_only=False))
        if not len(self) or not len(places):
            return marks
        asked = np.frombuffer(pack_hashes(hashes.drop_null().to_pylist()), ">u8").reshape(-1, 2)
        high, low = asked[:, 0].astype(np.uint64), asked[:, 1].astype(np.uint64)
        found = np.searchsorted(self._high, high)
        likely = np.flatnonzero(self._high[np.minimum(found, len(self) - 1)] == high)
        marks[places[likely]] = [self._holds(int(found[each]), high[each], low[each]) for each in likely]
        return marks

    def _holds(self, place: int, high: np.uint64, low: np.uint64) -> bool:
        """Look among the hashes that begin alike, from the first of them on."""
        while place < len(self) and self._high[place] == high:
            if self._low[place] == low:
                return True
            place += 1
        return False


def pack_hashes(hashes: Iterable[str]) -> bytes:
    """Pack hashes of 32 hex digits into 16 bytes each, without all of them in memory as texts."""
    texts, packed = iter(hashes), bytearray()
    while chunk := list(islice(texts, _CHUNK)):
        packed += bytes.fromhex("".join(chunk))
    return bytes(packed)
