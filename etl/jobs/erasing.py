"""The story of an erasure from the lake: under the publish lock, found, written again, published.

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
from etl.lake.wanted import Wanted
from etl.settings import Settings
from etl.stores import open_store

# Our own writers wait for the lock; only a foreign one can come between finding and publishing.
ERASE_ATTEMPTS: Final = 3


def erase_people(
    settings: Settings, wanted: Wanted, policy: Policy, *, is_dry_run: bool, now: datetime | None = None
) -> ErasureReport:
    """Erase wanted people from the lake's tables, or say what an erasure would do.

    Repeating it changes nothing. Raises LockHeld when a publish does not end.
    """
    lake = open_store(settings.storage.lake, settings.storage.options)
    if is_dry_run:
        return plan_erasure(lake, wanted, policy)
    now = now or datetime.now(UTC)
    with hold_publish_lock(settings) as (ledger, fence):
        erasing = Erasing(lake, ledger, fence, name_run(now), now)
        for _ in range(ERASE_ATTEMPTS - 1):
            with suppress(LakeMovedOn):
                return erase_from_lake(erasing, wanted, policy)
            erasing = replace(erasing, run_id=name_run(now))
        return erase_from_lake(erasing, wanted, policy)
