"""Registered drafts: Parquet files in the lake that no Delta reader sees yet.

A file is registered before it is written, so that upkeep never takes one that a run still needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, delete, func, select, update

from etl.errors import LedgerError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into, tabulate
from etl.ledger.schema import drafts

DraftState = Literal["registered", "held", "published", "discarded"]

PREDECESSORS: Final[Mapping[DraftState, tuple[DraftState, ...]]] = {
    "registered": ("registered",),
    "held": ("registered", "held"),
    "published": ("registered", "held", "published"),
    "discarded": ("registered", "held", "discarded"),
}
"""The states from which a draft may come to each; its own is among them, so that marking repeats."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft file: its path within the lake, its table, the run that wrote it, its bytes."""

    path: str
    table: str
    run_id: str
    size: int
    created_at: datetime
    state: DraftState = "registered"
    app_id: str | None = None


def register_drafts(ledger: Ledger, new_drafts: Sequence[Draft]) -> None:
    """Register drafts, all or none; a run may register its own again, with another size.

    Raises LedgerError where a path is another run's, or is no longer merely registered.
    """
    if not new_drafts:
        return
    with begin_write(ledger) as connection:
        statement = insert_into(connection, drafts)
        upsert = statement.on_conflict_do_update(
            index_elements=["path"],
            set_={"size": statement.excluded.size, "created_at": statement.excluded.created_at},
            where=(drafts.c.state == "registered") & (drafts.c.run_id == statement.excluded.run_id),
        ).returning(drafts.c.path)
        rows = [describe_draft(draft) for draft in new_drafts]
        registered = connection.execute(upsert, rows).scalars().all()
        if len(registered) != len(rows):
            taken = sorted({draft.path for draft in new_drafts} - set(registered))
            raise LedgerError(f"The draft {taken[0]} is taken already: write it under another name.")


def describe_draft(draft: Draft) -> dict[str, object]:
    """Describe a draft as a row."""
    return {
        "path": draft.path,
        "table_name": draft.table,
        "run_id": draft.run_id,
        "app_id": draft.app_id,
        "size": draft.size,
        "created_at": draft.created_at,
        "state": draft.state,
    }


def drafts_of_run(ledger: Ledger, run_id: str) -> list[Draft]:
    """Return a run's drafts in every state, by path."""
    query = (
        select(
            drafts.c.path,
            drafts.c.table_name,
            drafts.c.run_id,
            drafts.c.size,
            drafts.c.created_at,
            drafts.c.state,
            drafts.c.app_id,
        )
        .where(drafts.c.run_id == run_id)
        .order_by(drafts.c.path)
    )
    with begin_read(ledger) as connection:
        return [Draft(*row) for row in connection.execute(query)]


def known_draft_paths(
    ledger: Ledger, states: Iterable[DraftState] = ("registered", "held")
) -> frozenset[str]:
    """Return the paths in these states: by default those that upkeep must leave alone.

    Published files are the Delta log's to know, and discarded ones are nobody's.
    """
    query = select(drafts.c.path).where(drafts.c.state.in_(list(states)))
    with begin_read(ledger) as connection:
        return frozenset(connection.scalars(query))


def mark_drafts(ledger: Ledger, paths: Sequence[str], state: DraftState) -> None:
    """Bring drafts to a state, all or none; repeating it changes nothing.

    Raises LedgerError where one is unknown, or is published or discarded already.
    """
    with begin_write(ledger) as connection:
        mark_drafts_within(connection, paths, state)


def mark_drafts_within(connection: Connection, paths: Sequence[str], state: DraftState) -> None:
    """Do as `mark_drafts` does, within the caller's transaction."""
    wanted = sorted(set(paths))
    if not wanted:
        return
    listed = tabulate(connection, {"path": wanted})
    statement = (
        update(drafts)
        .values(state=state)
        .where(drafts.c.path.in_(select(listed.c.path)), drafts.c.state.in_(PREDECESSORS[state]))
    )
    marked = connection.execute(statement).rowcount
    if marked != len(wanted):
        raise LedgerError(
            f"{len(wanted) - marked} of {len(wanted)} drafts cannot become {state}: they are"
            " unknown to the ledger, or were published or discarded by another run."
        )


def discard_drafts_of_run(ledger: Ledger, run_id: str) -> int:
    """Discard what a run registered and neither published nor held, and return how many."""
    statement = (
        update(drafts)
        .values(state="discarded")
        .where(drafts.c.run_id == run_id, drafts.c.state == "registered")
    )
    with begin_write(ledger) as connection:
        return connection.execute(statement).rowcount


def forget_settled_drafts(ledger: Ledger, before: datetime) -> int:
    """Delete the published and discarded drafts created before an instant; return how many."""
    statement = delete(drafts).where(
        drafts.c.state.in_(["published", "discarded"]), drafts.c.created_at < before
    )
    with begin_write(ledger) as connection:
        return connection.execute(statement).rowcount


def count_drafts(ledger: Ledger) -> dict[str, int]:
    """Count the drafts by state."""
    query = select(drafts.c.state, func.count().label("number")).group_by(drafts.c.state)
    with begin_read(ledger) as connection:
        counts = {row.state: row.number for row in connection.execute(query)}
    return dict.fromkeys(PREDECESSORS, 0) | counts


def stale_drafts(ledger: Ledger, before: datetime) -> dict[str, frozenset[str]]:
    """Return the paths of merely registered drafts by run, of runs that registered none since an instant."""
    query = select(drafts.c.run_id, drafts.c.path, drafts.c.created_at).where(drafts.c.state == "registered")
    paths: dict[str, set[str]] = {}
    fresh: set[str] = set()
    with begin_read(ledger) as connection:
        for run_id, path, created_at in connection.execute(query):
            paths.setdefault(run_id, set()).add(path)
            if created_at >= before:
                fresh.add(run_id)
    return {run_id: frozenset(found) for run_id, found in paths.items() if run_id not in fresh}
