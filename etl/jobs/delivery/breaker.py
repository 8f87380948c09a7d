"""The circuit breaker: after many failures in a row nobody asks for a while, then one request probes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_FAILURES: Final = 10
FIRST_BREAK_SECONDS: Final = 5.0
LONGEST_BREAK_SECONDS: Final = 300.0


@dataclass(slots=True)
class Breaker:
    """The breaker of one process, whose breaks everybody keeps.

    `block(seconds, reason)` tells the shared rate; `clock` is monotonic, in seconds.
    """

    block: Callable[[float, str], None]
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    break_seconds: float = FIRST_BREAK_SECONDS
    is_open: bool = False
    _until: float = 0.0

    def limit(self, free: int, in_flight: int) -> int:
        """Tell how many may be sent now: all that are free; after a break only one, as a probe."""
        if not self.is_open:
            return free if self.clock() >= self._until else 0
        if self.clock() < self._until or in_flight:
            return 0
        return min(free, 1)

    def note_failure(self) -> None:
        """Count a failure; break when there were too many in a row, or when it was the probe's."""
        if self.clock() < self._until:
            return
        self.failures += 1
        if self.is_open or self.failures >= MOST_FAILURES:
            self.is_open = True
            self._until = self.clock() + self.break_seconds
            self.block(self.break_seconds, "circuit_breaker")
            self.break_seconds = min(2 * self.break_seconds, LONGEST_BREAK_SECONDS)

    def note_success(self) -> None:
        """Close the circuit."""
        self.failures = 0
        self.is_open = False
        self.break_seconds = FIRST_BREAK_SECONDS

    def obey(self, wait_seconds: float | None) -> None:
        """Keep, and have everybody keep, the wait that the partner asks for, if any."""
        if wait_seconds:
            self._until = max(self._until, self.clock() + wait_seconds)
            self.block(wait_seconds, "retry_after")
