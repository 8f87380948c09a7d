"""The DAG of continuous delivery run whole, by Airflow, against a sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.jobs.ingest import ingest
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.runs import DagRunResult, run_dag
from tests.dags.shops import Shop, open_shop

DAG_ID = "deliver_new_postbacks"
PURCHASES = 12
TASKS = ("plan", "deliver", "reconcile", "report")


@pytest.fixture(scope="module")
def shop(module_sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Ingest the purchases of a shop that wants its new events sent."""
    folder = tmp_path_factory.mktemp("continuous") / "shop"
    manners = "postbacks_per_second = 500\ncontinuous_limit = 100"
    shop = open_shop(folder, module_sandbox, PURCHASES, liftoff=manners, app="continuous = true")
    ingest(shop.settings)
    return shop


@pytest.fixture(scope="module")
def first(airflow_home: Path, shop: Shop) -> DagRunResult:
    """Run it after the ingest."""
    return run_dag(airflow_home, shop.config, None, shop.variables, DAG_ID)


def states_of(result: DagRunResult) -> list[set[str]]:
    """Give the states of the app's tasks."""
    return [result.states[f"app.{task}"] for task in TASKS]


def test_what_an_ingest_brought_is_sent(
    first: DagRunResult, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """In the configuration's name, without anybody's approval."""
    assert first.exit_code == 0, first.output[-3000:]
    assert states_of(first) == [{"success"}] * 4
    assert shop.count()["delivered"] == module_sandbox.state()["accepted_occurrences"] == PURCHASES
    assert shop.plans[-1].approved_by == "the configuration"


def test_where_nothing_came_nothing_is_done(
    airflow_home: Path, first: DagRunResult, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """The app is skipped, and the run is green."""
    again = run_dag(airflow_home, shop.config, None, shop.variables, DAG_ID)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert states_of(again) == [{"skipped"}] * 4
    assert module_sandbox.state()["received"] == PURCHASES


def test_without_an_app_that_enables_it_nothing_is_planned(
    airflow_home: Path, module_sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """It is off."""
    shop = open_shop(tmp_path / "shop", module_sandbox, 1)
    ingest(shop.settings)

    result = run_dag(airflow_home, shop.config, None, shop.variables, DAG_ID)

    assert result.exit_code == 0
    assert shop.plans == []


def test_more_than_the_limit_waits_for_a_person(
    airflow_home: Path, module_sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """The run is red and says how the plan is sent; nothing of it leaves."""
    manners = "postbacks_per_second = 500\ncontinuous_limit = 2"
    shop = open_shop(tmp_path / "shop", module_sandbox, 3, liftoff=manners, app="continuous = true")
    ingest(shop.settings)
    received = module_sandbox.state()["received"]

    result = run_dag(airflow_home, shop.config, None, shop.variables, DAG_ID)

    assert result.exit_code == 1
    assert f"run backfill_postbacks with plan_id = {shop.plans[-1].id}" in result.output
    assert shop.plans[-1].state == "planned"
    assert module_sandbox.state()["received"] == received
