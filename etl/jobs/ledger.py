"""The story of looking after the ledger: what it knows, and a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import LedgerError
from etl.lake.publish import PUBLISH_LOCK
from etl.ledger.backup import backup_ledger
from etl.ledger.database import open_ledger
from etl.ledger.drafts import count_drafts
from etl.ledger.exports import list_exports
from etl.ledger.locks import lock_owner
from etl.ledger.objects import FailedObject, count_objects, failed_objects
from etl.ledger.publishes import unfinished_publishes
from etl.ledger.upgrade import LedgerStatus, ledger_status
from etl.settings import Settings


@dataclass(frozen=True, slots=True)
class LedgerInfo:
    """The ledger in numbers; only `status` where it is not there, or must be upgraded first."""

    name: str
    status: LedgerStatus
    objects: dict[str, int] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    failed: tuple[FailedObject, ...] = ()
    unfinished_publishes: int = 0
    exports: int = 0
    publisher: str | None = None

    @property
    def exit_code(self) -> int:
        """2 when it must be upgraded, else 0."""
        return 2 if self.status.exists and self.status.needs_upgrade else 0


def inspect_ledger(settings: Settings) -> LedgerInfo:
    """Look at the ledger; one that is not there is not created."""
    status = ledger_status(settings.storage.ledger)
    ledger = open_ledger(settings.storage.ledger)
    if not status.exists or status.needs_upgrade:
        return LedgerInfo(ledger.name, status)
    return LedgerInfo(
        name=ledger.name,
        status=status,
        objects=count_objects(ledger),
        drafts=count_drafts(ledger),
        failed=tuple(failed_objects(ledger)),
        unfinished_publishes=len(unfinished_publishes(ledger)),
        exports=len(list_exports(ledger)),
        publisher=lock_owner(ledger, PUBLISH_LOCK),
    )


def describe_ledger(found: LedgerInfo) -> Iterator[str]:
    """Describe the ledger in lines for people."""
    status = found.status
    if not status.exists:
        yield f"{found.name}: does not exist yet; the first run creates it"
        return
    if status.needs_upgrade:
        yield f"{found.name}: revision {status.current}, needed is {status.head};"
        yield "  back it up with pushlift ledger backup, then run pushlift ledger upgrade"
        return
    yield f"{found.name}: revision {status.current}"
    yield f"  landed objects   {found.objects['finished']:,} finished, {found.objects['failed']:,} failed"
    for each in found.failed:
        yield f"    {each.error_code}, tried {each.attempts} times: {each.uri}"
    yield "  drafts           " + ", ".join(f"{count:,} {state}" for state, count in found.drafts.items())
    yield f"  publishes        {found.unfinished_publishes:,} unfinished; the next run completes them"
    yield f"  exports          {found.exports:,}"
    yield f"  publish lock     {found.publisher or 'free'}"


def backup_to(settings: Settings, target: Path) -> Path:
    """Copy the ledger to a new file; LedgerError where there is none to copy."""
    if not ledger_status(settings.storage.ledger).exists:
        raise LedgerError("There is no ledger yet to back up; the first run creates it.")
    return backup_ledger(open_ledger(settings.storage.ledger), target.absolute())
