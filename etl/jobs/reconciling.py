"""The story of a reconciliation: what became of a plan's postbacks goes into the lake, and is added up.

Rows go once for each state that they come to: one that was unknown and was resolved later has two rows, of
which the later counts. A slice of them is a publish of its own, recorded before it is made, and the ledger
notes what the lake has in the transaction that ends it: a kill loses nothing and tells nothing twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa

from etl.jobs.ingest import hold_publish_lock
from etl.jobs.runs import name_run
from etl.lake.drafts import DraftFile, write_draft
from etl.lake.plans import PublishPlan
from etl.lake.publish import publish_drafts
from etl.lake.tables import POSTBACKS, SETTLED_TABLES, open_or_create
from etl.ledger.database import AnyRow, Ledger
from etl.ledger.drafts import Draft, register_drafts
from etl.ledger.exported import describe_exported, read_news
from etl.ledger.plans import Plan, list_plans, require_plan
from etl.ledger.progress import count_states
from etl.ledger.purging import has_personal, purge_personal
from etl.ledger.scrubbing import note_scrubbing, scrub_if_noted
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Settings
from etl.stores import Store, open_store

SLICE_ROWS: Final = 100_000
_NAMES: Final = (
    "position",
    "occurrence_id",
    "event_id",
    "liftoff_app_id",
    "mode",
    "event_date",
    "source_name",
    "event_name",
    "state",
    "code",
    "attempts",
    "status",
    "first_attempt_at",
    "settled_at",
)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How a plan stands: its rows by state, and how many outcomes this run brought into the lake."""

    plan_id: str
    app_id: str
    mode: str
    state: str
    counts: dict[str, int]
    exported: int

    @property
    def open(self) -> int:
        """Rows of which nobody knows the end yet."""
        return self.counts["queued"] + self.counts["sending"] + self.counts["unknown"]


def reconcile_plan(settings: Settings, plan_id: str, now: datetime | None = None) -> Reconciliation:
    """Bring a plan's new outcomes into the lake's table `postbacks`; UsageError where there is none."""
    ledger = open_current_ledger(settings.storage.ledger)
    plan = require_plan(ledger, plan_id)
    exported = 0
    while plan.state != "drafting" and (count := export_slice(settings, plan, now or datetime.now(UTC))):
        exported += count
    counts = count_states(ledger, plan_id)
    return Reconciliation(
        plan.id, plan.app_id, plan.mode, require_plan(ledger, plan_id).state, counts, exported
    )


def reconcile_all(settings: Settings) -> list[Reconciliation]:
    """Do it for every plan that was approved once."""
    ledger = open_current_ledger(settings.storage.ledger)
    return [reconcile_plan(settings, plan.id) for plan in list_plans(ledger) if plan.approved_at]


def forget_personal_values(settings: Settings, now: datetime | None = None) -> int:
    """Let the personal values of rows that were settled long enough ago leave the ledger, and its files."""
    before = (now or datetime.now(UTC)) - timedelta(days=settings.liftoff.keep_personal_days)
    ledger = open_current_ledger(settings.storage.ledger)
    if has_personal(ledger, before):
        note_scrubbing(ledger)
    count = purge_personal(ledger, before)
    scrub_if_noted(ledger)
    return count


def export_slice(settings: Settings, plan: Plan, now: datetime) -> int:
    """Publish the next outcomes that the lake does not have, some at most; gives how many."""
    lake = open_store(settings.storage.lake, settings.storage.options)
    with hold_publish_lock(settings) as (ledger, fence):
        rows = read_news(ledger, plan.id, SLICE_ROWS)
        if not rows:
            return 0
        run_id = name_run(now)
        draft = _write(lake, ledger, _tabulate(plan, rows, run_id, now), run_id, now)
        versions = tuple((table.name, open_or_create(lake, table).version()) for table in SETTLED_TABLES)
        publish = PublishPlan(run_id, now, versions, (draft,), ())
        exported = describe_exported(plan.id, ((row.position, row.state) for row in rows))
        publish_drafts(lake, ledger, fence, replace(publish, exported=exported))
    return len(rows)


def describe_reconciliation(report: Reconciliation) -> Iterator[str]:
    """Describe a reconciliation in lines for people."""
    counts = ", ".join(f"{count:,} {state}" for state, count in report.counts.items() if count)
    yield f"Plan {report.plan_id} ({report.app_id}, {report.mode}) is {report.state}: {counts or 'empty'}."
    yield f"  {report.exported:,} outcomes are new in the lake's table postbacks."


def _write(lake: Store, ledger: Ledger, table: pa.Table, run_id: str, now: datetime) -> DraftFile:
    path = f"{run_id}-{secrets.token_hex(4)}.parquet"
    register_drafts(ledger, [Draft(f"{POSTBACKS.name}/{path}", POSTBACKS.name, run_id, 0, now)])
    draft = write_draft(lake, POSTBACKS, path, [table])
    assert draft is not None  # noqa: S101 - there are rows
    return draft


def _tabulate(plan: Plan, rows: Sequence[AnyRow], run_id: str, now: datetime) -> pa.Table:
    constants = {
        "plan_id": plan.id,
        "app_id": plan.app_id,
        "planned_at": plan.created_at,
        "exported_at": now,
        "run_id": run_id,
    }
    columns = dict(zip(_NAMES, zip(*rows, strict=True), strict=True))
    columns |= {name: (value,) * len(rows) for name, value in constants.items()}
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in POSTBACKS.schema})
