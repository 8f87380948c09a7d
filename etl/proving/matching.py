"""Taking every id-shaped token from texts, and looking it up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from etl.appsflyer import id_loops
from etl.appsflyer.compiled.machine_code import register
from etl.appsflyer.compiled.memory import addresses
from etl.appsflyer.id_scan import Texts
from etl.proving.wanted import BLOCK_BYTES, Wanted

_SOURCE = Path(__file__).with_name("token_loops.py")
_MADE_OF = (_SOURCE, _SOURCE.with_name("class_loops.py"), Path(id_loops.__file__))
_scan_tokens = register("scan_tokens", "etl.proving.token_loops", *_MADE_OF)

_ROOM = 8192  # messages between two look-ups
_SLOTS = 1 << 12  # so that they stay in the processor's cache
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
            count, row, at = self._step(texts, row, at, mask)
            if count:
                found += self._wanted.find_messages(self._messages, count)
        return found

    def _step(self, texts: Texts, row: int, at: int, mask: int) -> tuple[int, int, int]:
        outcome: npt.NDArray[np.int64] = np.zeros(3, dtype=np.int64)
        _scan_tokens(
            *addresses(texts.data, texts.stops),
            len(texts.stops) - 1,
            row,
            at,
            *addresses(self._seen),
            mask,
            *addresses(self._messages),
            _ROOM,
            *addresses(outcome),
        )
        count, row, at = outcome.tolist()
        return count, row, at
