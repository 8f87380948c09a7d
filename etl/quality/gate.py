"""The gate for consumers: which days of an app may be relied on.

A plan of what leaves, or a report, asks here first: a day is refused when rows of it are held back, or when
its last audit failed and nothing has settled that since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow.compute as pc

from etl.lake.reading import LakeTable
from etl.lake.tables import CHECKS
from etl.ledger.database import Ledger
from etl.ledger.held import HeldBatch, list_batches, name_batch
from etl.quality.checks import Verdict
from etl.quality.records import AUDIT_RULE
from etl.stores import Store


@dataclass(frozen=True, slots=True)
class DayAudit:
    """How an app's day was audited last."""

    app_id: str
    event_date: date
    run_id: str
    checked_at: datetime
    verdict: Verdict
    rows: int


@dataclass(frozen=True, slots=True)
class RefusedDay:
    """A day that may not be relied on: the held batches with rows of it, and the rules that failed."""

    event_date: date
    batch_ids: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """Which days of an app, from `first` to `last`, may not be relied on; without any, the gate is open."""

    app_id: str
    first: date
    last: date
    refused: tuple[RefusedDay, ...]

    @property
    def is_open(self) -> bool:
        """Whether all of the days may be relied on."""
        return not self.refused


def judge_dates(lake: Store, ledger: Ledger, app_id: str, first: date, last: date) -> GateVerdict:
    """Judge an app's days from `first` to `last`, both included."""
    batches = [batch for batch in list_batches(ledger, app_id=app_id) if batch.waiting]
    settled = {batch.id for batch in list_batches(ledger, frozenset({"released", "superseded"}), app_id)}
    held = {date.fromisoformat(day) for batch in batches for day in batch.dates}
    failed = {
        audit.event_date
        for audit in last_audits(lake, app_id)
        if audit.verdict is Verdict.FAILED and name_batch(audit.run_id, app_id) not in settled
    }
    days = sorted(day for day in held | failed if first <= day <= last)
    return GateVerdict(app_id, first, last, tuple(_refuse(day, batches) for day in days))


def last_audits(lake: Store, app_id: str | None = None) -> list[DayAudit]:
    """Give the last audit of each app and day, of all apps or of one."""
    where = pc.field("rule_id") == AUDIT_RULE
    if app_id is not None:
        where &= pc.field("app_id") == app_id
    columns = ["app_id", "event_date", "run_id", "checked_at", "verdict", "observed"]
    rows = LakeTable(lake, CHECKS).dataset().to_table(columns=columns, filter=where)
    found = {}
    for row in rows.sort_by([("checked_at", "ascending"), ("run_id", "ascending")]).to_pylist():
        found[row["app_id"], row["event_date"]] = DayAudit(
            app_id=row["app_id"],
            event_date=row["event_date"],
            run_id=row["run_id"],
            checked_at=row["checked_at"],
            verdict=Verdict(row["verdict"]),
            rows=int(row["observed"]),
        )
    return [found[key] for key in sorted(found)]


def describe_gate(verdict: GateVerdict) -> Iterator[str]:
    """Describe a verdict, and what to do, in lines for people."""
    days = f"{verdict.app_id} from {verdict.first} to {verdict.last}"
    if verdict.is_open:
        yield f"{days}: every day may be relied on."
        return
    yield f"{days}: {len(verdict.refused)} days may not be relied on."
    for each in verdict.refused:
        why = ", ".join(each.failed) or "its last audit"
        held = f"; held as {', '.join(each.batch_ids)}" if each.batch_ids else ""
        yield f"  {each.event_date}: failed {why}{held}"
    yield "Mend the cause and run pushlift ingest --reprocess, or pushlift quality release what is held."


def _refuse(day: date, batches: list[HeldBatch]) -> RefusedDay:
    mine = [batch for batch in batches if str(day) in batch.dates]
    failed = {str(check["rule_id"]) for batch in mine for check in batch.failed}
    return RefusedDay(day, tuple(batch.id for batch in mine), tuple(sorted(failed)))
