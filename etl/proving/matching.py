"""Taking every id-shaped token from texts, and looking it up."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from etl.appsflyer.compiled.machine_code import Kernel, register
from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.id_scan import Texts
from etl.proving.wanted import BLOCK_BYTES, LOOKUP_SOURCES, Wanted

_scan_tokens = register("scan_tokens", "etl.proving.token_loops", *LOOKUP_SOURCES)
_look_up = register("look_up", "etl.proving.lookup_loops", *LOOKUP_SOURCES)

# Messages that are hashed together, and slots of what was seen: few, so that caches hold them.
_ROOM = 256
_SLOTS = 1 << 12
_NO_TABLE = -1


class Matcher:
    """Looks up the tokens of texts in what is wanted; each distinct one is hashed about once.

    A table of fixed size has the tokens that were seen and are not wanted, each compared as a whole: a token
    is passed over only if it equals one of them, and memory does not grow with what is read.
    """

    def __init__(self, wanted: Wanted) -> None:
        """Take what is wanted."""
        self._wanted = wanted
        self._seen = np.zeros(_SLOTS * BLOCK_BYTES, dtype=np.uint8)
        self._messages = np.zeros((_ROOM, BLOCK_BYTES), dtype=np.uint8)
        self._hashes = np.zeros((_ROOM, 2), dtype=np.uint64)
        self._places = np.zeros(_ROOM, dtype=np.int64)

    def find(self, texts: Texts) -> Counter[str]:
        """Count the wanted tokens in texts, by keyed hash; those that `token_loops` says are tokens."""
        if not self._scan(texts, _SLOTS - 1):
            return Counter()
        # The table has taken repeats of a wanted token for seen ones: forget it, and count without.
        self._seen[:] = 0
        return self._scan(texts, _NO_TABLE)

    def list_messages(self, texts: Texts) -> list[bytes]:
        """List what is hashed of texts, repeats and all: for whoever compares it to another reading."""
        found: list[bytes] = []
        row = at = 0
        while row < len(texts.stops) - 1:
            count, row, at = self._step(texts, row, at, _NO_TABLE)
            for message in self._messages[:count]:
                size = (int(message[-2]) << 8 | int(message[-1])) // 8 - BLOCK_BYTES
                found.append(message[:size].tobytes())
        return found

    def _scan(self, texts: Texts, mask: int) -> Counter[str]:
        found: Counter[str] = Counter()
        row = at = 0
        while row < len(texts.stops) - 1:
            listed, row, at = self._look_up(texts, row, at, mask)
            if listed:
                found += self._wanted.count(self._hashes[self._places[:listed]])
        return found

    def _look_up(self, texts: Texts, row: int, at: int, mask: int) -> tuple[int, int, int]:
        return self._run(
            _look_up, texts, row, at, mask, *addresses(self._hashes, self._places), *self._wanted.sought
        )

    def _step(self, texts: Texts, row: int, at: int, mask: int) -> tuple[int, int, int]:
        return self._run(_scan_tokens, texts, row, at, mask)

    def _run(
        self, kernel: Kernel, texts: Texts, row: int, at: int, mask: int, *more: int
    ) -> tuple[int, int, int]:
        outcome: npt.NDArray[np.int64] = np.zeros(3, dtype=np.int64)
        given = (*addresses(texts.data, texts.stops), len(texts.stops) - 1, row, at)
        kept = (*addresses(self._seen), mask, *addresses(self._messages), _ROOM)
        kernel(*given, *kept, *more, *addresses(outcome))
        count, row, at = outcome.tolist()
        return count, row, at
