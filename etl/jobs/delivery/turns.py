"""When errands leave: each when its slot begins, and one that is late as soon as there is room for it."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, TypeVar

from etl.jobs.delivery.crew import Due, Paces
from etl.jobs.delivery.window import Window

Item = TypeVar("Item", bound=Due)

CLOSEST: Final = 0.8
"""Late requests leave no closer than this share of the gap between slots, at 1.25 times the rate."""

GRAIN_SECONDS: Final = 0.002
"""What a clock of this coarseness makes late is not late."""


class Turns(Generic[Item]):
    """Errands that wait for their turn, in the order of their slots; instants are a monotonic clock's."""

    def __init__(self) -> None:
        """Begin with none."""
        self._hand: list[tuple[float, int, Item]] = []
        self._order = count()
        self._window = Window()
        self._gap = 0.0
        self._last = float("-inf")

    def __len__(self) -> int:
        """How many wait."""
        return len(self._hand)

    def add(self, items: Iterable[Item], paces: Paces) -> None:
        """Take errands in."""
        self._gap = paces.gap
        self._window.expect(paces.slots)
        for item in items:
            heappush(self._hand, (item.due_at, next(self._order), item))

    def note(self, left_at: float) -> None:
        """Note when something left whose turn it was."""
        self._window.note(left_at)

    def find(self, now: float) -> tuple[list[Item], float]:
        """Find those whose turn it is, and tell in how many seconds to ask again.

        What has expired has its turn at once, for it leaves no more.
        """
        found: list[Item] = []
        while self._hand:
            due_at, _, item = self._hand[0]
            if now <= item.expires_at:
                at = max(due_at, self._last + CLOSEST * self._gap)
                wait = at - now if at > now else self._window.ask(due_at, now, self._gap)
                if wait > 0:
                    return found, wait
                self._last = max(at, now - GRAIN_SECONDS)
            heappop(self._hand)
            found.append(item)
        return found, float("inf")
