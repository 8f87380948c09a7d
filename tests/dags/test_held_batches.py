"""The DAG where an audit holds an app back, and where it comes to no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dags.held import apps_in, name_notifier, write_landing
from tests.dags.runs import DagRunResult, run_dag
from tests.dags.test_ingest_push_events import ALL_TASKS, all_in
from tests.services.suites import BAD, GOOD, PLANTED, write_suites


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
