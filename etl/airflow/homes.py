"""A private Airflow: a folder with its own SQLite database and settings, on this machine alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import etl
from etl.errors import OperatorError, UsageError

DAGS: Final = Path(etl.__file__).parents[1] / "dags"
LOOPBACK: Final = "127.0.0.1"


def describe_home(home: Path, config: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment of an Airflow in `home` that runs the project's DAGs with this configuration.

    None of the caller's own Airflow settings get in. Raises UsageError where there are no DAGs.
    """
    if not DAGS.is_dir():
        raise UsageError(f"{DAGS}: there are no DAGs here; run from a checkout of the project.")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW_")}
    home = home.absolute()
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # Five processes write to the file; the default of 5 s is too short for a busy machine.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=30",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PUSHLIFT_CONFIG": str(config.absolute()),
        "no_proxy": ",".join(filter(None, [os.environ.get("no_proxy"), LOOPBACK, "localhost"])),
        **(more or {}),
    }


def name_command(*arguments: str) -> list[str]:
    """Give the command line of Airflow's own command, in this Python."""
    return [sys.executable, "-m", "airflow", *arguments]


def run_airflow(environment: Mapping[str, str], log: Path, *arguments: str) -> int:
    """Run Airflow's command to its end, its output appended to a log; gives its exit code."""
    with log.open("ab") as output:
        return subprocess.run(  # noqa: S603 - our own words
            name_command(*arguments),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def migrate_database(environment: Mapping[str, str]) -> None:
    """Make the database of a home, or bring it up to date; raises OperatorError where Airflow cannot."""
    home = Path(environment["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    log = home / "migrate.log"
    if run_airflow(environment, log, "db", "migrate"):
        raise OperatorError(f"Airflow could not make its database in {home}; {log} says why.")
