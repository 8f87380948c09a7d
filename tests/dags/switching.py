"""The switches of a running Airflow's DAGs, as a person has them in its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from etl.airflow.api import AirflowApi
from etl.airflow.configuration import AIRFLOW_VARIABLE
from etl.airflow.local import LocalAirflow, await_truth

SECONDS = 600.0
END_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Switchboard:
    """An Airflow whose DAGs are off until a test switches them on, and its API."""

    airflow: LocalAirflow
    api: AirflowApi

    @contextmanager
    def switched_on(self, config: Path, *dag_ids: str) -> Iterator[None]:
        """Have tasks read this configuration, and DAGs run while the block does; then all runs have ended."""
        self._name_configuration(config)
        try:
            for dag_id in dag_ids:
                await_truth(self.airflow, partial(self._switch, dag_id, is_on=True), SECONDS)
            yield
            await_truth(self.airflow, lambda: not self._has_open_runs(), END_SECONDS)
        finally:
            for dag_id in dag_ids:
                self._switch(dag_id, is_on=False)

    def await_run(self, dag_id: str, *states: str) -> None:
        """Wait until a run that nobody asked for ends in one of the states, and no run in another."""

        def has_ended() -> bool:
            runs = self._list_runs(dag_id)
            ended = {run["state"] for run in runs} - {"queued", "running"}
            assert ended <= set(states), (dag_id, ended)
            assert not any(run["run_type"] == "manual" for run in runs), dag_id
            return bool(ended)

        await_truth(self.airflow, has_ended, SECONDS)

    def _name_configuration(self, config: Path) -> None:
        path, variable = "/api/v2/variables", {"key": AIRFLOW_VARIABLE, "value": str(config)}
        assert (
            self.api.call("PATCH", f"{path}/{AIRFLOW_VARIABLE}", variable).is_ok
            or self.api.call("POST", path, variable).is_ok
        )

    def _switch(self, dag_id: str, *, is_on: bool) -> bool:
        """Switch a DAG; False where Airflow does not know it yet."""
        return self.api.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": not is_on}).is_ok

    def _has_open_runs(self) -> bool:
        path = "/api/v2/dags/~/dagRuns?state=queued&state=running"
        return self.api.call("GET", path).body.get("total_entries") != 0

    def _list_runs(self, dag_id: str) -> list[Mapping[str, Any]]:
        answer = self.api.call("GET", f"/api/v2/dags/{dag_id}/dagRuns").body
        runs: list[Mapping[str, Any]] = answer.get("dag_runs", [])
        return runs
