"""Slots are used in their time or a little later; what nobody used is given back."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from etl.ledger.slots import Reservation
from etl.liftoff.pacing import (
    AHEAD_SECONDS,
    BLOCK_SECONDS,
    HAND_BACK_SECONDS,
    LATEST_SECONDS,
    LONGEST_WAIT_SECONDS,
    PASSED_SECONDS,
    Pacer,
)


@dataclass(slots=True)
class Shared:
    """A shared rate in the test's hand: slots one after the other, at a rate, or none for a reason."""

    per_second: float
    now: float = 100.0
    refusal: Reservation | None = None
    asked: int = 0
    handed_back: int = 0
    next_at: float = 100.0
    latency: float = 0.0
    given: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def reserve(self, count: int) -> tuple[float, Reservation]:
        """Give slots; that takes a while before and after the instant that they count from."""
        self.asked += 1
        self.now += self.latency
        at = self.now
        self.now += self.latency
        if self.refusal is not None:
            return at, self.refusal
        start = max(self.next_at, at)
        self.next_at = start + count / self.per_second
        slots = [start + number / self.per_second for number in range(count)]
        self.given += slots
        return at, Reservation(tuple(slot - at for slot in slots))

    def hand_back(self, count: int) -> None:
        """Count what comes back."""
        self.handed_back += count


@pytest.fixture
def shared() -> Shared:
    """Give a rate of a thousand a second."""
    return Shared(1000)


def make_pacer(shared: Shared) -> Pacer:
    """Make a pacer of it."""
    return Pacer(shared.per_second, shared.reserve, shared.hand_back, shared.clock)


def test_slots_are_reserved_for_a_moment_ahead_only(shared: Shared) -> None:
    """Little is lost with a process that dies, and a change of the rate is soon felt."""
    pacer = make_pacer(shared)
    for _ in range(10):
        pacer.take(1, 0.02)
    assert len(shared.given) == round((AHEAD_SECONDS + BLOCK_SECONDS) * shared.per_second)


def test_who_shares_a_rate_reserves_a_part(shared: Shared) -> None:
    """Of three processes each reserves a third of the moment; one that is left alone reserves all of it."""
    team = [make_pacer(shared) for _ in range(3)]

    def send(pacers: list[Pacer], milliseconds: int) -> int:
        given, asked = len(shared.given), shared.asked
        for _ in range(milliseconds):
            for pacer in pacers:
                pacer.take(8, 0.02)
            shared.now += 0.001
        return round((len(shared.given) - given) / (shared.asked - asked))

    send(team, 3000)
    assert send(team, 600) == pytest.approx(BLOCK_SECONDS * shared.per_second / 3, rel=0.1)
    send(team[:1], 3000)
    assert send(team[:1], 600) == pytest.approx(BLOCK_SECONDS * shared.per_second, rel=0.05)


def test_the_part_of_each_of_several_is_even(shared: Shared) -> None:
    """Blocks of one after those of others would be bursts: each process' slots are spread until its next."""
    team = [make_pacer(shared) for _ in range(3)]
    taken: list[float] = []
    for _ in range(4000):
        for pacer in team:
            found = pacer.take(8, 0.02)
            taken += found if pacer is team[0] else []
        shared.now += 0.001
    steps = [after - before for before, after in pairwise(taken[-300:])]
    pause = BLOCK_SECONDS * 2 / 3
    assert max(steps) < pause / 3
    assert min(steps) > 0.8 * 3 * team[0].gap


def test_few_slots_are_shared_one_by_one() -> None:
    """At 50 a second two at once would be another's turn: each is reserved alone, and used when it begins."""
    few = Shared(50)
    team = [make_pacer(few) for _ in range(3)]
    taken: list[float] = []
    asked = given = 0
    for millisecond in range(6000):
        if millisecond == 3000:
            asked, given = few.asked, len(few.given)
        for pacer in team:
            taken += pacer.take(8, 0.02)
        few.now += 0.001
    assert len(few.given) - given == few.asked - asked
    assert taken[-100:] == few.given[len(taken) - 100 : len(taken)]


def test_slots_count_from_when_the_rate_answered(shared: Shared) -> None:
    """However long the transaction took: two reservations would overlap otherwise."""
    shared.latency = 0.005
    pacer = make_pacer(shared)
    taken: list[float] = []
    while len(taken) < 200:
        taken += pacer.take(8, 0.02)
        shared.now += 0.004
    assert set(taken) <= set(shared.given)
    assert taken == sorted(taken)


def test_a_slot_is_not_taken_long_before_its_time(shared: Shared) -> None:
    """Only those that begin within the time asked for."""
    assert make_pacer(shared).take(40, 0.0105) == pytest.approx([100 + number / 1000 for number in range(11)])


def test_a_slot_may_be_used_a_little_later(shared: Shared) -> None:
    """Those who send see to it that no second has more than its slots."""
    pacer = make_pacer(shared)
    pacer.take(1, 0.0)
    shared.now += LATEST_SECONDS / 2
    assert pacer.take(1, 0.0) == [shared.given[1]]


def test_an_old_slot_is_given_up(shared: Shared) -> None:
    """Others went on meanwhile."""
    pacer = make_pacer(shared)
    pacer.take(1, 0.0)
    shared.now += LATEST_SECONDS + 0.01
    assert min(pacer.take(100, 0.0)) >= shared.now - LATEST_SECONDS


def test_slots_pass_while_nobody_is_free(shared: Shared) -> None:
    """They are reserved still: what waits for its turn leaves in their stead."""
    pacer = make_pacer(shared)
    pacer.take(1, 0.0)
    pacer.tell_reserved()
    for _ in range(100):
        shared.now += 0.01
        pacer.pass_by()
    assert len(pacer.tell_reserved()) == pytest.approx(
        (1 + AHEAD_SECONDS) * shared.per_second, abs=BLOCK_SECONDS * shared.per_second
    )
    assert pacer.take(1, 0.0)[0] >= shared.now - PASSED_SECONDS


def test_reserved_slots_are_told_once(shared: Shared) -> None:
    """Each makes room for one request."""
    pacer = make_pacer(shared)
    pacer.take(10, 0.02)
    assert list(pacer.tell_reserved()) == shared.given
    assert pacer.tell_reserved() == ()


def test_slots_that_a_transaction_outlasted_are_changed_for_later_ones(shared: Shared) -> None:
    """Each is given up for one of the rate's."""
    pacer = make_pacer(shared)
    taken = pacer.take(20, 0.05)
    shared.now += LATEST_SECONDS + 0.025
    changed = pacer.replace_old(taken)

    assert len(set(changed)) == 20
    assert changed == sorted(changed)
    assert min(changed) >= shared.now - LATEST_SECONDS
    assert set(changed) <= set(shared.given)
    assert pacer.take(1, 0.05)[0] > max(changed)


def test_slots_in_time_are_kept(shared: Shared) -> None:
    """Nothing is changed, and nothing asked, where the transaction was quick."""
    pacer = make_pacer(shared)
    taken = pacer.take(20, 0.05)
    asked = len(shared.given)
    assert pacer.replace_old(taken) == taken
    assert len(shared.given) == asked


def test_an_old_slot_stays_where_there_is_no_later_one(shared: Shared) -> None:
    """Its intent is recorded: it leaves late rather than never."""
    pacer = make_pacer(shared)
    taken = pacer.take(100, 0.1)
    shared.refusal = Reservation(reason="blocked", wait_seconds=1.0)
    shared.now += 0.5
    assert pacer.replace_old(taken) == taken


def test_slots_that_were_given_up_come_off_the_days_count(shared: Shared) -> None:
    """Once a second, because that is a transaction."""
    pacer = make_pacer(shared)
    taken = 0
    for _ in range(100):
        taken += len(pacer.take(1, 0.0))
        shared.now += 0.1
    lost = len(shared.given) - taken
    assert shared.handed_back == pytest.approx(lost, abs=HAND_BACK_SECONDS * shared.per_second)


def test_all_slots_in_hand_are_given_back_at_the_end(shared: Shared) -> None:
    """What is left belongs to others."""
    pacer = make_pacer(shared)
    pacer.take(10, 0.02)
    pacer.release()
    assert shared.handed_back == len(shared.given) - 10
    pacer.release()
    assert shared.handed_back == len(shared.given) - 10


def test_slots_that_were_put_back_are_taken_again(shared: Shared) -> None:
    """A row that was not admitted costs no slot."""
    pacer = make_pacer(shared)
    taken = pacer.take(5, 0.02)
    pacer.put_back(taken[2:])
    assert pacer.take(3, 0.02) == taken[2:]


def test_nothing_is_asked_while_the_rate_says_wait(shared: Shared) -> None:
    """A block is kept without asking all the time, and is asked about once a second: it may be lifted."""
    shared.refusal = Reservation(reason="blocked", wait_seconds=60)
    pacer = make_pacer(shared)
    for _ in range(10):
        assert pacer.take(1, 0.02) == []
        shared.now += LONGEST_WAIT_SECONDS / 20
    assert (shared.asked, pacer.reason) == (1, "blocked")
    shared.now += LONGEST_WAIT_SECONDS
    pacer.take(1, 0.02)
    assert shared.asked == 2


def test_it_is_asked_at_once_where_the_block_was_lifted_here(shared: Shared) -> None:
    """A probe's success lets this process go on without a wait."""
    shared.refusal = Reservation(reason="blocked", wait_seconds=60)
    pacer = make_pacer(shared)
    pacer.take(1, 0.02)
    shared.refusal = None
    pacer.ask_again()
    assert len(pacer.take(1, 0.02)) == 1


def test_nothing_wanted_asks_for_nothing(shared: Shared) -> None:
    """An idle process takes no slots from others."""
    assert make_pacer(shared).take(0, 0.02) == []
    assert shared.asked == 0


def test_a_slot_of_a_slow_rate_may_be_used_a_little_later() -> None:
    """At one a second, a slot that a busy process sees after half a second is still the only one."""
    shared = Shared(1.0)
    pacer = make_pacer(shared)
    pacer.put_back([shared.now - 0.4])
    assert pacer.take(1, 0.02) == [shared.now - 0.4]


def test_the_probe_is_told_when_it_is_taken(shared: Shared) -> None:
    """Not when it was reserved: until its time comes it may be asked again, and all are told to wait."""
    shared.refusal = Reservation((0.03,), reason="probe")
    pacer = make_pacer(shared)
    assert (pacer.take(2, 0.02), pacer.took_probe) == ([], False)
    shared.refusal = Reservation(reason="blocked", wait_seconds=10)
    shared.now += 0.02
    assert (len(pacer.take(2, 0.02)), pacer.took_probe) == (1, True)
    assert (pacer.take(2, 0.02), pacer.took_probe) == ([], False)


def test_the_probe_is_known_where_its_slot_was_spread(shared: Shared) -> None:
    """Its slot follows those of a block that reached further."""
    pacer = make_pacer(shared)
    pacer.take(1, 0.02)
    pacer.release()
    shared.refusal = Reservation((0.01,), reason="probe")
    assert (len(pacer.take(1, 1.0)), pacer.took_probe) == (1, True)


def test_a_slot_of_a_slow_rate_does_not_pass_at_once() -> None:
    """At one a second it is the only one, though all were busy when it came."""
    shared = Shared(1.0)
    pacer = make_pacer(shared)
    pacer.put_back([shared.now - 0.4])
    pacer.pass_by()
    assert pacer.take(1, 0.02) == [shared.now - 0.4]


def test_the_days_cap_is_spent_with_the_last_slot_in_hand(shared: Shared) -> None:
    """Not while there are slots to use."""
    pacer = make_pacer(shared)
    slots = pacer.take(200, 0.2)
    shared.refusal = Reservation(reason="daily_cap", wait_seconds=3600.0)
    shared.now = slots[-1]
    pacer.put_back(slots[-1:])
    assert pacer.take(0, 0.02) == []
    pacer.pass_by()
    assert (pacer.reason, pacer.is_spent) == ("daily_cap", False)
    assert pacer.take(1, 0.02) == slots[-1:]
    assert pacer.is_spent


def test_what_the_days_cap_still_allows_is_asked_for_again(shared: Shared) -> None:
    """Slots that passed after all were given out go back, and are had again at once."""
    pacer = make_pacer(shared)
    slots = pacer.take(200, 0.2)
    shared.refusal = Reservation(reason="daily_cap", wait_seconds=3600.0)
    shared.now = slots[-1]
    pacer.put_back(slots[-1:])
    pacer.pass_by()
    shared.refusal = None
    shared.now += 0.5
    assert len(pacer.take(1, 0.02)) == 1
    assert (shared.handed_back, pacer.reason, pacer.is_spent) == (1, None, False)
