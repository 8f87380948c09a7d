"""The threads that send: when they send, when they do not, and when they are broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest

from etl.jobs.delivery.crew import STALE, Done, Errand, Paces
from etl.jobs.delivery.threads import ThreadCrew
from etl.ledger.claims import Claimed
from etl.liftoff.answers import Answer

PACES = Paces(0.0, (0.0, 3.0, 61.0))
ROW = Claimed(0, "occurrence", "event", date(2026, 9, 1), "purchase", "{}", "", 0, None)


@dataclass(slots=True)
class Network:
    """A transport that answers at once, unless a test has something else happen."""

    happen: Callable[[], None] = lambda: None
    sent: list[str] = field(default_factory=list)
    cut_off: threading.Event = field(default_factory=threading.Event)

    def send(self, url: str) -> Answer:
        """Note and answer."""
        self.sent.append(url)
        self.happen()
        return Answer("answered", 200)

    def cut(self) -> None:
        """Note that it was cut off."""
        self.cut_off.set()

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Time:
    """A clock in the test's hand, on which sleeping takes no time."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def tell(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.slept.append(seconds)
        self.now += seconds


def run(network: Network, time: Time, due_at: float, expires_at: float) -> Done:
    """Run one errand."""
    with ThreadCrew(1, lambda: network, 10.0, time.tell, time.sleep) as crew:
        crew.send([Errand(ROW, 1, "url", due_at, expires_at)], PACES)
        (done,) = crew.collect(5.0)
    return done


def test_an_errand_leaves_when_its_slot_begins() -> None:
    """Not before."""
    network, time = Network(), Time()
    assert run(network, time, due_at=3.0, expires_at=60.0).answer.status == 200
    assert sum(time.slept) == pytest.approx(3.0, abs=0.002)


def test_an_errand_whose_intent_is_too_old_is_not_sent() -> None:
    """A thread that slept past half of its lease sends nothing: others may have taken it for lost."""
    network, time = Network(), Time(now=61.0)
    answer = run(network, time, due_at=3.0, expires_at=60.0).answer
    assert (answer.reach, answer.detail, network.sent) == ("unsent", STALE, [])


def test_waking_late_is_seen_after_waking() -> None:
    """A machine that was suspended while a thread waited for its slot."""
    network, time = Network(), Time()
    assert run(network, time, due_at=61.0, expires_at=60.0).answer.detail == STALE
    assert network.sent == []


def test_whatever_a_transport_raises_leaves_the_request_in_doubt() -> None:
    """And its text, which may hold the URL, goes nowhere."""

    def fail() -> None:
        raise RuntimeError("https://liftoff.example/?device_id=secret")

    answer = run(Network(fail), Time(), 0.0, 60.0).answer
    assert (answer.reach, answer.detail) == ("unanswered", "failed")


def test_a_request_that_takes_too_long_is_cut_off() -> None:
    """Only after the time that it may take as a whole."""
    time = Time()
    network = Network()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        assert network.cut_off.wait(5.0)

    network.happen = wait
    with ThreadCrew(1, lambda: network, 10.0, time.tell, time.sleep) as crew:
        crew.send([Errand(ROW, 1, "url", 0.0, 60.0)], PACES)
        assert begun.wait(5.0)
        time.now = 9.9
        crew.cut_overdue()
        assert not network.cut_off.is_set()
        time.now = 10.1
        crew.cut_overdue()
        assert len(crew.collect(5.0)) == 1


def test_what_is_done_is_not_cut_off() -> None:
    """The connection may be busy with the next request."""
    network, time = Network(), Time()
    with ThreadCrew(1, lambda: network, 10.0, time.tell, time.sleep) as crew:
        crew.send([Errand(ROW, 1, "url", 0.0, 60.0)], PACES)
        crew.collect(5.0)
        time.now = 100.0
        crew.cut_overdue()
    assert not network.cut_off.is_set()


def test_errands_leave_in_the_order_of_their_slots() -> None:
    """Whatever the order in which they are handed over."""
    network, time = Network(), Time(now=10.0)
    slots = (10.3, 10.1, 10.2)
    with ThreadCrew(1, lambda: network, 10.0, time.tell, time.sleep) as crew:
        crew.send([Errand(ROW, 1, f"{slot}", slot, 60.0) for slot in slots], Paces(0.1, slots))
        found: list[Done] = []
        while len(found) < len(slots):
            found += crew.collect(5.0)

    assert network.sent == ["10.1", "10.2", "10.3"]


def test_what_left_is_counted_when_it_left() -> None:
    """A thread that the machine kept waiting sends later than it was let go."""
    network, time = Network(), Time(now=10.0)
    left: list[float] = []

    def send() -> None:
        left.append(time.now)

    network.happen = send
    with ThreadCrew(1, lambda: network, 10.0, time.tell, time.sleep) as crew:
        crew.send([Errand(ROW, 1, "first", 10.0, 60.0)], Paces(1.0, (10.0,)))
        crew.collect(5.0)
        crew.send([Errand(ROW, 1, "second", 10.5, 60.0)], Paces(1.0, ()))
        crew.collect(5.0)

    assert left[1] - left[0] >= 1.0
