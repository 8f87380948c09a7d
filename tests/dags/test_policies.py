"""What every DAG keeps to, as Airflow itself reads the files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from etl.airflow.homes import DAGS

Described = Mapping[str, Any]
FILES = sorted(DAGS.glob("*.py"))
UNSTABLE = {"now", "today", "utcnow", "uuid4", "random", "token_hex"}


@pytest.fixture
def tasks(described: Described) -> dict[str, Mapping[str, Any]]:
    """Every task of every DAG."""
    return {
        f"{dag_id}.{task_id}": task
        for dag_id, dag in described["dags"].items()
        for task_id, task in dag["tasks"].items()
    }


def find_top_imports(file: Path) -> Iterator[str]:
    """Name the modules that a file imports whenever it is parsed."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def test_every_file_is_read_without_an_error(described: Described) -> None:
    """A DAG that cannot be imported vanishes from Airflow."""
    assert described["errors"] == {}
    assert len(described["dags"]) >= len(FILES)


IDS = {
    "backfill_postbacks": ["plan", "confirm", "decide", "approve", "deliver", "reconcile", "report"],
    "deliver_new_postbacks": ["list_apps", "app.plan", "app.deliver", "app.reconcile", "app.report"],
    "ingest_push_events": [
        "discover",
        "normalize",
        "settle",
        "audit",
        "publish",
        "report",
        "watch",
        "drop_scratch",
    ],
    "maintain_lake": ["maintain", "forget"],
    "report_apps": ["report"],
    "steer_postbacks": ["steer"],
    "sweep_opt_outs": ["sweep", "watch_deadlines", "verify"],
}


def test_ids_are_stable(described: Described) -> None:
    """History, pools and links hang on the names: a changed one starts from nothing."""
    found = {dag_id: sorted(dag["tasks"]) for dag_id, dag in described["dags"].items()}

    assert found == {dag_id: sorted(tasks) for dag_id, tasks in IDS.items()}


def test_parsing_brings_in_nothing_heavy(described: Described) -> None:
    """Airflow parses the files over and over, on machines that run no task."""
    assert described["loaded"] == {file.name: [] for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_airflow_is_imported_by_its_public_name_alone(file: Path) -> None:
    """All but `airflow.sdk` may change with any release."""
    foreign = [name for name in find_top_imports(file) if name.split(".")[0] == "airflow"]

    assert set(foreign) == {"airflow.sdk"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_reads_the_same_at_any_time(file: Path) -> None:
    """A clock or chance in a DAG file makes a new version of the DAG on every parse."""
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert not names & UNSTABLE


def test_every_dag_and_task_is_explained(described: Described, tasks: Mapping[str, Any]) -> None:
    """A person on call reads Airflow's pages, not the code."""
    assert all(dag["doc"] for dag in described["dags"].values())
    assert [name for name, task in tasks.items() if not task["doc"] or task["owner"] != "pushlift"] == []


def test_every_task_ends(tasks: Mapping[str, Any]) -> None:
    """A task that hangs would stop every run after it; a question to people has a time of its own."""
    assert [name for name, task in tasks.items() if not (task["timeout"] or task["is_asking"])] == []


def test_one_task_asks_people(tasks: Mapping[str, Any]) -> None:
    """Before anything is sent that a person asked for, and nowhere else."""
    assert [name for name, task in tasks.items() if task["is_asking"]] == ["backfill_postbacks.approve"]


def test_every_task_is_tried_again_later_and_later(tasks: Mapping[str, Any]) -> None:
    """What passes by itself needs nobody to get up at night; people are asked once."""
    assert [
        name
        for name, task in tasks.items()
        if not (task["is_asking"] or (task["retries"] and task["is_backing_off"]))
    ] == []


def test_what_a_task_hands_on_is_one_value(tasks: Mapping[str, Any]) -> None:
    """A dictionary that Airflow takes apart would stand in its database twice."""
    assert [name for name, task in tasks.items() if task["multiple_outputs"]] == []


def test_a_task_is_tried_again_only_where_that_can_help(tasks: Mapping[str, Any]) -> None:
    """`is_retryable` decides for our errors; a bug fails at once; a lost connection may pass."""
    for task in tasks.values():
        decisions = dict(task["retry_policy"])
        assert decisions.pop("TypeError")[0] == "fail"
        assert decisions.pop("ConnectionError")[0] == "default"
        assert all(
            action == ("retry" if is_retryable else "fail") for action, is_retryable in decisions.values()
        )


def test_no_run_is_made_up_for(described: Described) -> None:
    """An hour takes all that is unfinished, so that an hour without a run needs none."""
    dag = described["dags"]["ingest_push_events"]

    assert (dag["timetable"], dag["catchup"], dag["max_active_runs"]) == (
        "CronDataIntervalTimetable",
        False,
        1,
    )


def test_the_form_offers_a_range_and_reprocessing(described: Described) -> None:
    """All of it can be left out."""
    params = described["dags"]["ingest_push_events"]["params"]

    assert params["since"]["type"] == params["until"]["type"] == ["string", "null"]
    assert params["since"]["format"] == params["until"]["format"] == "date-time"
    assert params["reprocess"]["type"] == "boolean"


def test_consumers_are_told_by_who_made_it_visible(tasks: Mapping[str, Any]) -> None:
    """Nothing is announced that readers cannot see yet; and only one publish waits for the lock."""
    telling = {name: task["outlets"] for name, task in tasks.items() if task["outlets"]}

    assert telling == {
        "ingest_push_events.publish": ["pushlift://events", "pushlift://events/partitions"],
        "backfill_postbacks.reconcile": ["pushlift://postbacks"],
        "deliver_new_postbacks.app.reconcile": ["pushlift://postbacks"],
    }
    assert tasks["ingest_push_events.publish"]["max_active"] == 1


def test_a_backfill_is_a_dry_run_unless_told_otherwise(described: Described) -> None:
    """Whoever presses the button and nothing else sends nothing; all that a plan needs is in the form."""
    dag = described["dags"]["backfill_postbacks"]
    asked = {"app_id", "first_day", "last_day", "events", "rate", "test_mode", "dry_run", "reason"}

    assert dag["defaults"]["dry_run"] is True
    assert asked <= set(dag["params"])


def test_nothing_is_sent_before_somebody_approved(tasks: Mapping[str, Any]) -> None:
    """`deliver` follows the approval's confirmation alone, which a rejection skips."""
    assert tasks["backfill_postbacks.approve"]["downstream"] == ["confirm"]
    assert tasks["backfill_postbacks.confirm"]["trigger_rule"] == "none_failed"
    assert tasks["backfill_postbacks.confirm"]["downstream"] == ["deliver"]
    assert tasks["backfill_postbacks.deliver"]["trigger_rule"] == "all_success"
    assert tasks["backfill_postbacks.deliver"]["is_mapped"]


def test_outcomes_reach_the_lake_whatever_became_of_the_delivery(tasks: Mapping[str, Any]) -> None:
    """And the last task says how it ended."""
    for dag in ("backfill_postbacks.", "deliver_new_postbacks.app."):
        assert tasks[f"{dag}reconcile"]["trigger_rule"] == "all_done"
        assert tasks[f"{dag}report"]["downstream"] == []


def test_new_events_follow_an_ingest(described: Described) -> None:
    """One look at a time, for the asset that publishing announces."""
    dag = described["dags"]["deliver_new_postbacks"]

    assert (dag["timetable"], dag["max_active_runs"]) == ("AssetTriggeredTimetable", 1)


def test_the_watch_looks_every_hour(tasks: Mapping[str, Any]) -> None:
    """Nothing has landed where an app is silent."""
    assert tasks["ingest_push_events.watch"]["trigger_rule"] == "all_done"


def test_publish_waits_for_the_audit_and_goes_on_after_one_that_failed(tasks: Mapping[str, Any]) -> None:
    """The apps that are not held are published; the verdict in scratch says which."""
    assert tasks["ingest_push_events.audit"]["downstream"] == ["publish"]
    assert tasks["ingest_push_events.publish"]["trigger_rule"] == "all_done_min_one_success"


def test_scratch_is_dropped_whatever_happened_and_hides_no_failure(tasks: Mapping[str, Any]) -> None:
    """`report` is a last task too, and fails with whatever came before it."""
    assert tasks["ingest_push_events.drop_scratch"]["trigger_rule"] == "all_done"
    assert tasks["ingest_push_events.report"]["downstream"] == []
