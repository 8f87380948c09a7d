"""Continuous delivery under a real scheduler."""

from __future__ import annotations

from pathlib import Path

from etl.airflow.api import AirflowApi
from etl.airflow.local import await_truth, run_local_airflow
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.shops import open_shop


def test_what_an_ingest_published_is_sent(module_sandbox: SandboxProcess, tmp_path: Path) -> None:
    """The ingest that is due runs by the clock, and what it announces starts the delivery."""
    manners = "postbacks_per_second = 500"
    shop = open_shop(tmp_path / "shop", module_sandbox, 5, liftoff=manners, app="continuous = true")
    more = {**shop.variables, "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5"}
    with run_local_airflow(tmp_path / "home", shop.config, is_paused=False, more=more) as airflow:
        api = airflow.log_in()
        await_truth(airflow, lambda: has_run(api), 600)

    assert shop.count()["delivered"] == module_sandbox.state()["accepted"] == 5


def has_run(api: AirflowApi) -> bool:
    """Tell whether the delivery has run, and well."""
    runs = api.call("GET", "/api/v2/dags/deliver_new_postbacks/dagRuns").body.get("dag_runs", [])
    states = [run["state"] for run in runs]
    assert "failed" not in states
    return "success" in states
