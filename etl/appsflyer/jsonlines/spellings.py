"""The spellings of keys: which column each belongs to, and which one is likely to come next."""

from __future__ import annotations

import numpy as np

from etl.appsflyer.compiled.memory import WIDTH, addresses
from etl.appsflyer.jsonlines.layout import (
    BUCKETS,
    FREE,
    MAX_SPELLING_BYTES,
    MAX_SPELLINGS,
    UNKNOWN,
    SpellingTable,
)


class Spellings:
    """Keys as they are written, quotes and escapes included, numbered as they came.

    `stops` holds where each ends in `text`, `columns` the column of each or `UNKNOWN`, `buckets` the numbers
    by hash and `places` the bucket of each. `followers` holds the key that stood behind each the last time,
    and at the end the key that stood first.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._text = np.zeros(MAX_SPELLING_BYTES + WIDTH, dtype=np.uint8)
        self._stops = np.zeros(MAX_SPELLINGS + 1, dtype=np.int32)
        self.columns = np.full(MAX_SPELLINGS, UNKNOWN, dtype=np.int32)
        self._followers = np.zeros(MAX_SPELLINGS + 1, dtype=np.int32)
        self._buckets = np.full(BUCKETS, FREE, dtype=np.int32)
        self._places = np.zeros(MAX_SPELLINGS, dtype=np.int32)
        self._count = np.zeros(1, dtype=np.int32)
        arrays = (
            self._text,
            self._stops,
            self.columns,
            self._followers,
            self._buckets,
            self._places,
            self._count,
        )
        self.table = SpellingTable(*addresses(*arrays))

    def __len__(self) -> int:
        """Count them."""
        return int(self._count[0])

    def __getitem__(self, number: int) -> bytes:
        """Give one as it is written."""
        return self._text[self._stops[number] : self._stops[number + 1]].tobytes()
