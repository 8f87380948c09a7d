"""The story of an erasure from the lake: under the publish lock, found, written again, published.

Held batches come first: what is released later is then clean.

What an earlier erasure recorded and did not finish is carried out first, when the lock is taken.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Final

from etl.errors import LakeMovedOn
from etl.jobs.exporting import LOCK_SECONDS
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.runs import name_run
from etl.lake.anonymize import NewId, make_new_ids
from etl.lake.erase import Erasing, ErasureReport, Policy, erase_from_lake, plan_erasure
from etl.lake.erase_exports import ExportErasure, erase_export
from etl.lake.erase_held import erase_held, find_in_held
from etl.lake.wanted import Wanted
from etl.ledger.evidence import note
from etl.ledger.exports import finish_export, list_exports
from etl.ledger.held import list_batches
from etl.ledger.holding import hold_lock
from etl.ledger.locks import check_fence
from etl.ledger.upgrade import open_current_ledger
from etl.proving.chain import mask_ids
from etl.settings import Settings
from etl.stores import open_store

# Our own writers wait for the lock; only a foreign one can come between finding and publishing.
ERASE_ATTEMPTS: Final = 3


def erase_people(  # noqa: PLR0913 - where, whom, how, when, and under which ids
    settings: Settings,
    wanted: Wanted,
    policy: Policy,
    *,
    is_dry_run: bool,
    now: datetime | None = None,
    renew: NewId | None = None,
) -> ErasureReport:
    """Erase wanted people from the lake's tables and held batches, or say what an erasure would do.

    `renew` gives rows that stay new ids; without it they are random. Repeating it changes nothing. Raises
    LockHeld when a publish does not end.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    if is_dry_run:
        batches = list_batches(open_current_ledger(settings.storage.ledger))
        return replace(plan_erasure(lake, wanted, policy), held=find_in_held(lake, batches, wanted))
    now = now or datetime.now(UTC)
    with hold_publish_lock(settings) as (ledger, fence):
        erasing = Erasing(lake, ledger, fence, name_run(now), now, renew or make_new_ids())
        held = erase_held(erasing, wanted, policy)
        return replace(_erase_tables(erasing, wanted, policy), held=held)


def _erase_tables(erasing: Erasing, wanted: Wanted, policy: Policy) -> ErasureReport:
    for _ in range(ERASE_ATTEMPTS - 1):
        with suppress(LakeMovedOn):
            return erase_from_lake(erasing, wanted, policy)
        erasing = replace(erasing, run_id=name_run(erasing.now))
    return erase_from_lake(erasing, wanted, policy)


def erase_exports(
    settings: Settings, wanted: Wanted, policy: Policy, *, is_dry_run: bool, renew: NewId | None = None
) -> list[ExportErasure]:
    """Erase wanted people from all registered exports, or say what an erasure would do.

    One that was cut off while it was written is looked through as well. Raises LockHeld while an export is
    being written.
    """
    ledger, renew = open_current_ledger(settings.storage.ledger), renew or make_new_ids()
    erased = []
    for export in list_exports(ledger):
        target = open_store(export.target, settings.storage.options)
        with hold_lock(ledger, f"export {target.uri}", LOCK_SECONDS, 0) as fence:
            each = erase_export(target, wanted, policy, renew, is_dry_run=is_dry_run)
            check_fence(ledger, fence)
            if export.state == "finished" and each.rows_found and not is_dry_run:
                finish_export(ledger, export.target, files=each.files_left, rows=each.rows_left)
            if each.rows_found and not is_dry_run:
                note(ledger, "erased_from_export", asdict(each) | {"target": mask_ids(each.target)})
        erased.append(each)
    return erased
