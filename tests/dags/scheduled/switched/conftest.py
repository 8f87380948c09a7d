"""One Airflow for all modules of this folder: each configures it, and switches on the DAGs that it tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.airflow.local import LocalAirflow, run_local_airflow
from etl.airflow.runs import BRISK
from etl.liftoff.sandbox.credentials import Credentials
from tests.dags.held import name_notifier
from tests.dags.switching import Switchboard


@pytest.fixture(scope="package")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """Run an Airflow whose DAGs wait to be switched on, and whose configuration its Variable names."""
    folder, credentials = tmp_path_factory.mktemp("switched"), Credentials()
    more = {
        **BRISK,
        # A task that is lost without a word, as killed ones may be, is missed after a minute instead of five.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        **name_notifier(folder / "told.txt"),
        "PUSHLIFT_CONFIG": "",
        "PUSHLIFT_LIFTOFF_API_KEY": credentials.api_key,
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": credentials.opt_out_user,
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": credentials.opt_out_password,
        "PUSHLIFT_HASH_KEY": "a-key",
    }
    with run_local_airflow(folder / "home", folder / "pushlift.toml", is_paused=True, more=more) as airflow:
        yield airflow


@pytest.fixture(scope="package")
def told(airflow: LocalAirflow) -> Path:
    """Name the file to which the notifier writes."""
    return airflow.home.parent / "told.txt"


@pytest.fixture(scope="package")
def switchboard(airflow: LocalAirflow) -> Switchboard:
    """Log in to it."""
    return Switchboard(airflow, airflow.log_in())
