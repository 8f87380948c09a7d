"""Backfills under a real scheduler: a person answers through the REST API, and things go wrong meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from etl.airflow.local import LocalAirflow, await_truth
from etl.airflow.runs import APPROVE, REJECT, DagRun, trigger_run
from etl.jobs.ingest import ingest
from etl.ledger.decisions import list_decisions
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.shops import Shop, open_shop
from tests.dags.switching import Switchboard

BACKFILL = "backfill_postbacks"
STEER = "steer_postbacks"
PURCHASES = 150
SECONDS = 600.0
# Rows of a sender that was killed wait for so many seconds, and everything else of that test must not.
MANNERS = """
postbacks_per_second = 8
test_postbacks_per_second = 500
canary = 0
connections = 4
claim_seconds = 20
"""


@pytest.fixture(scope="module")
def shop(module_sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Ingest a shop's purchases, which are sent slowly enough to get in their way."""
    folder = tmp_path_factory.mktemp("scheduled") / "shop"
    shop = open_shop(folder, module_sandbox, PURCHASES, liftoff=MANNERS)
    ingest(shop.settings)
    return shop


@pytest.fixture(scope="module", autouse=True)
def _switched_on(shop: Shop, switchboard: Switchboard) -> Iterator[None]:
    """Switch the DAGs on, over the shop."""
    with switchboard.switched_on(shop.config, BACKFILL, STEER):
        yield


def start(airflow: LocalAirflow, shop: Shop, **changes: object) -> DagRun:
    """Have the shop's day planned, and wait for the question."""
    run = trigger_run(airflow, BACKFILL, shop.ask(dry_run=False, **changes))
    question = run.await_question("approve", SECONDS)
    assert f"{PURCHASES}  postbacks would be sent" in question["body"]
    assert question["subject"].startswith(f"Send {PURCHASES} postbacks")
    return run


def steer(airflow: LocalAirflow, action: str, plan_id: str) -> None:
    """Decide about a plan by the DAG that is there for it."""
    conf = {"action": action, "plan_id": plan_id, "reason": "a test"}
    trigger_run(airflow, STEER, conf).await_state("success", seconds=SECONDS)


def clear_delivery(run: DagRun) -> None:
    """Clear `deliver` and what follows it, as the button does."""
    body = {
        "dry_run": False,
        "dag_run_id": run.run_id,
        "task_ids": ["deliver"],
        "include_downstream": True,
        "only_failed": False,
    }
    answer = run.api.call("POST", f"/api/v2/dags/{BACKFILL}/clearTaskInstances", body)
    assert answer.is_ok, answer.body


def find_senders(shop: Shop) -> list[int]:
    """Find the processes that send for the shop, as its ledger names them."""
    from sqlalchemy import select  # noqa: PLC0415 - for one test

    from etl.ledger.database import begin_read  # noqa: PLC0415 - the same
    from etl.ledger.postback_tables import senders  # noqa: PLC0415 - the same

    with begin_read(shop.ledger) as connection:
        query = select(senders.c.pid).where(senders.c.state == "active")
        return list(connection.execute(query).scalars())


def test_a_rejected_plan_is_cancelled(
    airflow: LocalAirflow, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """Nothing of it leaves; the run is green, and the ledger knows who said no."""
    run = start(airflow, shop)
    run.answer("approve", REJECT)

    assert run.await_state("success", seconds=SECONDS) == "success"
    assert run.read_task_states()["deliver"] == {"skipped"}
    plan = shop.plans[-1]
    assert plan.state == "cancelled"
    assert list_decisions(shop.ledger, plan.id)[-1].who == "admin (Airflow)"
    assert module_sandbox.state()["received"] == 0


def test_an_approved_test_plan_is_sent_and_reconciled(
    airflow: LocalAirflow, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """By all workers, in the approver's name; the sandbox' test mode counts what the ledger does."""
    run = start(airflow, shop, test_mode=True, workers=2)
    run.answer("approve", APPROVE)
    run.await_state("success", seconds=SECONDS)

    assert run.read_task_states()["deliver"] == {"success"}
    assert shop.plans[-1].approved_by == "admin (Airflow)"
    assert shop.count()["delivered"] == PURCHASES
    state = module_sandbox.state()
    assert state["test"]["accepted_occurrences"] == PURCHASES
    assert state["production"]["received"] == 0


def test_a_delivery_survives_pause_failure_and_a_kill(
    airflow: LocalAirflow, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """It is paused, resumed, marked failed and killed while it sends, and cleared after each.

    Nothing is accepted twice, and only what a kill left in the air is unknown.
    """
    run = start(airflow, shop)
    run.answer("approve", APPROVE)

    def has_sent(count: int) -> bool:
        assert run.read_state() in {"running", "queued"}
        return bool(module_sandbox.state()["production"]["received"] >= count and find_senders(shop))

    await_truth(airflow, lambda: has_sent(10), SECONDS)
    plan_id = shop.plans[-1].id
    steer(airflow, "pause", plan_id)
    run.await_state("failed", seconds=SECONDS)
    assert shop.count()["unknown"] == 0
    assert run.read_task_states()["deliver"] == {"failed"}

    steer(airflow, "resume", plan_id)
    clear_delivery(run)
    await_truth(airflow, lambda: has_sent(40), SECONDS)
    mark = {"new_state": "failed", "include_downstream": False}
    path = f"{run.path}/taskInstances/deliver/0"
    assert run.api.call("PATCH", path, mark).is_ok
    await_truth(airflow, lambda: not find_senders(shop), SECONDS)
    counts = shop.count()
    assert (counts["unknown"], counts["sending"]) == (0, 0)
    # What follows has the lake's lock, which it would leave behind if it were cleared meanwhile.
    run.await_state("failed", seconds=SECONDS)

    clear_delivery(run)
    await_truth(airflow, lambda: has_sent(70), SECONDS)
    (sender,) = find_senders(shop)
    os.kill(sender, signal.SIGKILL)
    await_truth(airflow, lambda: run.read_task_states()["deliver"] <= {"up_for_retry", "failed"}, SECONDS)
    clear_delivery(run)
    assert run.await_state("success", "failed", seconds=SECONDS)

    counts, state = shop.count(), module_sandbox.state()["production"]
    assert counts["delivered"] + counts["unknown"] == PURCHASES
    assert counts["unknown"] <= 4
    assert run.read_state() == ("failed" if counts["unknown"] else "success")
    assert state["accepted_twice"] == 0
    assert counts["delivered"] <= state["accepted_occurrences"] <= PURCHASES
