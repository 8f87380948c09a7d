"""An Airflow home for the session, and what the DAG's runs left in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from etl.airflow.homes import describe_home, migrate_database
from etl.airflow.rehearsal import write_sample
from tests.dags.runs import DagRunResult, Rehearsed, run_dag

DESCRIBE = Path(__file__).with_name("describe_dags.py")


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make Airflow's database once; every run in it has a configuration of its own."""
    home = tmp_path_factory.mktemp("airflow-home")
    migrate_database(describe_home(home, home / "pushlift.toml"))
    return home


@pytest.fixture(scope="session")
def described(airflow_home: Path) -> Mapping[str, object]:
    """Describe the DAGs as Airflow reads them, in a process of its own."""
    environment = describe_home(airflow_home, airflow_home / "pushlift.toml")
    done = subprocess.run(
        [sys.executable, str(DESCRIBE)], env=environment, capture_output=True, text=True, check=True
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="session")
def ingested(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    """Run the DAG once over sample exports."""
    folder = tmp_path_factory.mktemp("ingested")
    config, truth = write_sample(folder)
    return Rehearsed(folder, config, truth, run_dag(airflow_home, config))


@pytest.fixture(scope="session")
def repeated(airflow_home: Path, ingested: Rehearsed) -> DagRunResult:
    """Run it again, where nothing has landed since."""
    return run_dag(airflow_home, ingested.config)
