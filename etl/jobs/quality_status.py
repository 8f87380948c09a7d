"""How each app stands: its last audit, and what of it is held back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from etl.ledger.held import HeldBatch, list_batches
from etl.ledger.upgrade import open_current_ledger
from etl.quality.gate import DayAudit, last_audits
from etl.settings import Settings
from etl.stores import open_store


@dataclass(frozen=True, slots=True)
class AppStatus:
    """An app: when it was last audited and how that ended (None: never), its held rows and their batches."""

    app_id: str
    checked_at: datetime | None
    verdict: str | None
    days: int
    held: int
    batches: tuple[str, ...]


def read_status(settings: Settings) -> list[AppStatus]:
    """Tell how each app stands that was ever audited."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    audits, batches = last_audits(lake), list_batches(open_current_ledger(settings.storage.ledger))
    apps = sorted({each.app_id for each in audits} | {each.app_id for each in batches})
    return [_describe(app_id, audits, batches) for app_id in apps]


def describe_status(found: Sequence[AppStatus]) -> Iterator[str]:
    """Describe how apps stand in lines for people."""
    if not found:
        yield "Nothing has been audited yet."
    for app in found:
        when = "never" if app.checked_at is None else f"{app.checked_at:%Y-%m-%d %H:%M} UTC"
        held = f"; {app.held:,} rows held as {', '.join(app.batches)}" if app.batches else ""
        yield f"{app.app_id}: {app.verdict or 'not audited'}, {when}, {app.days} days{held}"


def _describe(app_id: str, audits: Sequence[DayAudit], batches: Sequence[HeldBatch]) -> AppStatus:
    mine = [each for each in audits if each.app_id == app_id]
    held = [each for each in batches if each.app_id == app_id]
    last = max(mine, key=lambda each: each.checked_at, default=None)
    return AppStatus(
        app_id=app_id,
        checked_at=None if last is None else last.checked_at,
        verdict=None if last is None else str(last.verdict),
        days=len(mine),
        held=sum(each.rows for each in held),
        batches=tuple(each.id for each in held),
    )
