import threading
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection

from etl.errors import LedgerUnavailable, LockHeld, LockLostError
from etl.ledger.database import Ledger
from etl.ledger.holding import await_lock, hold_lock, keep_renewing
from etl.ledger.locks import Fence, acquire_lock, check_fence, lock_owner, release_lock
from tests.ledger.conftest import HandClock


def test_a_block_holds_the_lock(ledger: Ledger) -> None:
    """Within the block the fence passes and nobody else acquires; after it the lock is free."""
    with hold_lock(ledger, "publish", 60, 0) as fence:
        check_fence(ledger, fence)
        assert acquire_lock(ledger, "publish", "other", 60) is None
    assert acquire_lock(ledger, "publish", "other", 60) is not None


def test_a_block_that_fails_frees_the_lock(ledger: Ledger) -> None:
    """An error passes through, and the lock does not stay."""
    with pytest.raises(ZeroDivisionError), hold_lock(ledger, "publish", 60, 0):
        raise ZeroDivisionError
    assert lock_owner(ledger, "publish") is None


def test_no_thread_outlives_the_block(ledger: Ledger) -> None:
    """The renewing thread ends with the block."""
    with hold_lock(ledger, "publish", 60, 0):
        assert "renew publish" in {thread.name for thread in threading.enumerate()}
    assert "renew publish" not in {thread.name for thread in threading.enumerate()}


def test_the_lock_is_renewed_in_the_background(ledger: Ledger, clock: HandClock) -> None:
    """While the block works, renewals move the expiry on: the fence passes long after the first ttl."""
    renewals = threading.Semaphore(0)

    def tell_and_count(connection: Connection) -> datetime:
        if threading.current_thread().name == "renew publish":
            clock.advance(0.02)
            renewals.release()
        return clock.now

    with hold_lock(replace(ledger, clock=tell_and_count), "publish", 0.03, 0) as fence:
        assert all(renewals.acquire(timeout=30) for _ in range(4))
        check_fence(ledger, fence)


def test_waiting_outlasts_a_killed_holder(ledger: Ledger, clock: HandClock) -> None:
    """A lock that nobody renews any more is taken over as it expires."""
    killed = acquire_lock(ledger, "publish", "killed", 60)
    fence = await_lock(ledger, "publish", 60, wait_seconds=90, sleep=clock.advance)
    assert killed is not None
    assert fence.number == killed.number + 1


def test_waiting_ends(ledger: Ledger, clock: HandClock) -> None:
    """Past `wait_seconds`, LockHeld names the holder; no more than that was waited."""
    acquire_lock(ledger, "publish", "host:1", 60)
    pauses: list[float] = []
    with pytest.raises(LockHeld, match="held by host:1"):
        await_lock(ledger, "publish", 60, wait_seconds=1.2, sleep=pauses.append)
    assert sum(pauses) == pytest.approx(1.2)


def renew_for(ledger: Ledger, fence: Fence, clock: HandClock, rounds: int) -> list[float]:
    """Keep renewing for so many rounds of moved time; return the pauses asked for."""
    pauses: list[float] = []

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        clock.advance(seconds)
        return len(pauses) > rounds

    keep_renewing(ledger, fence, 60, wait)
    return pauses


def test_a_renewed_lock_outlives_its_ttl(ledger: Ledger, clock: HandClock) -> None:
    """Renewing goes on as long as it is wanted."""
    fence = acquire_lock(ledger, "publish", "a", 60)
    assert fence is not None
    assert len(renew_for(ledger, fence, clock, rounds=12)) == 13
    check_fence(ledger, fence)


def test_renewing_ends_when_the_lock_is_lost(ledger: Ledger, clock: HandClock) -> None:
    """A lost lock is not fought for."""
    fence = acquire_lock(ledger, "publish", "a", 60)
    assert fence is not None
    release_lock(ledger, fence)
    assert len(renew_for(ledger, fence, clock, rounds=12)) == 1
    with pytest.raises(LockLostError):
        check_fence(ledger, fence)


def test_renewing_survives_a_ledger_that_is_away(
    ledger: Ledger, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed renewal is logged and tried again, in time."""
    fence = acquire_lock(ledger, "publish", "a", 60)
    assert fence is not None
    failures = iter([True])

    def fail_once(connection: Connection) -> datetime:
        if next(failures, False):
            raise LedgerUnavailable("The ledger does not answer.")
        return clock.now

    assert len(renew_for(replace(ledger, clock=fail_once), fence, clock, rounds=4)) == 5
    assert "does not answer" in caplog.text
    check_fence(ledger, fence)
