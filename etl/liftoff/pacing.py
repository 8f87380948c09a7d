"""Slots in hand: when this process may make its next attempts.

Slots are reserved from the shared rate a little ahead, used when their time comes, and given up when they are
late. What was given up is caught up slowly, one slot between `CATCH_UP_EVERY` others, never in a burst; what
cannot be caught up in some seconds is lost.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

AHEAD_SECONDS: Final = 0.05
"""Slots of so long are reserved at once, or the part of them that falls to one of several processes."""

MOST_SHARERS: Final = 16.0

LATE_SECONDS: Final = 0.01
"""A slot may be used so late, or one slot's length late where rates are low."""

LATEST_SECONDS: Final = 0.5

SHARE: Final = 0.997
"""So much of the rate is asked for: what leaves late, and what is caught up, stays nearer to it."""

CATCH_UP_EVERY: Final = 200
"""After so many slots one that was given up is used: 0.5 % more, beside the 1 % that lateness allows."""

CATCH_UP_SECONDS: Final = 2.0
"""Slots of so long can be caught up; more are handed back."""

CLOSEST: Final = 0.982
"""Requests leave no closer than this share of the gap between slots, which is 1.5 % above the rate."""

LONGEST_WAIT_SECONDS: Final = 1.0
"""Without slots the rate is asked again after this: others may have lifted what is in the way."""

HAND_BACK_SECONDS: Final = 1.0


class Slots(Protocol):
    """What the shared rate answers: offsets in seconds from then, or why there are none."""

    @property
    def slots(self) -> tuple[float, ...]:
        """Offsets, ascending."""

    @property
    def reason(self) -> str | None:
        """Why there are none."""

    @property
    def wait_seconds(self) -> float:
        """How long to wait before asking again."""


@dataclass(slots=True)
class Pacer:
    """The slots of one process.

    `reserve(count)` asks the shared rate, and tells at which instant of `clock` it answered;
    `hand_back(count)` tells it of slots that were not used. `clock` is monotonic, in seconds.
    """

    per_second: float
    reserve: Callable[[int], tuple[float, Slots]]
    hand_back: Callable[[int], None]
    clock: Callable[[], float] = time.monotonic
    reason: str | None = None
    took_probe: bool = False
    _probe: float | None = None
    _slots: deque[float] = field(default_factory=deque)
    _ask_at: float = 0.0
    _late: int = 0
    _handed_back_at: float = 0.0
    _since_caught_up: int = 0
    _sharers: float = 1.0
    _block: tuple[float, int] | None = None

    @property
    def _tolerance(self) -> float:
        return min(max(LATE_SECONDS, 1.0 / self.per_second), LATEST_SECONDS)

    @property
    def least_gap(self) -> float:
        """How many seconds apart requests leave at least."""
        return CLOSEST / self.per_second

    def take(self, most: int, within: float) -> list[float]:
        """Take up to `most` slots that begin within so many seconds, as instants of the clock.

        `took_probe` then says whether one of them is to see whether the partner is back.
        """
        self.took_probe = False
        if most <= 0:
            return []
        self._give_up_late()
        if len(self._slots) < most:
            self._refill()
        until = self.clock() + within
        taken: list[float] = []
        while self._slots and len(taken) < most and self._slots[0] <= until:
            taken.append(self._slots.popleft())
            self._since_caught_up += 1
            if self._late and self._since_caught_up >= CATCH_UP_EVERY and len(taken) < most:
                self._late -= 1
                self._since_caught_up = 0
                taken.append(taken[-1] + 0.5 / self.per_second)
        self.took_probe = self._probe in taken
        return taken

    def put_back(self, slots: list[float]) -> None:
        """Keep slots that were taken and not used, for whoever comes in time."""
        self._slots.extendleft(reversed(slots))

    def replace_late(self, slots: list[float]) -> list[float]:
        """Give as many slots, later ones in place of those that are late by now, as far as there are any.

        What the ledger kept waiting then does not leave in a burst, beside the slots of other processes.
        """
        oldest = self.clock() - self._tolerance
        late = sum(slot < oldest for slot in slots)
        later = self.take(late, LATEST_SECONDS)
        self._late += len(later)
        return sorted([*sorted(slots)[len(later) :], *later])

    def next_at(self) -> float:
        """Tell when there is something to do: the next slot's time, or that of asking again."""
        return self._slots[0] if self._slots else self._ask_at

    def ask_again(self) -> None:
        """Ask the shared rate at once, however long it said to wait."""
        self._ask_at = 0.0

    def release(self) -> None:
        """Give all slots in hand back."""
        unused = len(self._slots) + self._late
        self._slots.clear()
        self._late = 0
        if unused:
            self.hand_back(unused)

    def _refill(self) -> None:
        now = self.clock()
        if now < self._ask_at or (self._slots and self._slots[-1] > now + AHEAD_SECONDS):
            return
        at, answer = self.reserve(max(1, math.ceil(self.per_second * AHEAD_SECONDS / self._sharers)))
        if answer.reason == "daily_cap" and self._late:
            # Some of the day's attempts were never made.
            self._hand_back_beyond(0)
            return
        self.reason = answer.reason
        if answer.reason is not None:
            self._hand_back_beyond(0)
        if answer.reason == "probe":
            self._probe = at + answer.slots[0]
        self._ask_at = 0.0 if answer.slots else at + min(answer.wait_seconds, LONGEST_WAIT_SECONDS)
        if answer.slots:
            self._count_sharers(at + answer.slots[0], len(answer.slots))
        self._slots.extend(at + slot for slot in answer.slots)

    def _count_sharers(self, begins: float, count: int) -> None:
        """See from the slots between this block and the one before how many processes share the rate.

        With blocks of all of `AHEAD_SECONDS` each would have to send at the whole rate, and then to wait for
        the others.
        """
        if self._block is not None:
            before, had = self._block
            self._sharers = min(max((begins - before) * self.per_second / had, 1.0), MOST_SHARERS)
        self._block = begins, count

    def _give_up_late(self) -> None:
        now = self.clock()
        while self._slots and self._slots[0] < now - self._tolerance:
            self._slots.popleft()
            self._late += 1
        if now >= self._handed_back_at + HAND_BACK_SECONDS:
            self._handed_back_at = now
            self._hand_back_beyond(math.ceil(self.per_second * CATCH_UP_SECONDS))

    def _hand_back_beyond(self, most: int) -> None:
        """Hand back what was given up and is too much to be caught up."""
        lost = self._late - most
        if lost > 0:
            self._late = most
            self.hand_back(lost)
