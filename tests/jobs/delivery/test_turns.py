"""What is late leaves as soon as there is room for it, and never more than had their slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from etl.jobs.delivery.crew import Paces
from etl.jobs.delivery.turns import CLOSEST, GRAIN_SECONDS, Turns
from etl.jobs.delivery.window import LENIENCE_SECONDS, RENEW_EVERY, SECOND

GAP: Final = 0.01
TICK: Final = 0.001
FOREVER: Final = 1e9


@dataclass(frozen=True, slots=True)
class Item:
    """An errand."""

    due_at: float
    expires_at: float = FOREVER
    url: str = "url"


def take_over(turns: Turns[Item], slots: list[float], count: int) -> None:
    """Take slots over, and errands for the first of them."""
    turns.add([Item(slot) for slot in slots[:count]], Paces(GAP, tuple(slots)))


def let_go(turns: Turns[Item], begin: float, end: float, stalls: list[tuple[float, float]]) -> list[float]:
    """Let go what may, each millisecond but for those of stalls; gives when something left."""
    left: list[float] = []
    now = begin
    while now < end:
        now = max([now, *(until for since, until in stalls if since <= now < until)])
        for _ in turns.find(now)[0]:
            turns.note(now)
            left.append(now)
        now += TICK
    return left


def count_most(instants: list[float], seconds: float) -> int:
    """Count the most instants in any so many seconds that end with one of them."""
    return max(sum(at - seconds < each <= at for each in instants) for at in instants)


def make_slots(count: int) -> list[float]:
    """Make slots from 100 on, a gap apart."""
    return [100.0 + GAP * number for number in range(count)]


def test_an_errand_in_time_leaves_with_its_slot() -> None:
    """Not before."""
    turns: Turns[Item] = Turns()
    take_over(turns, [100.0], 1)
    assert turns.find(99.5) == ([], 0.5)
    assert turns.find(100.0)[0] == [Item(100.0)]


def test_what_a_standstill_made_late_leaves_one_after_the_other() -> None:
    """Somewhat faster than slots are, not at once."""
    turns: Turns[Item] = Turns()
    take_over(turns, make_slots(400), 200)
    left = let_go(turns, 100.0, 103.0, [(100.2, 100.6)])
    late = [at for at in left if 100.6 <= at < 100.7]
    assert len(left) == 200
    assert len(late) <= (0.1 + GRAIN_SECONDS) / (CLOSEST * GAP) + 1


def test_a_slot_that_no_errand_has_makes_room_for_what_is_late() -> None:
    """It was ours, so a second with a late one in its stead has no more than its slots."""
    turns: Turns[Item] = Turns()
    slots = make_slots(100)
    turns.add([Item(slots[0])], Paces(GAP, tuple(slots)))
    assert turns.find(100.0)[0] == [Item(100.0)]
    turns.note(100.0)
    turns.add([Item(slots[1])], Paces(GAP))
    assert turns.find(100.5)[0] == [Item(slots[1])]


def test_nobody_has_credit_of_an_idle_time() -> None:
    """After a second without requests only slots from the first errand's on count."""
    turns: Turns[Item] = Turns()
    slots = make_slots(100)
    turns.add([Item(slots[99])] * 2, Paces(GAP, tuple(slots)))
    assert len(turns.find(slots[99] + 0.5)[0]) == 1


def test_what_was_let_go_counts_until_it_has_left() -> None:
    """However long the machine keeps it waiting."""
    turns: Turns[Item] = Turns()
    turns.add([Item(100.0), Item(101.2)], Paces(GAP, (100.0, 101.2)))
    assert turns.find(100.0)[0] == [Item(100.0)]
    turns.note(100.9)
    assert turns.find(101.3)[0] == []
    assert turns.find(101.9)[0] == [Item(101.2)]


def test_errands_whose_slots_are_long_past_leave_seldom() -> None:
    """Others went on meanwhile: of a machine that slept each hundredth slot is still used."""
    turns: Turns[Item] = Turns()
    take_over(turns, make_slots(5), 5)
    left = let_go(turns, 200.0, 200.0 + 3.5 * RENEW_EVERY * GAP, [])
    assert len(left) == 4


def test_what_has_expired_has_its_turn_at_once() -> None:
    """And takes nobody's room: it leaves no more, and is to be told of."""
    turns: Turns[Item] = Turns()
    turns.add([Item(100.0, 101.0), Item(102.0)], Paces(GAP, (102.0,)))
    assert turns.find(102.0)[0] == [Item(100.0, 101.0), Item(102.0)]


@given(
    st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.001, 0.4)), max_size=6),
    st.integers(1, 4),
)
def test_no_second_has_more_than_its_slots_and_none_is_lost(
    stalls: list[tuple[float, float]], share: int
) -> None:
    """However the machine stands still, and whatever part of the rate's slots is ours."""
    turns: Turns[Item] = Turns()
    slots, count = make_slots(1000)[::share], 400 // share
    take_over(turns, slots, count)
    left = let_go(turns, 100.0, 110.0, [(100.0 + since, 100.0 + since + length) for since, length in stalls])

    assert len(left) == count
    assert count_most(left, SECOND) <= count_most(slots, SECOND + LENIENCE_SECONDS) + 1
