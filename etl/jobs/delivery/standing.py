"""Whether a sender may go on: its lease, its plan, the stop, and what else is looked at now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from etl.errors import LedgerUnavailable
from etl.jobs.delivery.canary import CanaryWatch
from etl.jobs.delivery.counting import Clocks
from etl.jobs.delivery.crew import Crew
from etl.ledger.database import Ledger
from etl.ledger.senders import Sender, check_sender, expire_senders, renew_sender

LOOK_SECONDS: Final = 1.0
"""So often it is looked whether to go on, whether other senders died and whether the canary is answered."""

Result = TypeVar("Result")


@dataclass(slots=True)
class Standing:
    """A sender's standing.

    `lease_until` is the end of its lease as far as this process knows, by the monotonic clock: never later
    than the ledger has it. `should_stop` asks whether somebody wants the process to end; `guard` raises when
    something else forbids to go on.
    """

    ledger: Ledger
    sender: Sender
    lease_seconds: float
    lease_until: float
    canary: CanaryWatch
    crew: Crew
    clocks: Clocks
    should_stop: Callable[[], bool]
    guard: Callable[[], None]
    _renew_at: float = 0.0
    _look_at: float = 0.0

    def look(self) -> str | None:
        """Tell why to stop, or None; most of it is looked at once a second only."""
        if self.should_stop():
            return "interrupted"
        if not self.keep():
            return "lease_lost"
        now = self.clocks.monotonic()
        if now < self._look_at:
            return None
        self._look_at = now + LOOK_SECONDS
        self.guard()
        ask_patiently(lambda: expire_senders(self.ledger))
        ask_patiently(self.canary.look)
        return ask_patiently(lambda: check_sender(self.ledger, self.sender))

    def keep(self) -> bool:
        """Renew the lease in time, and break off what no answer comes to; False where the lease is lost."""
        self.crew.cut_overdue()
        now = self.clocks.monotonic()
        if now < self._renew_at:
            return True
        self._renew_at = now + self.lease_seconds / 4
        is_ours = ask_patiently(lambda: renew_sender(self.ledger, self.sender, self.lease_seconds))
        if is_ours:
            self.lease_until = now + self.lease_seconds
        return is_ours is not False


def ask_patiently(ask: Callable[[], Result]) -> Result | None:
    """Ask the ledger, unless it is locked or gone: then the next exchange waits for it."""
    try:
        return ask()
    except LedgerUnavailable:
        return None
