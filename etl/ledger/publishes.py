"""The write-ahead log of publishes: what will be committed is recorded before it is.

A run that finds an unfinished publish redoes it from its payload, so a kill between the commits of
the lake's tables loses nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, Select, delete, insert, select, update

from etl.errors import LedgerError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.drafts import mark_drafts_within
from etl.ledger.evidence import note_within
from etl.ledger.exported import Exported, mark_exported
from etl.ledger.held import HeldBatch, Release, cover_objects, hold_batches, release_batch
from etl.ledger.locks import Fence, check_fence_within
from etl.ledger.objects import FinishedObject, finish_objects
from etl.ledger.schema import publishes

PublishState = Literal["recorded", "committed", "finished", "discarded"]

PREDECESSORS: Final[Mapping[PublishState, tuple[PublishState, ...]]] = {
    "recorded": ("recorded",),
    "committed": ("recorded", "committed"),
    "finished": ("recorded", "committed", "finished"),
    "discarded": ("recorded", "discarded"),
}
"""The states from which a publish may come to each; what was committed is never discarded."""


@dataclass(frozen=True, slots=True)
class Publish:
    """A recorded publish; `payload` is the publisher's own JSON text, kept as it was given."""

    id: int
    run_id: str
    created_at: datetime
    state: PublishState
    payload: str


@dataclass(frozen=True, slots=True)
class PublishEffects:
    """What a finished publish means to the ledger.

    A publish that `is_covering` has read its objects again, so that what was held of them is void. `held` are
    the batches that it holds back, `release` the one that it publishes after all, `exported` the outcomes of
    postbacks that it brings into the lake, `evidence` what is noted of an erasure, whoever carries it out.
    """

    objects: Sequence[FinishedObject] = ()
    draft_paths: Sequence[str] = ()
    is_covering: bool = False
    held: Sequence[HeldBatch] = ()
    release: Release | None = None
    exported: Exported | None = None
    evidence: Mapping[str, object] | None = None


def record_publish(ledger: Ledger, run_id: str, payload: str, fence: Fence | None = None) -> int:
    """Record a publish before its first commit, durably, and return its id; ids only grow.

    With a fence, raises LockLostError where the lock is no longer its holder's.
    """
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, fence)
        statement = insert(publishes).values(
            run_id=run_id, created_at=ledger.clock(connection), state="recorded", payload=payload
        )
        publish_id: int = connection.execute(statement.returning(publishes.c.id)).scalar_one()
        return publish_id


def unfinished_publishes(ledger: Ledger) -> list[Publish]:
    """Return the publishes that must be redone or discarded, oldest first."""
    query = select_publishes().where(publishes.c.state.in_(["recorded", "committed"]))
    with begin_read(ledger) as connection:
        return [Publish(*row) for row in connection.execute(query)]


def list_finished_after(ledger: Ledger, publish_id: int) -> list[Publish]:
    """List the finished publishes after one, oldest first: they finish in the order of their ids."""
    query = select_publishes().where(publishes.c.id > publish_id, publishes.c.state == "finished")
    with begin_read(ledger) as connection:
        return [Publish(*row) for row in connection.execute(query)]


def publishes_of_run(ledger: Ledger, run_id: str) -> list[Publish]:
    """Return a run's publishes in every state, oldest first."""
    query = select_publishes().where(publishes.c.run_id == run_id)
    with begin_read(ledger) as connection:
        return [Publish(*row) for row in connection.execute(query)]


def select_publishes() -> Select[int, str, datetime, PublishState, str]:
    """Select publishes in the order of `Publish`'s fields."""
    table = publishes.c
    columns = (table.id, table.run_id, table.created_at, table.state, table.payload)
    return select(*columns).order_by(table.id)


def set_publish_state(
    ledger: Ledger, publish_id: int, state: PublishState, fence: Fence | None = None
) -> None:
    """Bring a publish to a state; repeating it changes nothing.

    Raises LedgerError where its present state does not lead there, LockLostError as for recording.
    """
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, fence)
        set_publish_state_within(connection, publish_id, state)


def set_publish_state_within(connection: Connection, publish_id: int, state: PublishState) -> None:
    """Do as `set_publish_state` does, within the caller's transaction."""
    statement = (
        update(publishes)
        .values(state=state)
        .where(publishes.c.id == publish_id, publishes.c.state.in_(PREDECESSORS[state]))
    )
    if connection.execute(statement).rowcount == 0:
        query = select(publishes.c.state).where(publishes.c.id == publish_id)
        present = connection.execute(query).scalar_one_or_none() or "unknown"
        raise LedgerError(
            f"Publish {publish_id} is {present} and cannot become {state}: another run has dealt"
            " with it, so read the ledger again before going on."
        )


def finish_publish(
    ledger: Ledger, publish_id: int, effects: PublishEffects, fence: Fence | None = None
) -> None:
    """Mark a publish and its objects finished and its drafts published, in one transaction.

    In the same one, batches become held, superseded or released. Repeating it for a finished publish changes
    nothing. Raises as `set_publish_state` does.
    """
    with begin_write(ledger) as connection:
        check_fence_within(ledger, connection, fence)
        if is_finished(connection, publish_id):
            return
        now = ledger.clock(connection)
        set_publish_state_within(connection, publish_id, "finished")
        finish_objects(connection, effects.objects, now)
        mark_drafts_within(connection, effects.draft_paths, "published")
        if effects.is_covering:
            cover_objects(connection, [(each.uri, each.version) for each in effects.objects], now)
        hold_batches(connection, effects.held)
        if effects.release is not None:
            release_batch(connection, effects.release, now)
        if effects.exported is not None:
            mark_exported(connection, effects.exported)
        if effects.evidence is not None:
            note_within(connection, now, "erased_from_lake", effects.evidence)


def is_finished(connection: Connection, publish_id: int) -> bool:
    """Whether a publish is finished; its row is locked until the transaction ends."""
    query = select(publishes.c.state).where(publishes.c.id == publish_id).with_for_update()
    return connection.execute(query).scalar_one_or_none() == "finished"


def forget_settled_publishes(ledger: Ledger, before: datetime) -> int:
    """Delete the finished and discarded publishes recorded before an instant; return how many."""
    statement = delete(publishes).where(
        publishes.c.state.in_(["finished", "discarded"]), publishes.c.created_at < before
    )
    with begin_write(ledger) as connection:
        return connection.execute(statement).rowcount
