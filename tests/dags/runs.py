"""Run a DAG in a process of its own, and read what Airflow keeps of the run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.airflow.homes import describe_home
from etl.sample import Truth
from tests.dags.warm_airflow import run_airflow

INGEST = "ingest_push_events"


@dataclass(frozen=True, slots=True)
class DagRunResult:
    """What `airflow dags test` ended with, and what Airflow's database says of its run."""

    exit_code: int
    output: str
    run_id: str
    home: Path

    @property
    def states(self) -> dict[str, set[str]]:
        """The states of each task's instances."""
        states: dict[str, set[str]] = {}
        for task, state in self._select("select task_id, state from task_instance where run_id = ?"):
            states.setdefault(task, set()).add(state)
        return states

    @property
    def xcoms(self) -> dict[str, list[Any]]:
        """What each task handed on."""
        xcoms: dict[str, list[Any]] = {}
        for task, value in self._select("select task_id, value from xcom where run_id = ?"):
            xcoms.setdefault(task, []).append(json.loads(value))
        return xcoms

    @property
    def asset_events(self) -> list[tuple[str, str | None, dict[str, Any]]]:
        """The asset, the partition and the counts of each asset event."""
        query = (
            "select name, partition_key, asset_event.extra from asset_event"
            " join asset on asset.id = asset_id where source_run_id = ?"
        )
        return [(name, key, json.loads(extra)) for name, key, extra in self._select(query)]

    def _select(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "airflow.db")) as connection:
            return connection.execute(query, (self.run_id,)).fetchall()


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A run over sample exports: where they are, what they hold, what became of them."""

    folder: Path
    config: Path
    truth: Truth
    result: DagRunResult


def run_dag(
    home: Path,
    config: Path,
    conf: dict[str, Any] | None = None,
    more: Mapping[str, str] | None = None,
    dag_id: str = INGEST,
) -> DagRunResult:
    """Run a DAG once as `airflow dags test` does, as a user whom file permissions bind.

    `more` are variables for its environment.
    """
    output = home / "output.log"
    options = ["--conf", json.dumps(conf)] if conf else []
    code = run_airflow(describe_home(home, config, more), output, "dags", "test", dag_id, *options)
    with closing(sqlite3.connect(home / "airflow.db")) as connection:
        run_id: str = connection.execute("select run_id from dag_run order by id desc limit 1").fetchone()[0]
    return DagRunResult(code, output.read_text(encoding="utf-8"), run_id, home)
