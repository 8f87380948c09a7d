"""What will be written where: objects, their hours, and which message each position repeats."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from etl.sample.chance import Numbers, draw_below, draw_words
from etl.sample.clocks import DAY_MS, to_ms
from etl.sample.feeds import BENCHMARK_FEEDS, MIXED_FEEDS, V1_FEED, V1_TWIN_FEED, Feed
from etl.sample.roles import ORIGINAL_AT, RESEND_AT, SECONDARY_AT, TWIN_AT, TWINNED_AT, WINDOW

_BENCHMARK_OBJECTS = 4
_MIXED_MESSAGES_PER_OBJECT = 80
Flags = NDArray[np.bool_]


class Shape(Enum):
    """MIXED holds everything, for the demo; V2_GZIP_NDJSON is what the benchmarks read."""

    MIXED = "mixed"
    V2_GZIP_NDJSON = "v2-gzip-ndjson"


@dataclass(frozen=True)
class Plan:
    """All that decides the bytes: two equal plans write equal files."""

    shape: Shape
    messages: int
    seed: int
    days: int
    start: date
    objects: int

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """The endpoints, which take turns object by object."""
        return MIXED_FEEDS if self.shape is Shape.MIXED else BENCHMARK_FEEDS

    @property
    def start_ms(self) -> int:
        """The first instant that a message can arrive at."""
        return to_ms(self.start)

    @property
    def span_ms(self) -> int:
        """How long messages arrive."""
        return self.days * DAY_MS

    @property
    def rounds(self) -> int:
        """How many objects each endpoint has written, at most."""
        return -(-self.objects // len(self.feeds))

    @property
    def pool(self) -> int:
        """How many people of each app were there before the first day."""
        return max(100, self.messages // 25)

    @cached_property
    def starts(self) -> Numbers:
        """The number of each object's first message, and of the one after the last."""
        return np.arange(self.objects + 1, dtype=np.int64) * self.messages // self.objects

    def count_messages(self, number: int) -> int:
        """Count the well-formed messages of an object."""
        return int(self.starts[number + 1] - self.starts[number])

    def feed_of(self, number: int) -> Feed:
        """Name the endpoint that wrote an object."""
        return self.feeds[number % len(self.feeds)]

    def round_of(self, number: int) -> int:
        """Say when the endpoint wrote the object, as a number of objects before it."""
        return number // len(self.feeds)

    def ends_ms(self, number: int) -> int:
        """Say when an object was closed."""
        return self.start_ms + self.span_ms * (self.round_of(number) + 1) // self.rounds


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which message stands at some positions of an object: its own, or one that it repeats."""

    objects: Numbers
    positions: Numbers
    is_secondary: Flags
    is_duplicate: Flags


def check_request(messages: int, days: int, objects: int | None) -> None:
    """Refuse what cannot be made."""
    if messages < 1 or days < 1 or (objects is not None and not 1 <= objects <= messages):
        raise ValueError(
            f"A sample of {messages} messages in {objects} objects over {days} days cannot be made: "
            "ask for at least one message, one day, and no more objects than messages."
        )


def choose_objects(shape: Shape, messages: int, days: int) -> int:
    """Choose how many objects there are when nobody says."""
    if shape is Shape.V2_GZIP_NDJSON:
        return min(messages, _BENCHMARK_OBJECTS)
    feeds = len(MIXED_FEEDS)
    rounds = min(days * 24, messages // (feeds * _MIXED_MESSAGES_PER_OBJECT))
    return min(messages, feeds * max(rounds, 1))


def resolve_addresses(plan: Plan, number: int, positions: Numbers) -> Addresses:
    """Find the message at each position: resends, V1 twins and second halves stand for another one."""
    in_window = positions % WINDOW
    objects = np.full(len(positions), number, np.int64)
    is_v1 = plan.feed_of(number).is_v1
    is_resend = in_window == RESEND_AT
    is_twin = (in_window == TWIN_AT) & is_v1
    # V1 has no is_primary_attribution, so it has no pairs that could be told apart.
    is_secondary = (in_window == SECONDARY_AT) & (not is_v1)
    positions = np.where(is_secondary, positions - 1, positions)
    objects = np.where(is_twin, number - V1_FEED + V1_TWIN_FEED, objects)
    positions = np.where(is_twin, positions - TWIN_AT + TWINNED_AT, positions)
    if is_resend.any():
        objects[is_resend], positions[is_resend] = _choose_resent(plan, number, positions[is_resend])
    return Addresses(objects, positions, is_secondary, is_resend | is_twin)


def _choose_resent(plan: Plan, number: int, positions: Numbers) -> tuple[Numbers, Numbers]:
    """Choose an earlier message of this object, or any of the endpoint's object before."""
    words = draw_words(plan.seed, "resend", positions + int(plan.starts[number]))
    before = number - len(plan.feeds)
    if before < 0:
        return np.full(len(positions), number), _to_originals(draw_below(words, positions))
    is_before = draw_below(words, 2) == 1
    limits = np.where(is_before, plan.count_messages(before), positions)
    objects = np.where(is_before, before, number)
    return objects, _to_originals(draw_below(words >> np.uint64(1), limits))


def _to_originals(positions: Numbers) -> Numbers:
    in_window = positions % WINDOW
    originals: Numbers = positions - in_window + ORIGINAL_AT[in_window]
    return originals
