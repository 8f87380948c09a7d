"""Locks that expire, with fences: numbers that grow by one at every acquisition.

A holder that was too slow finds its lock taken over; whatever it still writes under its old fence
is refused, because the writer checks the fence in the same transaction.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, select, update

from etl.errors import LockLostError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.schema import locks


@dataclass(frozen=True, slots=True)
class Fence:
    """The proof that `owner` acquired the lock `name` as its `number`-th holder."""

    name: str
    owner: str
    number: int


def acquire_lock(ledger: Ledger, name: str, owner: str, ttl_seconds: float) -> Fence | None:
    """Acquire a lock for `ttl_seconds`, or return None while another holds it.

    Among any number of callers, exactly one gets it. An expired lock is taken over. A holder does
    not acquire its own lock twice: it renews it.
    """
    with begin_write(ledger) as connection:
        now = ledger.clock(connection)
        expires_at = now + timedelta(seconds=ttl_seconds)
        statement = (
            insert_into(connection, locks)
            .values(name=name, owner=owner, fence=1, expires_at=expires_at)
            .on_conflict_do_update(
                index_elements=["name"],
                set_={"owner": owner, "fence": locks.c.fence + 1, "expires_at": expires_at},
                where=locks.c.expires_at.is_(None) | (locks.c.expires_at <= now),
            )
            .returning(locks.c.fence)
        )
        number = connection.execute(statement).scalar_one_or_none()
    return None if number is None else Fence(name, owner, number)


def renew_lock(ledger: Ledger, fence: Fence, ttl_seconds: float) -> bool:
    """Hold the lock for `ttl_seconds` from now; False if another has taken it over.

    A lock that expired and that nobody took is renewed.
    """
    with begin_write(ledger) as connection:
        expires_at = ledger.clock(connection) + timedelta(seconds=ttl_seconds)
        return set_lock(connection, fence, {"expires_at": expires_at})


def release_lock(ledger: Ledger, fence: Fence) -> bool:
    """Free the lock for the next holder; False, and no harm, if it is no longer ours."""
    with begin_write(ledger) as connection:
        return set_lock(connection, fence, {"owner": None, "expires_at": None})


def set_lock(connection: Connection, fence: Fence, values: dict[str, object]) -> bool:
    """Change the lock's row while it is still ours."""
    statement = (
        update(locks)
        .values(**values)
        .where(
            locks.c.name == fence.name,
            locks.c.fence == fence.number,
            locks.c.owner == fence.owner,
        )
    )
    return connection.execute(statement).rowcount == 1


def check_fence(ledger: Ledger, fence: Fence) -> None:
    """Raise LockLostError unless the lock is ours and has not expired."""
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, fence)


def check_fence_within(ledger: Ledger, connection: Connection, fence: Fence | None) -> None:
    """Do as `check_fence` does, and keep the lock from being taken until the transaction ends.

    None, for callers that work under no lock, passes.
    """
    if fence is None:
        return
    query = (
        select(locks.c.fence, locks.c.owner, locks.c.expires_at)
        .where(locks.c.name == fence.name)
        .with_for_update()
    )
    row = connection.execute(query).one_or_none()
    if row is None or (row.fence, row.owner) != (fence.number, fence.owner):
        raise LockLostError(
            f"The lock {fence.name!r} was taken over by another run (fence {fence.number} is past):"
            " nothing more is written under it; run again."
        )
    if row.expires_at is None or row.expires_at <= ledger.clock(connection):
        raise LockLostError(
            f"The lock {fence.name!r} expired at {row.expires_at}: nothing more is written under"
            " it; run again."
        )


def lock_owner(ledger: Ledger, name: str) -> str | None:
    """Return who holds a lock, or last held it and never released it; None when it is free."""
    with begin_read(ledger) as connection:
        query = select(locks.c.owner).where(locks.c.name == name)
        return connection.execute(query).scalar_one_or_none()
