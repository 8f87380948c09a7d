"""Publish settled drafts: recorded in the ledger first, then one Delta commit a table, then the ledger again.

The record is a redo log: whoever finds an unfinished publish carries it out, so a kill between two commits
loses and repeats nothing. Each commit carries a transaction number that only grows; a table whose number is
not below the publish's has its commit already.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from etl.errors import LakeMovedOn, StorageError, StoreUnavailable
from etl.lake.delta_errors import explain_delta_errors
from etl.lake.drafts import DraftFile
from etl.lake.plans import PublishPlan, RemovedFile, read_plan, write_plan
from etl.lake.tables import EVENTS, SETTLED_TABLES, TABLES, Table, open_or_create, table_uri
from etl.ledger.database import Ledger
from etl.ledger.drafts import discard_drafts_of_run
from etl.ledger.identities import merge_app_identities
from etl.ledger.locks import Fence, check_fence
from etl.ledger.objects import unfinished_objects
from etl.ledger.publishes import (
    PublishEffects,
    finish_publish,
    record_publish,
    set_publish_state,
    unfinished_publishes,
)
from etl.stores import Store, find_object

LOG: Final = logging.getLogger(__name__)

# One id for publishes, erasures and compactions alike: a commit from a stale snapshot of any of them is
# then refused.
TRANSACTION_ID: Final = "pushlift"
PUBLISH_LOCK: Final = "publish"
PUBLISH_LOCK_SECONDS: Final = 60.0
COMMIT_ATTEMPTS: Final = 10


def publish_drafts(lake: Store, ledger: Ledger, fence: Fence, plan: PublishPlan) -> int:
    """Publish a plan under the publish lock, and return the version of `events` that shows it.

    Earlier publishes must have been carried out (`redo_publishes`), because transaction numbers tell them
    apart. Raises LakeMovedOn when another run has published since the plan was settled: settle again.
    LockLostError when another run has taken the lock. Nothing is visible then.
    """
    tables = {table.name: open_or_create(lake, table) for table in TABLES}
    _check_settled_against(tables, plan)
    _check_unfinished(ledger, plan)
    if plan.is_empty:
        return int(tables[EVENTS.name].version())
    _check_drafts(lake, plan)
    number = 1 + max(table.transaction_version(TRANSACTION_ID) or 0 for table in tables.values())
    plan = plan.with_number(number)
    publish_id = record_publish(ledger, plan.run_id, write_plan(plan), fence)
    return _carry_out(RecordedPublish(lake, ledger, fence, publish_id, plan))


def published_version(lake: Store) -> int:
    """Tell which version of `events` readers see now."""
    return open_or_create(lake, EVENTS).version()


def redo_publishes(lake: Store, ledger: Ledger, fence: Fence) -> list[str]:
    """Carry out what earlier runs recorded and did not finish; gives the ids of those that are whole now."""
    redone = []
    for publish in unfinished_publishes(ledger):
        plan = read_plan(publish.payload)
        if _has_begun(lake, plan) or _is_still_possible(lake, plan):
            LOG.warning("Run %s was cut off while publishing; carrying it out now.", plan.run_id)
            _carry_out(RecordedPublish(lake, ledger, fence, publish.id, plan))
            redone.append(plan.run_id)
        else:
            LOG.warning(
                "Run %s was cut off before publishing anything; its objects are read again.", plan.run_id
            )
            set_publish_state(ledger, publish.id, "discarded", fence)
            discard_drafts_of_run(ledger, plan.run_id)
    return redone


def _has_begun(lake: Store, plan: PublishPlan) -> bool:
    """Tell whether a commit of the plan is there: then the others must follow."""
    return any(_is_committed(open_or_create(lake, table), plan) for table in TABLES)


def _is_still_possible(lake: Store, plan: PublishPlan) -> bool:
    """Tell whether a plan without any commit can still be carried out as it was settled."""
    tables = {table.name: open_or_create(lake, table) for table in TABLES}
    return _versions(tables) == plan.versions and not _missing_drafts(lake, plan)


def _is_committed(table: DeltaTable, plan: PublishPlan) -> bool:
    return (table.transaction_version(TRANSACTION_ID) or 0) >= plan.number


@dataclass(frozen=True, slots=True)
class RecordedPublish:
    """A publish that the ledger has recorded, in the hands of the lock's holder."""

    lake: Store
    ledger: Ledger
    fence: Fence
    id: int
    plan: PublishPlan


def _carry_out(publish: RecordedPublish) -> int:
    plan, ledger = publish.plan, publish.ledger
    for table in TABLES:
        _commit(publish, table)
    merge_app_identities(ledger, {app: list(fields) for app, fields in plan.identities})
    set_publish_state(ledger, publish.id, "committed", publish.fence)
    effects = PublishEffects(
        objects=plan.objects,
        draft_paths=[draft.key for draft in plan.drafts],
        is_covering=plan.is_reprocess,
        held=plan.held,
        release=plan.release,
        exported=plan.exported,
        evidence=plan.evidence,
    )
    finish_publish(ledger, publish.id, effects, publish.fence)
    return published_version(publish.lake)


def _commit(publish: RecordedPublish, table: Table) -> None:
    """Commit one table's part of a plan, against writers that take no lock of ours.

    Before the plan's first commit such a writer costs no more than settling again; after it the others must
    follow.
    """
    run_id = publish.plan.run_id
    for _ in range(COMMIT_ATTEMPTS):
        check_fence(publish.ledger, publish.fence)
        try:
            return _commit_once(publish.lake, table, publish.plan)
        except CommitFailedError as error:
            if not _has_begun(publish.lake, publish.plan):
                set_publish_state(publish.ledger, publish.id, "discarded", publish.fence)
                raise LakeMovedOn(
                    f"Another writer committed to {table.name} while run {run_id} published; settle again."
                ) from error
    raise StoreUnavailable(
        f"Other writers kept committing to {table.name} while run {run_id} published;"
        " the next run carries it out."
    )


def _commit_once(lake: Store, table: Table, plan: PublishPlan) -> None:
    """Commit one table's part of a plan, unless its transaction number shows that it is there."""
    adds = [_add_action(draft, plan.made_at) for draft in plan.drafts if draft.table == table.name]
    removes = [_remove_action(file, plan.made_at) for file in plan.removed if file.table == table.name]
    if not adds and not removes:
        return
    delta = open_or_create(lake, table)
    if _is_committed(delta, plan):
        return
    with explain_delta_errors(table_uri(lake, table), is_write=True):
        delta.create_write_transaction(
            [*adds, *removes],
            mode="append",
            schema=table.schema,
            partition_by=list(table.partition_by),
            commit_properties=CommitProperties(
                custom_metadata={"pushlift.run_id": plan.run_id},
                app_transactions=[Transaction(TRANSACTION_ID, plan.number)],
                max_commit_retries=0,
            ),
        )


def _check_settled_against(tables: Mapping[str, DeltaTable], plan: PublishPlan) -> None:
    if _versions(tables) != plan.versions:
        raise LakeMovedOn(
            f"The lake moved from {_spell_versions(plan.versions)} to {_spell_versions(_versions(tables))}"
            f" since run {plan.run_id} settled; settle again."
        )


def _check_unfinished(ledger: Ledger, plan: PublishPlan) -> None:
    """Refuse a plan with an object that another run has finished since.

    A reprocessing run reads finished ones on purpose.
    """
    wanted = [(each.uri, each.version) for each in plan.objects]
    finished = 0 if plan.is_reprocess else len(wanted) - len(unfinished_objects(ledger, wanted))
    if finished:
        raise LakeMovedOn(
            f"Another run has finished {finished} of the {len(wanted)} objects of run {plan.run_id};"
            " settle again."
        )


def _versions(tables: Mapping[str, DeltaTable]) -> tuple[tuple[str, int], ...]:
    return tuple((table.name, tables[table.name].version()) for table in SETTLED_TABLES)


def _spell_versions(versions: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{table} {version}" for table, version in versions)


def _check_drafts(lake: Store, plan: PublishPlan) -> None:
    """Refuse a plan whose files are not all there: a log that names a missing one breaks every reader."""
    missing = _missing_drafts(lake, plan)
    if missing:
        raise StorageError(
            f"The draft {missing[0]} is gone or has another size ({len(missing)} of"
            f" {len(_draft_sizes(plan))} drafts); nothing was published, so run again."
        )


def _missing_drafts(lake: Store, plan: PublishPlan) -> list[str]:
    sizes = _draft_sizes(plan)
    found = {key: find_object(lake, key) for key in sizes}
    return [key for key, size in sizes.items() if (there := found[key]) is None or there.size != size]


def _draft_sizes(plan: PublishPlan) -> dict[str, int]:
    """Give the size of every file that must be there, by key: what is held is needed, too."""
    held = {draft.path: draft.size for batch in plan.held for draft in batch.drafts}
    return held | {draft.key: draft.size for draft in plan.drafts}


def _add_action(draft: DraftFile, made_at: datetime) -> AddAction:
    """Give the log's entry for a draft that becomes visible."""
    return AddAction(
        path=draft.path,
        size=draft.size,
        partition_values=dict(draft.partition),
        modification_time=int(made_at.timestamp() * 1000),
        data_change=True,
        stats=draft.statistics,
    )


def _remove_action(file: RemovedFile, made_at: datetime) -> RemoveAction:
    """Give the log's entry for a published file that goes."""
    return RemoveAction(
        path=file.path,
        deletion_timestamp=int(made_at.timestamp() * 1000),
        data_change=True,
        partition_values=dict(file.partition),
        size=file.size,
    )
