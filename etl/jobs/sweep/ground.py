"""What a sweep stands on: stores, ledger, key and the present."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from etl.hash_keys import HashKey
from etl.jobs.keys import require_keys
from etl.ledger.database import Ledger
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings
from etl.stores import Store, open_store


@dataclass(frozen=True, slots=True)
class Ground:
    """The stores of a sweep, the key of hashes, and whether nothing shall be changed."""

    settings: Settings
    ledger: Ledger
    lake: Store
    opt_outs: Store
    key: HashKey = field(repr=False)
    now: datetime
    is_dry_run: bool


def survey(
    settings: Settings,
    secrets: Secrets | None = None,
    *,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> Ground:
    """See whether a sweep may be made; ConfigurationError without the hash key, or with another."""
    ledger = open_current_ledger(settings.storage.ledger)
    options = settings.storage.options
    return Ground(
        settings=settings,
        ledger=ledger,
        lake=open_store(settings.storage.lake, options),
        opt_outs=open_store(settings.storage.opt_outs, options),
        key=require_keys(ledger, secrets).subjects,
        now=now or datetime.now(UTC),
        is_dry_run=is_dry_run,
    )
