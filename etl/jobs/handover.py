"""Hand a run over between tasks, which may run on other machines: settled, then audited."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict
from typing import Any

from etl.errors import ObjectVanished, UsageError
from etl.jobs.auditing import AuditedRun
from etl.jobs.settling import SettledRun
from etl.lake.loads import LoadCounts
from etl.lake.plans import read_plan, write_plan
from etl.lake.spill import read_object_outcome
from etl.quality.records import check_from_json, check_to_json
from etl.stores import Store
from etl.stores.translating import explain_errors


def save_settled(scratch: Store, run_id: str, settled: SettledRun) -> None:
    """Keep a settled run in scratch: names and counts of files and objects, and profiles; no rows."""
    with explain_errors(scratch, run_id, is_write=True):
        scratch.fs.pipe_file(_settled_path(scratch, run_id), pickle.dumps(settled))


def load_settled(scratch: Store, run_id: str) -> SettledRun:
    """Read a settled run that `save_settled` kept."""
    with explain_errors(scratch, run_id):
        data = scratch.fs.cat_file(_settled_path(scratch, run_id))
    settled: SettledRun = pickle.loads(data)  # noqa: S301 - scratch holds only what runs of our own wrote
    return settled


def save_audited(scratch: Store, run_id: str, settled: SettledRun, audited: AuditedRun) -> None:
    """Keep the verdict on a settled run in scratch."""
    handed = {
        "plan": write_plan(audited.plan),
        "loads": [asdict(load) for load in audited.loads],
        "checks": [check_to_json(check) for check in audited.checks],
    }
    with explain_errors(scratch, run_id, is_write=True):
        scratch.fs.pipe_file(_verdict_path(scratch, run_id, settled), json.dumps(handed).encode())


def load_audited(scratch: Store, run_id: str, settled: SettledRun) -> AuditedRun:
    """Read the verdict on this very settling; raises UsageError where its audit came to none."""
    try:
        with explain_errors(scratch, run_id):
            data = scratch.fs.cat_file(_verdict_path(scratch, run_id, settled))
    except ObjectVanished:
        raise UsageError(
            f"Run {run_id} has no verdict, since its audit did not end, and nothing is published without one."
            " Mend what stopped the task audit, and clear it with all that follows."
        ) from None
    return _read_audited(json.loads(data))


def _read_audited(found: dict[str, Any]) -> AuditedRun:
    loads = (
        LoadCounts(**{**load, "outcome": read_object_outcome(load["outcome"])}) for load in found["loads"]
    )
    checks = (check_from_json(check) for check in found["checks"])
    return AuditedRun(read_plan(found["plan"]), tuple(loads), tuple(checks))


def _settled_path(scratch: Store, run_id: str) -> str:
    return scratch.path_of(f"{run_id}/settled.pickle")


def _verdict_path(scratch: Store, run_id: str, settled: SettledRun) -> str:
    return scratch.path_of(f"{run_id}/verdict-{settled.stem}.json")
