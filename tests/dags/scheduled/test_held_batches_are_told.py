"""Held batches under a real scheduler."""

from __future__ import annotations

from pathlib import Path

from etl.airflow.local import run_local_airflow
from etl.airflow.runs import QUIET, trigger_run
from tests.dags.held import apps_in, name_notifier, write_landing
from tests.services.suites import GOOD


def test_people_are_told(tmp_path: Path) -> None:
    """Held rows reach the notifier through Airflow's own components, and the run fails."""
    config = write_landing(tmp_path)
    told = tmp_path / "told.txt"
    more = {**QUIET, **name_notifier(told)}
    with run_local_airflow(tmp_path / "home", config, is_paused=False, more=more) as airflow:
        assert trigger_run(airflow, "ingest_push_events").await_state("failed", "success") == "failed"
    assert told.read_text(encoding="utf-8").count("5 rows are held back, of com.bad") == 1
    assert apps_in(tmp_path / "lake") == [GOOD]
