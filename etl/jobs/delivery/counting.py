"""What an engine counts, and the clocks that it goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of an engine: seconds that only grow, the time of day, and sleeping."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Tally:
    """What this process did: requests by what came of them."""

    delivered: int = 0
    refused: int = 0
    retried: int = 0
    unknown: int = 0
    excluded: int = 0

    @property
    def settled(self) -> int:
        """Rows that are done with."""
        return self.delivered + self.refused + self.unknown + self.excluded
