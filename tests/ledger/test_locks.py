from itertools import chain
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from etl.errors import LockLostError
from etl.ledger.database import Ledger, begin_write
from etl.ledger.facts import read_fact
from etl.ledger.locks import (
    Fence,
    acquire_lock,
    check_fence,
    check_fence_within,
    lock_owner,
    release_lock,
    renew_lock,
)
from etl.ledger.schema import facts
from tests.ledger.conftest import HandClock
from tests.ledger.racers import acquire_in_rounds, count_under_lock, race


def acquire(ledger: Ledger, owner: str, ttl_seconds: float = 60) -> Fence:
    """Acquire the lock that these tests share."""
    fence = acquire_lock(ledger, "publish", owner, ttl_seconds)
    assert fence is not None
    return fence


def test_a_held_lock_is_nobody_elses(ledger: Ledger) -> None:
    """While one holds it, nobody acquires it: neither another nor the holder itself."""
    acquire(ledger, "a")
    assert acquire_lock(ledger, "publish", "b", 60) is None
    assert acquire_lock(ledger, "publish", "a", 60) is None


def test_locks_of_other_names_are_free(ledger: Ledger) -> None:
    """A lock keeps only its own name."""
    acquire(ledger, "a")
    assert acquire_lock(ledger, "maintain", "b", 60) == Fence("maintain", "b", 1)


def test_an_expired_lock_is_taken_over(ledger: Ledger, clock: HandClock) -> None:
    """At its expiry, not before, a lock goes to whoever asks, with the next fence."""
    acquire(ledger, "a", ttl_seconds=60)
    clock.advance(59.9)
    assert acquire_lock(ledger, "publish", "b", 60) is None
    clock.advance(0.1)
    assert acquire(ledger, "b") == Fence("publish", "b", 2)


def test_a_released_lock_is_free_and_its_fence_is_past(ledger: Ledger) -> None:
    """The number goes on growing after a release."""
    assert release_lock(ledger, acquire(ledger, "a"))
    assert lock_owner(ledger, "publish") is None
    assert acquire(ledger, "a").number == 2


def test_renewal_holds_it_longer(ledger: Ledger, clock: HandClock) -> None:
    """A renewal counts from its own moment."""
    fence = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(50)
    assert renew_lock(ledger, fence, 60)
    clock.advance(50)
    check_fence(ledger, fence)
    assert acquire_lock(ledger, "publish", "b", 60) is None


def test_an_expired_lock_that_nobody_took_is_renewed(ledger: Ledger, clock: HandClock) -> None:
    """A machine that slept goes on if nobody has been there meanwhile."""
    fence = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(600)
    assert renew_lock(ledger, fence, 60)
    check_fence(ledger, fence)


def test_a_lost_lock_is_neither_renewed_nor_released(ledger: Ledger, clock: HandClock) -> None:
    """Who lost it cannot touch the next holder's."""
    lost = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(60)
    taken = acquire(ledger, "b")
    assert not renew_lock(ledger, lost, 60)
    assert not release_lock(ledger, lost)
    check_fence(ledger, taken)


def test_an_owners_earlier_fence_is_past(ledger: Ledger) -> None:
    """An owner that acquires again cannot act under its first acquisition."""
    first = acquire(ledger, "a")
    release_lock(ledger, first)
    second = acquire(ledger, "a")
    assert not release_lock(ledger, first)
    assert not renew_lock(ledger, first, 60)
    check_fence(ledger, second)


def test_a_past_fence_is_refused(ledger: Ledger, clock: HandClock) -> None:
    """A check under a lock that another took raises LockLostError."""
    lost = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(60)
    acquire(ledger, "b")
    with pytest.raises(LockLostError, match="taken over"):
        check_fence(ledger, lost)


@pytest.mark.parametrize(
    "false", [Fence("publish", "a", 7), Fence("publish", "b", 1), Fence("maintain", "a", 1)]
)
def test_only_the_true_fence_passes(ledger: Ledger, false: Fence) -> None:
    """A fence of another number, owner or lock is refused."""
    assert acquire(ledger, "a") == Fence("publish", "a", 1)
    with pytest.raises(LockLostError):
        check_fence(ledger, false)


def test_an_expired_fence_is_refused(ledger: Ledger, clock: HandClock) -> None:
    """Even if nobody took the lock: someone may at any moment."""
    fence = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(60)
    with pytest.raises(LockLostError, match="expired"):
        check_fence(ledger, fence)


def test_a_released_fence_is_refused(ledger: Ledger) -> None:
    """Nothing is written after a release."""
    fence = acquire(ledger, "a")
    release_lock(ledger, fence)
    with pytest.raises(LockLostError):
        check_fence(ledger, fence)


def test_what_a_lost_holder_writes_is_undone(ledger: Ledger, clock: HandClock) -> None:
    """A check within a transaction takes back what the transaction wrote before it."""
    lost = acquire(ledger, "a", ttl_seconds=60)
    clock.advance(60)
    acquire(ledger, "b")
    with pytest.raises(LockLostError):
        write_under(ledger, lost)
    assert read_fact(ledger, "written") is None


def write_under(ledger: Ledger, fence: Fence) -> None:
    """Write first and check the fence after, in one transaction."""
    with begin_write(ledger) as connection:
        row = {"key": "written", "value": "late", "updated_at": ledger.clock(connection)}
        connection.execute(insert(facts), row)
        check_fence_within(ledger, connection, fence)


def test_work_without_a_lock_needs_no_fence(ledger: Ledger) -> None:
    """None passes every check."""
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, None)


def test_of_racing_processes_exactly_one_wins(ledger: Ledger, ledger_url: str) -> None:
    """In each of many rounds, all at once, one process acquires the lock and the others do not."""
    rounds = 25
    reports = race(acquire_in_rounds, ledger_url, 3, rounds)
    assert sorted(chain.from_iterable(reports)) == list(range(rounds))


def test_a_lock_makes_turns_of_concurrent_work(ledger: Ledger, ledger_url: str, tmp_path: Path) -> None:
    """No addition under the lock is lost, and fences grow by one from holder to holder."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    reports = race(count_under_lock, ledger_url, 3, counter, 15)
    assert counter.read_text() == "45"
    assert all(fences == sorted(fences) for fences in reports)
    assert sorted(chain.from_iterable(reports)) == list(range(1, 46))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["acquire", "renew", "release"]), st.sampled_from("abc")),
        st.tuples(st.just("advance"), st.floats(0, 90)),
    ),
    max_size=25,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_in_any_order_of_steps_one_holds_and_fences_grow(
    ledger: Ledger, clock: HandClock, steps: list[tuple[str, str | float]]
) -> None:
    """Whatever the owners do and whenever, at most one fence passes, and it is the newest."""
    name = uuid4().hex
    fences: list[Fence] = []
    held: dict[str, Fence] = {}
    for action, value in steps:
        if action == "advance":
            clock.advance(float(value))
        elif action == "acquire" and (fence := acquire_lock(ledger, name, str(value), 60)):
            fences.append(fence)
            held[str(value)] = fence
        elif action == "renew" and value in held:
            renew_lock(ledger, held[str(value)], 60)
        elif action == "release" and value in held:
            release_lock(ledger, held[str(value)])
        assert [fence.number for fence in fences] == list(range(1, len(fences) + 1))
        assert set(passing(ledger, fences)) <= set(fences[-1:])


def passing(ledger: Ledger, fences: list[Fence]) -> list[Fence]:
    """Return the fences that a check lets through."""
    return [fence for fence in fences if is_passing(ledger, fence)]


def is_passing(ledger: Ledger, fence: Fence) -> bool:
    """Whether a check lets a fence through."""
    try:
        check_fence(ledger, fence)
    except LockLostError:
        return False
    return True
