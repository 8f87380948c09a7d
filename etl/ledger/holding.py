"""Holding a lock for as long as a block of work takes."""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from etl.errors import LedgerError, LockHeld
from etl.ledger.database import Ledger
from etl.ledger.locks import Fence, acquire_lock, lock_owner, release_lock, renew_lock

LOG: Final = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
RENEWALS_PER_TTL: Final = 3
"""Two renewals may fail in a row before the lock is lost."""


@contextmanager
def hold_lock(
    ledger: Ledger,
    name: str,
    ttl_seconds: float,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Fence]:
    """Hold a lock while the block runs, renewing it in the background, and release it after.

    Waits `wait_seconds` for another holder; give it more than the lock's `ttl_seconds` to outlast one
    that was killed. Raises LockHeld when it is not freed. The block must pass the fence to whatever
    it writes: a lock lost in mid-work is noticed there.
    """
    fence = await_lock(ledger, name, ttl_seconds, wait_seconds, sleep)
    stopped = threading.Event()
    renewer = threading.Thread(
        target=keep_renewing,
        args=(ledger, fence, ttl_seconds, stopped.wait),
        name=f"renew {name}",
        daemon=True,
    )
    renewer.start()
    try:
        yield fence
    finally:
        stopped.set()
        renewer.join()
        release_lock(ledger, fence)


def await_lock(
    ledger: Ledger,
    name: str,
    ttl_seconds: float,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Fence:
    """Acquire a lock, trying for `wait_seconds`; raises LockHeld, which names the holder."""
    owner = name_holder()
    waited_seconds = 0.0
    while (fence := acquire_lock(ledger, name, owner, ttl_seconds)) is None:
        if waited_seconds >= wait_seconds:
            raise LockHeld(
                f"The lock {name!r} is held by {lock_owner(ledger, name)} and was not freed within"
                f" {wait_seconds:g} s: let that run end, or, if it was killed, let the lock expire"
                f" {ttl_seconds:g} s after its last sign of life."
            )
        pause_seconds = min(POLL_SECONDS, wait_seconds - waited_seconds)
        sleep(pause_seconds)
        waited_seconds += pause_seconds
    return fence


def name_holder() -> str:
    """Name this holder: the machine and the process for people, and a part that never repeats."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:12]}"


def keep_renewing(
    ledger: Ledger,
    fence: Fence,
    ttl_seconds: float,
    wait: Callable[[float], bool],
) -> None:
    """Renew a lock several times per ttl until `wait` says stop or the lock is lost.

    A ledger that does not answer is tried again: the lock may outlive the trouble.
    """
    while not wait(ttl_seconds / RENEWALS_PER_TTL):
        try:
            is_ours = renew_lock(ledger, fence, ttl_seconds)
        except LedgerError as error:
            LOG.warning("The lock %r could not be renewed: %s", fence.name, error)
            continue
        if not is_ours:
            LOG.warning("The lock %r was taken over by another run.", fence.name)
            return
