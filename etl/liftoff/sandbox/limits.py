"""The sandbox's own rate limit."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class RateLimit:
    """Admits as many requests as allowed in any second; what is refused does not count."""

    def __init__(self, per_second: int | None, clock: Callable[[], float]) -> None:
        """Limit to so many a second of the clock; None admits everything."""
        self._clock = clock
        self._admitted: deque[float] = deque(maxlen=per_second or 0)

    def admit(self) -> bool:
        """Admit one more request, or refuse it."""
        admitted = self._admitted
        if not admitted.maxlen:
            return True
        now = self._clock()
        if len(admitted) == admitted.maxlen and now - admitted[0] < 1:
            return False
        admitted.append(now)
        return True
