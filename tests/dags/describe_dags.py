"""Print what Airflow reads in `dags/` as one line of JSON; run in a process of its own."""

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

HEAVY = frozenset(
    {"deltalake", "duckdb", "numpy", "pandas", "polars", "pyarrow", "etl.jobs", "etl.lake", "etl.settings"}
)


def load_files(folder: str) -> dict[str, list[str]]:
    """Import each DAG file, and name the heavy modules that it brought in."""
    found = {}
    for file in sorted(Path(folder).glob("*.py")):
        runpy.run_path(str(file))
        found[file.name] = sorted(name for name in sys.modules if name in HEAVY)
    return found


def describe_task(task: Any) -> dict[str, Any]:  # noqa: ANN401 - one of Airflow's many kinds
    """Describe one task."""
    return {
        "owner": task.owner,
        "doc": task.doc_md,
        "retries": task.retries,
        "is_backing_off": bool(task.retry_exponential_backoff),
        "retry_policy": decide_retries(task.retry_policy),
        "timeout": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "is_asking": getattr(task, "response_timeout", None) is not None,
        "pool": task.pool,
        "trigger_rule": str(task.trigger_rule.value),
        "outlets": [outlet.name for outlet in task.outlets],
        "downstream": sorted(task.downstream_task_ids),
        "is_mapped": task.is_mapped,
        "max_active": task.max_active_tis_per_dag,
        "multiple_outputs": getattr(task, "multiple_outputs", False),
    }


def decide_retries(policy: Any) -> dict[str, tuple[str, bool | None]]:  # noqa: ANN401 - None, or a policy
    """Ask a policy about each of our errors, a bug and a lost connection; beside each, its `is_retryable`."""
    from etl import errors  # noqa: PLC0415 - after the DAG files, which must not need it

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    cases = [*kinds, TypeError, ConnectionError]
    return {
        kind.__name__: (policy.evaluate(kind("…"), 1, 3).action.value, getattr(kind, "is_retryable", None))
        for kind in cases
    }


def describe_dag(dag: Any) -> dict[str, Any]:  # noqa: ANN401 - Airflow's DAG
    """Describe one DAG."""
    return {
        "doc": dag.doc_md,
        "timetable": type(dag.timetable).__name__,
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "params": {name: dag.params.get_param(name).schema for name in dag.params},
        "defaults": {
            name: param.value for name in dag.params if (param := dag.params.get_param(name)).has_value
        },
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
    }


if __name__ == "__main__":
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    loaded = load_files(folder)
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=folder)
    dags = {dag_id: describe_dag(dag) for dag_id, dag in bag.dags.items()}
    found = {"loaded": loaded, "errors": bag.import_errors, "dags": dags}
    sys.stdout.write("\n" + json.dumps(found) + "\n")
