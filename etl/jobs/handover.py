"""Hand a settled run over to the task that publishes it, which may run on another machine."""

from __future__ import annotations

import json
from dataclasses import asdict

from etl.jobs.settling import SettledRun
from etl.lake.loads import LoadCounts
from etl.lake.plans import read_plan, write_plan
from etl.lake.spill import read_object_outcome
from etl.quality.profile import read_profile, spell_profile
from etl.stores import Store
from etl.stores.translating import explain_errors


def save_settled(scratch: Store, run_id: str, settled: SettledRun) -> None:
    """Keep a settled run in scratch: names and counts of files and objects, never a row's values."""
    handed = {
        "plan": write_plan(settled.plan),
        "loads": [asdict(load) for load in settled.loads],
        "replaced": settled.replaced,
        "profile": spell_profile(settled.profile),
    }
    with explain_errors(scratch, run_id, is_write=True):
        scratch.fs.pipe_file(scratch.path_of(f"{run_id}/settled.json"), json.dumps(handed).encode())


def load_settled(scratch: Store, run_id: str) -> SettledRun:
    """Read a settled run that `save_settled` kept."""
    with explain_errors(scratch, run_id):
        found = json.loads(scratch.fs.cat_file(scratch.path_of(f"{run_id}/settled.json")))
    loads = tuple(
        LoadCounts(**{**load, "outcome": read_object_outcome(load["outcome"])}) for load in found["loads"]
    )
    return SettledRun(read_plan(found["plan"]), loads, found["replaced"], read_profile(found["profile"]))
