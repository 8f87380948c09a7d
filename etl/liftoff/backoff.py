"""How long to wait before a postback is tried again, and when to give up (pure)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """Capped exponential backoff with full jitter, and the end of it: both so many attempts and so long."""

    base_seconds: float
    cap_seconds: float
    least_attempts: int
    give_up_after: timedelta

    def draw_wait(self, attempts: int, chance: random.Random, least: float | None = None) -> float:
        """Draw the wait after so many attempts; never less than the partner asks for."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(attempts - 1, 60))
        return max(least or 0.0, chance.uniform(0.0, ceiling))

    def is_over(self, attempts: int, first_attempt_at: datetime | None, now: datetime) -> bool:
        """Whether it has been tried often enough and for long enough."""
        if first_attempt_at is None or attempts < self.least_attempts:
            return False
        return now - first_attempt_at >= self.give_up_after
