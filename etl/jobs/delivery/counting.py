"""What an engine counts, and the clocks that it goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from etl.jobs.delivery.ticking import tell_seconds
from etl.ledger.database import Ledger, begin_read


def tell_now() -> datetime:
    """Tell the time of day by this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of an engine: seconds that only grow, the time of day, and sleeping."""

    monotonic: Callable[[], float] = tell_seconds
    now: Callable[[], datetime] = tell_now
    sleep: Callable[[float], None] = time.sleep


def anchor_clocks(clocks: Clocks, ledger: Ledger) -> Clocks:
    """Take the time of day from the ledger once, and count on from there.

    A clock that is set while a plan is sent then neither makes its events too old nor has them happen in the
    future.
    """
    if clocks.now is not tell_now:
        return clocks
    with begin_read(ledger) as connection:
        anchor = ledger.clock(connection)
        began = clocks.monotonic()
    return replace(clocks, now=lambda: anchor + timedelta(seconds=clocks.monotonic() - began))


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

    def count(self, outcome: str) -> None:
        """Count a request by its outcome."""
        name = "retried" if outcome == "retry" else outcome
        setattr(self, name, getattr(self, name) + 1)
