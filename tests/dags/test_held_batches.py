"""The DAG where an audit holds an app back, and where it comes to no verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from deltalake import DeltaTable

from etl.airflow.local import run_local_airflow
from etl.airflow.runs import QUIET, trigger_run
from etl.settings import load_settings
from tests.dags.runs import DagRunResult, run_dag
from tests.dags.test_ingest_push_events import ALL_TASKS, all_in
from tests.services.suites import BAD, GOOD, PLANTED, land_bad, write_suites
from tests.services.worlds import World

ROOT = Path(__file__).parents[2]


def write_landing(folder: Path) -> Path:
    """Land what one app is held of, and write its configuration."""
    write_suites(folder / "suites")
    (folder / "landing").mkdir()
    config = folder / "pushlift.toml"
    config.write_text("[ingest]\nworkers = 1\n[quality]\nexpectations = 'suites'\n", encoding="utf-8")
    land_bad(World(load_settings(config)))
    return config


def name_notifier(file: Path) -> Mapping[str, str]:
    """Name a notifier that writes to a file, as the environment does."""
    arguments = {"path": str(file), "text": "{{ dag.dag_id }}: {{ message }}"}
    notifiers = [{"notifier": "tests.dags.file_notifier.FileNotifier", "arguments": arguments}]
    return {"PUSHLIFT_NOTIFIERS": json.dumps(notifiers), "PYTHONPATH": str(ROOT)}


def apps_in(lake: Path) -> list[str]:
    """Name the apps whose events readers see."""
    return sorted(set(DeltaTable(lake / "events").to_pyarrow_table(columns=["app_id"])["app_id"].to_pylist()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder for a landing and a lake."""
    return tmp_path_factory.mktemp("held")


@pytest.fixture(scope="module")
def held(airflow_home: Path, folder: Path) -> DagRunResult:
    """Run the DAG over it."""
    return run_dag(airflow_home, write_landing(folder), more=name_notifier(folder / "told.txt"))


def test_the_others_are_published_and_the_run_ends_red(held: DagRunResult, folder: Path) -> None:
    """The audit fails, publish goes on all the same, and the report fails last."""
    assert held.exit_code == 1, held.output[-3000:]
    assert held.states == all_in("success", ALL_TASKS) | {"audit": {"failed"}, "report": {"failed"}}
    assert apps_in(folder / "lake") == [GOOD]


def test_the_audits_log_names_every_failed_check(held: DagRunResult) -> None:
    """And its error does; no value of a row is in it, and it is not tried again."""
    assert held.output.count("HeldBackError: 5 rows are held back, of com.bad") == 1
    assert "com.bad: required" in held.output
    assert PLANTED not in held.output
    assert "pushlift quality release" in held.output


def test_consumers_learn_the_verdict_of_each_app(held: DagRunResult) -> None:
    """With counts, and the rules that failed."""
    (counts,) = [extra for name, _, extra in held.asset_events if name == "pushlift://events"]

    assert counts["apps"][GOOD] == {"verdict": "passed", "published": 8, "held": 0, "failed": []}
    assert (counts["apps"][BAD]["verdict"], counts["apps"][BAD]["held"]) == ("failed", 5)
    assert len(counts["apps"][BAD]["failed"]) == 1


def test_people_are_told_once(held: DagRunResult, folder: Path) -> None:
    """By the notifier that the environment names, with the failed check."""
    told = (folder / "told.txt").read_text(encoding="utf-8")

    assert told.count("ingest_push_events: 5 rows are held back, of com.bad") == 1
    assert "com.bad: required" in told


def test_without_a_verdict_nothing_is_published(airflow_home: Path, tmp_path: Path) -> None:
    """A suite that cannot be judged by stops the run before anything is seen."""
    config = write_landing(tmp_path)
    write_suites(tmp_path / "suites", column="no_such_column")

    result = run_dag(airflow_home, config)

    assert result.exit_code == 1
    assert result.states["publish"] <= {"failed", "upstream_failed"}
    assert not (tmp_path / "lake" / "events" / "_delta_log" / "00000000000000000001.json").exists()


def test_a_real_scheduler_tells_people(tmp_path: Path) -> None:
    """Held rows reach the notifier through Airflow's own components, and the run fails."""
    config = write_landing(tmp_path)
    told = tmp_path / "told.txt"
    more = {**QUIET, **name_notifier(told)}
    with run_local_airflow(tmp_path / "home", config, is_paused=False, more=more) as airflow:
        assert trigger_run(airflow, "ingest_push_events").await_state("failed", "success") == "failed"
    assert told.read_text(encoding="utf-8").count("5 rows are held back, of com.bad") == 1
    assert apps_in(tmp_path / "lake") == [GOOD]
