"""Slots in hand: when this process may make its next attempts.

Slots are reserved from the shared rate a little ahead and used when their time comes, or somewhat later:
those who send hold every second of leaving against the slots of that second. Slots that nobody needed in time
are handed back.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

AHEAD_SECONDS: Final = 0.2
"""Slots are reserved so long ahead: nobody's are those that pass while a busy process does not ask."""

BLOCK_SECONDS: Final = 0.1
"""Slots of so long are reserved at once, or the part of them that falls to one of several processes."""

MOST_SHARERS: Final = 16.0
FORGETTING: Final = 0.25
"""How much each block changes what is believed of the number of processes."""

SPREAD: Final = 0.9
"""Slots of a block are so much of our own gap apart, a little less than all of it: blocks come unevenly."""

LATEST_SECONDS: Final = 0.1
"""A slot may be used so late, or one slot's length late where rates are low."""

PASSED_SECONDS: Final = 0.02
"""The same while all who send are busy, or a run begins."""

COARSE_SECONDS: Final = 0.01
"""Slots so far apart are few enough to be reserved one by one where several share them."""

FEWEST_SHARERS: Final = 1.5
"""As many as seem to share a rate, and more, are several."""

SHARE: Final = 0.998
"""So much of the rate is asked for: what leaves late stays nearer to it."""

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
    _given_up: int = 0
    _reserved: list[float] = field(default_factory=list)
    _handed_back_at: float = 0.0
    _sharers: float = 1.0
    _last: float = float("-inf")
    _block: tuple[float, int] | None = None

    @property
    def gap(self) -> float:
        """How many seconds apart the slots are of all who share the rate."""
        return 1.0 / self.per_second

    @property
    def sharers(self) -> float:
        """How many processes share the rate, as far as it shows."""
        return self._sharers

    @property
    def is_spent(self) -> bool:
        """Whether the day's cap is reached and each of its slots was used, as far as this process knows."""
        return self.reason == "daily_cap" and not self._slots and not self._given_up

    def take(self, most: int, within: float) -> list[float]:
        """Take up to `most` slots that begin within so many seconds, as instants of the clock.

        `took_probe` then says whether one of them is to see whether the partner is back.
        """
        self.took_probe = False
        if most <= 0:
            return []
        self._give_up(self._oldest())
        self._refill()
        until = self.clock() + within
        taken: list[float] = []
        while self._slots and len(taken) < most and self._slots[0] <= until:
            taken.append(self._slots.popleft())
        self.took_probe = self._probe in taken
        return taken

    def pass_by(self) -> None:
        """Let slots pass that nobody is free for, so that what waits meanwhile may leave in their stead."""
        self._give_up(self.clock() - max(PASSED_SECONDS, self.gap))
        self._refill()

    def put_back(self, slots: list[float]) -> None:
        """Keep slots that were taken and not used, for whoever comes in time."""
        self._slots.extendleft(reversed(slots))

    def replace_old(self, slots: list[float]) -> list[float]:
        """Give as many slots, later ones in place of those that are too old by now, as far as there are any.

        Whoever waited so long for the ledger may not have them any more: others went on meanwhile.
        """
        oldest = self._oldest()
        slots = sorted(slots)
        later = self.take(sum(slot < oldest for slot in slots), LATEST_SECONDS)
        self._given_up += len(later)
        return sorted([*slots[len(later) :], *later])

    def tell_reserved(self) -> tuple[float, ...]:
        """Tell the slots that were reserved since the last time, those among them that nobody will use."""
        reserved = tuple(self._reserved)
        self._reserved.clear()
        return reserved

    def next_at(self) -> float:
        """Tell when there is something to do: the next slot's time, or that of asking again."""
        return self._slots[0] if self._slots else self._ask_at

    def ask_again(self) -> None:
        """Ask the shared rate at once, however long it said to wait."""
        self._ask_at = 0.0

    def release(self) -> None:
        """Give all slots in hand back."""
        unused = len(self._slots) + self._given_up
        self._slots.clear()
        self._given_up = 0
        if unused:
            self.hand_back(unused)

    def _refill(self) -> None:
        now = self.clock()
        if now < self._ask_at or (self._slots and self._slots[-1] > now + AHEAD_SECONDS):
            return
        at, answer = self.reserve(self._choose_size())
        if answer.reason == "daily_cap" and self._given_up:
            # Some of the day's attempts were never made.
            self._hand_given_up_back()
            return
        self.reason = answer.reason
        self._ask_at = 0.0 if answer.slots else at + min(answer.wait_seconds, LONGEST_WAIT_SECONDS)
        if answer.slots:
            self._count_sharers(at + answer.slots[0], len(answer.slots))
        slots = self._spread([at + slot for slot in answer.slots])
        if answer.reason == "probe":
            self._probe = slots[0]
        self._slots.extend(slots)
        self._reserved += slots

    def _choose_size(self) -> int:
        """Choose how many slots to reserve at once.

        A few slots a second are even in all only where each is whoever's who asks next: two at once of each
        of three, and the same second may have three more than the next.
        """
        if self.gap >= COARSE_SECONDS and self._sharers >= FEWEST_SHARERS:
            return 1
        return max(1, math.ceil(self.per_second * BLOCK_SECONDS / self._sharers))

    def _spread(self, block: list[float]) -> list[float]:
        """Spread a block over the time until the next of ours, so that our part of the rate is even."""
        if self.gap >= COARSE_SECONDS:
            return block
        slots: list[float] = []
        step = SPREAD * self._sharers * self.gap
        for slot in block:
            self._last = min(max(slot, self._last + step), slot + BLOCK_SECONDS)
            slots.append(self._last)
        return slots

    def _count_sharers(self, begins: float, count: int) -> None:
        """See from the slots between this block and the one before how many processes share the rate.

        With blocks of all of `BLOCK_SECONDS` each would have to send at the whole rate, and then to wait for
        the others.
        """
        if self._block is not None:
            before, had = self._block
            found = min(max((begins - before) * self.per_second / had, 1.0), MOST_SHARERS)
            self._sharers += FORGETTING * (found - self._sharers)
        self._block = begins, count

    def _oldest(self) -> float:
        return self.clock() - max(LATEST_SECONDS, self.gap)

    def _give_up(self, oldest: float) -> None:
        while self._slots and self._slots[0] < oldest:
            self._slots.popleft()
            self._given_up += 1
        # Where a day's attempts are all given out, each that was never made is missed.
        if self.reason == "daily_cap" or self.clock() >= self._handed_back_at + HAND_BACK_SECONDS:
            self._hand_given_up_back()

    def _hand_given_up_back(self) -> None:
        self._handed_back_at = self.clock()
        if self._given_up:
            self.hand_back(self._given_up)
            self._given_up = 0
            if self.reason == "daily_cap":
                self.reason = None
                self.ask_again()
