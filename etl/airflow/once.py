"""Run a DAG once, in a process of its own, without a scheduler."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

import typer

from etl.airflow.homes import describe_home, migrate_database, run_airflow

DAG_ID: Final = "ingest_push_events"
# The summary that the task `report` logs, and the error that fails a task.
SUMMARY: Final = re.compile(
    r"(Run \S+: .*?|Nothing new has landed\.) *\[etl\.airflow\.ingest_steps\]", re.DOTALL
)
ERROR: Final = re.compile(r"^(?:etl\.errors\.)?\w+(?:Error|Exception)?: .+$", re.MULTILINE)


def run_dag_once(config: Path, airflow_home: Path) -> int:
    """Run `ingest_push_events` once as `airflow dags test` does, and print what it came to.

    `airflow_home` may be fresh or used; all that Airflow prints is kept in its `ingest_push_events.log`.
    Gives 0 where the run succeeded, else 1.
    """
    started = time.monotonic()
    environment = describe_home(airflow_home, config)
    migrate_database(environment)
    log = airflow_home / f"{DAG_ID}.log"
    log.unlink(missing_ok=True)
    exit_code = run_airflow(environment, log, "dags", "test", DAG_ID)
    typer.echo("\n".join(describe_run(log.read_text(encoding="utf-8", errors="replace"))))
    state = "failed" if exit_code else "succeeded"
    typer.echo(f"{DAG_ID} {state} after {time.monotonic() - started:.0f} s; Airflow's output is in {log}")
    return 1 if exit_code else 0


def describe_run(log: str) -> list[str]:
    """Find the summary and the error, if there is one, in Airflow's output."""
    summaries = SUMMARY.findall(log)
    return [*summaries[-1:], *ERROR.findall(log)[-1:]]
