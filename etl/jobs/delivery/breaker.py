"""The circuit breaker: after many failures in a row nobody asks for a while, then one request probes.

The breaker is the shared rate's: when one process trips it, all wait, and of all one is given a slot to probe
(`etl.ledger.slots`). What is counted here is only this process' failures in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_FAILURES: Final = 10


@dataclass(slots=True)
class Breaker:
    """The failures in a row of one process.

    `trip` tells the shared rate that there were too many, `recover` that the partner is back. `is_probing`
    says that the request under way is the probe.
    """

    trip: Callable[[], None]
    recover: Callable[[], None]
    failures: int = 0
    is_probing: bool = False

    def note_failure(self) -> None:
        """Count a failure; trip when there were too many in a row, or when it was the probe's."""
        self.failures += 1
        if self.is_probing or self.failures >= MOST_FAILURES:
            self.failures, self.is_probing = 0, False
            self.trip()

    def note_success(self) -> None:
        """Begin to count anew; a probe's success lets everybody go on."""
        was_probing, self.failures, self.is_probing = self.is_probing, 0, False
        if was_probing:
            self.recover()
