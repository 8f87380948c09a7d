"""The story of an erasure from the lake: under the publish lock, found, written again, published.

Held batches come first: what is released later is then clean.

What an earlier erasure recorded and did not finish is carried out first, when the lock is taken.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from etl.errors import LakeMovedOn
from etl.jobs.ingest import hold_publish_lock
from etl.jobs.runs import name_run
from etl.lake.erase import Erasing, ErasureReport, Policy, erase_from_lake, plan_erasure
from etl.lake.erase_held import erase_held, find_in_held
from etl.lake.wanted import Wanted
from etl.ledger.held import list_batches
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.stores import open_store

# Our own writers wait for the lock; only a foreign one can come between finding and publishing.
ERASE_ATTEMPTS: Final = 3


def erase_people(
    settings: Settings, wanted: Wanted, policy: Policy, *, is_dry_run: bool, now: datetime | None = None
) -> ErasureReport:
    """Erase wanted people from the lake's tables and held batches, or say what an erasure would do.

    Repeating it changes nothing. Raises LockHeld when a publish does not end.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    if is_dry_run:
        batches = list_batches(open_current_ledger(settings.storage.ledger))
        return replace(plan_erasure(lake, wanted, policy), held=find_in_held(lake, batches, wanted))
    now = now or datetime.now(UTC)
    with hold_publish_lock(settings) as (ledger, fence):
        erasing = Erasing(lake, ledger, fence, name_run(now), now)
        held = erase_held(erasing, wanted, policy)
        return replace(_erase_tables(erasing, wanted, policy), held=held)


def _erase_tables(erasing: Erasing, wanted: Wanted, policy: Policy) -> ErasureReport:
    for _ in range(ERASE_ATTEMPTS - 1):
        with suppress(LakeMovedOn):
            return erase_from_lake(erasing, wanted, policy)
        erasing = replace(erasing, run_id=name_run(erasing.now))
    return erase_from_lake(erasing, wanted, policy)
