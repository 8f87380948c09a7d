"""A plan of two million rows: it is sent from, steered and ended like a small one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sqlalchemy import event

from etl.errors import UsageError
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.planning.reading import read_plan_report
from etl.jobs.policies import build_policy
from etl.jobs.steering import Word, approve, steer
from etl.ledger.plan_rows import add_postbacks
from etl.ledger.plans import NewPlan, PlanCount, finish_plan, start_plan
from etl.ledger.progress import count_states
from etl.ledger.upgrade import open_current_ledger, upgrade_ledger
from etl.liftoff.policy import configuration_hash
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Settings
from tests.services.plans import APP, Wanted, describe_postback, describe_settings, make_secrets

ROWS: Final = 2_000_000
SLICE: Final = 200_000
DEVICE: Final = "00000000-0000-4000-8000-"


def tabulate(first: int) -> pa.Table:
    """Make a slice of rows that differ in occurrence and device."""
    at = datetime.now(UTC) - timedelta(hours=1)
    numbers = range(first, first + SLICE)
    ids = pa.array([f"{number:032x}" for number in numbers])
    told = describe_postback(0, at, Wanted()) | {"device_id": "DEVICE"}
    before, after = json.dumps(told).split("DEVICE")
    ends = pc.utf8_upper(pc.utf8_slice_codeunits(ids, 20))
    return pa.table(
        {
            "position": pa.array(numbers, pa.int64()),
            "occurrence_id": ids,
            "event_id": ids,
            "event_date": pa.array([at.date()] * SLICE, pa.date32()),
            "source_name": ["af_purchase"] * SLICE,
            "event_name": ["purchase"] * SLICE,
            "parameters": pc.binary_join_element_wise(before + DEVICE, ends, after, ""),
            "subjects": ids,
        }
    )


def add_plan(settings: Settings) -> str:
    """Write the plan into the ledger, as planning does, but do not wait for the disk."""
    upgrade_ledger(settings.storage.ledger).engine.dispose()
    ledger = open_current_ledger(settings.storage.ledger)
    event.listen(ledger.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF"))
    policy = build_policy(settings, APP, "production")
    day = datetime.now(UTC).date()
    asked = json.dumps({"from": str(day), "to": str(day)})
    new = NewPlan("millions", APP, policy.liftoff_app_id, "production", asked, configuration_hash(policy))
    plan = start_plan(ledger, new)
    for first in range(0, ROWS, SLICE):
        add_postbacks(ledger, plan, tabulate(first))
    finish_plan(ledger, plan.id, "hash", [PlanCount(day, "purchase", "planned", ROWS)], '{"per_second": 500}')
    ledger.engine.dispose()
    return plan.id


def test_two_million_planned_rows(tmp_path: Path, sandbox: SandboxProcess) -> None:
    """Priced, approved, begun, interrupted, paused, resumed and cancelled: every row is in one state."""
    settings = describe_settings(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", sandbox.postback_url)
    secrets = make_secrets(sandbox.credentials.api_key)
    plan_id = add_plan(settings)
    ledger = open_current_ledger(settings.storage.ledger)
    assert read_plan_report(ledger, plan_id).queued == ROWS
    approve(settings, plan_id, Word("a test"))

    report = run_delivery(
        Delivery(settings, secrets, should_stop=lambda: sandbox.state()["accepted"] >= 50), plan_id
    )

    assert report.stopped == "interrupted"
    steer(settings, "pause", plan_id, Word("a test"))
    with pytest.raises(UsageError, match="paused"):
        run_delivery(Delivery(settings, secrets), plan_id)
    steer(settings, "resume", plan_id, Word("a test"))
    steer(settings, "cancel", plan_id, Word("a test"))
    counts = count_states(ledger, plan_id)
    assert counts["delivered"] == sandbox.state()["accepted_occurrences"] >= 50
    assert counts["delivered"] + counts["cancelled"] == ROWS
