"""The DAG of sweeps run whole, by Airflow, against a sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from etl.ledger.opt_outs import count_requests
from etl.ledger.upgrade import open_current_ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import load_settings
from tests.dags.runs import DagRunResult, run_dag
from tests.services.files import read_all

DAG_ID = "sweep_opt_outs"
IDFA = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"


@pytest.fixture(scope="module")
def config(module_sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drop a list of one id and some rubbish, and configure the sandbox as the partner."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "opt_outs" / "inbox").mkdir(parents=True)
    (folder / "opt_outs" / "inbox" / "a.csv").write_text(f"idfa\n{IDFA}\nrubbish\n", encoding="utf-8")
    config = folder / "pushlift.toml"
    config.write_text(f'[liftoff]\nopt_out_url = "{module_sandbox.opt_out_url}"\n', encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def swept(airflow_home: Path, config: Path, module_sandbox: SandboxProcess) -> DagRunResult:
    """Run the DAG."""
    variables = {
        "PUSHLIFT_HASH_KEY": "a-key",
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": module_sandbox.credentials.opt_out_user,
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": module_sandbox.credentials.opt_out_password,
    }
    return run_dag(airflow_home, config, None, variables, DAG_ID)


def test_a_list_is_swept(swept: DagRunResult, config: Path, module_sandbox: SandboxProcess) -> None:
    """Its person is accepted by the sandbox; the run is green, and the log has the counts."""
    assert swept.exit_code == 0, swept.output[-3000:]
    assert swept.states == {task: {"success"} for task in ("sweep", "watch_deadlines", "verify")}
    assert module_sandbox.state()["opt_outs"]["production"]["accepted"] == 1
    assert "1  accepted" in swept.output
    assert "1 requests are verified" in swept.output
    ledger = open_current_ledger(load_settings(config).storage.ledger)
    assert count_requests(ledger)["submission_due"] == 0


def test_nobody_is_named_outside_the_ledger(swept: DagRunResult) -> None:
    """Neither Airflow's database nor its logs nor its output hold the id, in any casing."""
    kept = swept.output.encode() + read_all(swept.home)

    assert IDFA.lower().encode() not in kept.lower()
    assert len(json.dumps(swept.xcoms)) < 1_000
