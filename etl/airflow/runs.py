"""Runs of DAGs by way of Airflow's REST API: trigger one, wait for it, answer what it asks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from etl.airflow.api import AirflowApi
from etl.airflow.local import LocalAirflow, await_truth
from etl.errors import OperatorError

RUN_SECONDS: Final = 240.0
# For few runs one after the other, of DAGs that nobody edits meanwhile: Airflow looks more often whether a
# task has ended, and less often whether a file has changed.
BRISK: Final[Mapping[str, str]] = {
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
# The scheduler starts no run by the clock or for an asset either, so that runs are those that are asked for.
QUIET: Final[Mapping[str, str]] = {**BRISK, "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False"}
LOOK_SECONDS: Final = 30.0
WAITING: Final = "awaiting_input"
APPROVE: Final = "Approve"
REJECT: Final = "Reject"


@dataclass(frozen=True, slots=True)
class DagRun:
    """A run that was triggered, and the Airflow that it is in."""

    airflow: LocalAirflow
    api: AirflowApi
    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"

    def read_state(self) -> str:
        """Read the run's state."""
        return str(self.api.call("GET", self.path).body.get("state"))

    def read_task_states(self) -> dict[str, set[str]]:
        """Read the states of each task's instances."""
        found: dict[str, set[str]] = {}
        for each in self.api.call("GET", f"{self.path}/taskInstances").body.get("task_instances", []):
            found.setdefault(each["task_id"], set()).add(str(each["state"]))
        return found

    def read_result(self, task_id: str) -> Any:  # noqa: ANN401 - whatever the task handed on
        """Read what a task handed on; None where it did not."""
        path = f"{self.path}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true"
        return self.api.call("GET", path).body.get("value")

    def await_state(self, *states: str, seconds: float = RUN_SECONDS) -> str:
        """Wait until the run is in one of the states; OperatorError where it failed and that is not one."""
        found = ""

        def is_there() -> bool:
            nonlocal found
            found = self.read_state()
            if found == "failed" and found not in states:
                raise OperatorError(f"The run of {self.dag_id} failed: {self._name_failed()}")
            return found in states

        await_truth(self.airflow, is_there, seconds)
        return found

    def await_question(self, task_id: str, seconds: float = RUN_SECONDS) -> dict[str, Any]:
        """Wait until a task asks a person; gives what it asks: `subject`, `body`, `options`.

        Airflow fails a task whose answer comes before its scheduler has heard that the task waits, mostly
        after a second. People are never that fast; this looks into the scheduler's log, and takes long
        without it.
        """
        since = 0.0

        def is_asked() -> bool:
            nonlocal since
            if self.read_state() in ("failed", "success"):
                raise OperatorError(f"The run of {self.dag_id} asked nobody: {self._name_failed()}")
            if self.read_task_states().get(task_id) != {WAITING}:
                return False
            since = since or time.monotonic()
            return self._is_heard(task_id) or time.monotonic() - since >= LOOK_SECONDS

        await_truth(self.airflow, is_asked, seconds)
        return self.api.call("GET", self._name_question(task_id)).body

    def _is_heard(self, task_id: str) -> bool:
        """Tell whether the scheduler has heard how the task's process ended."""
        log = self.airflow.home / "scheduler.log"
        heard = f"task_id='{task_id}', run_id='{self.run_id}'"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return any("Received executor event" in line and heard in line for line in lines)

    def answer(self, task_id: str, option: str) -> None:
        """Answer what a task asks, as the person who is logged in."""
        asked = self.api.call("PATCH", self._name_question(task_id), {"chosen_options": [option]})
        if not asked.is_ok:
            raise OperatorError(f"Airflow did not take the answer: {asked.status} {asked.body}")

    def _name_question(self, task_id: str) -> str:
        return f"{self.path}/taskInstances/{task_id}/-1/hitlDetails"

    def _name_failed(self) -> str:
        failed = [task for task, states in self.read_task_states().items() if "failed" in states]
        return f"its task {failed[0]} did; {self.airflow.home}/logs has why." if failed else "no task did."


def trigger_run(airflow: LocalAirflow, dag_id: str, conf: Mapping[str, Any] | None = None) -> DagRun:
    """Trigger a run as the button does, as soon as Airflow knows the DAG."""
    api = airflow.log_in()
    await_truth(airflow, lambda: api.call("GET", f"/api/v2/dags/{dag_id}").is_ok, RUN_SECONDS)
    asked = api.call(
        "POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": dict(conf or {})}
    )
    if not asked.is_ok:
        raise OperatorError(f"Airflow refused a run of {dag_id}: {asked.status} {asked.body}")
    return DagRun(airflow, api, dag_id, str(asked.body["dag_run_id"]))
