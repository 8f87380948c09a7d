"""The DAG of upkeep run whole, by Airflow."""

from __future__ import annotations

from pathlib import Path

from etl.jobs.ingest import ingest
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.runs import run_dag
from tests.dags.shops import open_shop


def test_upkeep_runs_over_a_lake(airflow_home: Path, sandbox: SandboxProcess, tmp_path: Path) -> None:
    """Both tasks succeed, what was published stays, and the log says what went."""
    shop = open_shop(tmp_path / "shop", sandbox, 3)
    ingest(shop.settings)

    result = run_dag(airflow_home, shop.config, None, shop.variables, "maintain_lake")

    assert result.exit_code == 0, result.output[-3000:]
    assert result.states == {"maintain": {"success"}, "forget": {"success"}}
    assert "0 settled rows lost their personal values." in result.output
