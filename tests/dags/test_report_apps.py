"""The DAG of apps' pages run whole, by Airflow."""

from __future__ import annotations

from pathlib import Path

from etl.jobs.ingest import ingest
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.runs import run_dag
from tests.dags.shops import APP, open_shop


def test_pages_are_written_into_the_lakes_store(
    airflow_home: Path, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """The task succeeds and says where they are; the page tells of the shop's purchases."""
    shop = open_shop(tmp_path / "shop", sandbox, 3)
    ingest(shop.settings)

    result = run_dag(airflow_home, shop.config, None, shop.variables, "report_apps")

    assert result.exit_code == 0, result.output[-3000:]
    assert result.states == {"report": {"success"}}
    names = sorted(path.name for path in Path(shop.settings.storage.lake, "_reports").iterdir())
    assert names[1] == "index.html"
    assert names[0].startswith(f"{APP}_")
    assert "3 events of" in result.output
