"""What may leave late: never more in any second than had their slots in it, however late they are.

Slots are given out one after the other, at the rate, to all who share it. Whoever uses its own, each at most
once, and holds each second of leaving against the second of slots that ends with it, exceeds the rate by
nothing, and loses nothing of it either: what a standstill kept waiting leaves as soon as the second has room.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

SECOND: Final = 1.0

LENIENCE_SECONDS: Final = 0.003
"""The second of slots is longer by this, 0.3 % of them: without it lateness would never be made good."""

RENEW_EVERY: Final = 100
"""Of slots older than that second, which others may have used since, so many gaps apart one is still used."""

LEAST_WAIT_SECONDS: Final = 0.001


@dataclass(slots=True)
class Window:
    """The last second of slots and of what left; instants are a monotonic clock's, in seconds.

    What was let go counts until it has left, however long that takes, and for a second from then on. Not for
    several threads at once.
    """

    _slots: list[float] = field(default_factory=list)
    _left: deque[float] = field(default_factory=deque)
    _going: int = 0
    _renew_at: float = float("-inf")

    def expect(self, slots: Iterable[float]) -> None:
        """Count slots that will be used, each once."""
        for slot in slots:
            insort(self._slots, slot)

    def note(self, left_at: float) -> None:
        """Note when something left that was let go."""
        self._going -= 1
        self._left.append(left_at)

    def ask(self, slot: float, now: float, gap: float) -> float:
        """Tell in how many seconds to ask again whether what has a slot may leave; 0 if it is let go now.

        `gap` is how many seconds apart slots are.
        """
        self._forget(now)
        if not self._left and not self._going:
            # Nothing was sent for a second: what nobody used is nobody's credit.
            del self._slots[: bisect_left(self._slots, slot)]
        begun = bisect_right(self._slots, now)
        if len(self._left) + self._going < begun:
            self._going += 1
            return 0.0
        if slot <= now - SECOND - LENIENCE_SECONDS:
            return self._renew(now, gap)
        ends = [self._left[0] + SECOND] if self._left else []
        ends += self._slots[begun : begun + 1]
        return max(min(ends, default=slot) - now, LEAST_WAIT_SECONDS)

    def _forget(self, now: float) -> None:
        while self._left and self._left[0] <= now - SECOND:
            self._left.popleft()
        del self._slots[: bisect_right(self._slots, now - SECOND - LENIENCE_SECONDS)]

    def _renew(self, now: float, gap: float) -> float:
        if now < self._renew_at:
            return self._renew_at - now
        self._renew_at = now + RENEW_EVERY * gap
        # One slot more, which is forgotten when what leaves now is.
        insort(self._slots, now - LENIENCE_SECONDS)
        self._going += 1
        return 0.0
