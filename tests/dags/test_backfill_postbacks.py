"""The DAG of backfills run whole, by Airflow, against a sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from etl.jobs.ingest import ingest
from etl.ledger.decisions import list_decisions
from etl.liftoff.sandbox.process import SandboxProcess
from tests.dags.runs import DagRunResult, run_dag
from tests.dags.shops import Shop, open_shop
from tests.dags.test_ingest_push_events import all_in, find_identifiers
from tests.services.files import read_all

DAG_ID = "backfill_postbacks"
PURCHASES = 40


@pytest.fixture(scope="module")
def shop(module_sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Ingest a shop's purchases; plans below a thousand need nobody's approval."""
    manners = "postbacks_per_second = 500\napproval_from = 1000"
    shop = open_shop(tmp_path_factory.mktemp("shop") / "shop", module_sandbox, PURCHASES, liftoff=manners)
    ingest(shop.settings)
    return shop


@pytest.fixture(scope="module")
def dry(airflow_home: Path, shop: Shop) -> DagRunResult:
    """Run the DAG as the form stands."""
    return run_dag(airflow_home, shop.config, shop.ask(reason=None), shop.variables, DAG_ID)


@pytest.fixture(scope="module")
def sent(airflow_home: Path, shop: Shop, dry: DagRunResult) -> DagRunResult:
    """Send the very plan of the dry run, by two tasks."""
    conf = {"plan_id": dry.xcoms["plan"][0]["plan_id"], "dry_run": False, "reason": "a test", "workers": 2}
    return run_dag(airflow_home, shop.config, conf, shop.variables, DAG_ID)


def test_a_dry_run_plans_and_sends_nothing(dry: DagRunResult, shop: Shop) -> None:
    """The price is in the log, the plan waits, and nothing after it ran but the report."""
    assert dry.exit_code == 0, dry.output[-3000:]
    assert dry.states == all_in("success", {"plan", "decide", "reconcile", "report"}) | all_in(
        "skipped", {"approve", "confirm", "deliver"}
    )
    assert f"{PURCHASES}  postbacks would be sent" in dry.output
    assert [plan.approved_by for plan in shop.plans if plan.id == dry.xcoms["plan"][0]["plan_id"]] == [None]


def test_the_planned_is_sent_by_all_workers_and_reconciled(
    sent: DagRunResult, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """The sandbox, the ledger and the lake tell the same."""
    assert sent.exit_code == 0, sent.output[-3000:]
    assert sent.states["deliver"] == {"success"}
    assert len(sent.xcoms["deliver"]) == 2
    assert sum(each["delivered"] for each in sent.xcoms["deliver"]) == PURCHASES
    assert shop.count()["delivered"] == PURCHASES
    assert module_sandbox.state()["accepted_occurrences"] == PURCHASES
    told = DeltaTable(shop.config.parent / "lake" / "postbacks").to_pyarrow_table()
    assert pc.value_counts(told["state"]).to_pylist() == [{"values": "delivered", "counts": PURCHASES}]


def test_consumers_learn_the_counts(sent: DagRunResult) -> None:
    """One event of the asset a reconciliation."""
    ((name, key, counts),) = sent.asset_events

    assert (name, key, counts["counts"]["delivered"]) == ("pushlift://postbacks", None, PURCHASES)


def test_who_had_it_sent_is_kept_with_the_reason(sent: DagRunResult, shop: Shop) -> None:
    """Below the configured size nobody is asked; whoever started the run answers for it."""
    (decision,) = list_decisions(shop.ledger, sent.xcoms["plan"][0]["plan_id"])

    assert (decision.decision, decision.reason) == ("approve", "a test")
    assert "Airflow" in decision.who


def test_tasks_exchange_small_json(sent: DagRunResult) -> None:
    """A plan's id, counts and its price."""
    assert len(json.dumps(sent.xcoms)) < 8_000


def test_airflow_keeps_no_identifier_and_no_key(dry: DagRunResult, sent: DagRunResult, shop: Shop) -> None:
    """Neither its database nor its logs nor its output hold a value of a personal field, or a secret."""
    kept = (dry.output + sent.output).encode() + read_all(sent.home)
    identifiers = find_identifiers(shop.config.parent / "lake") - {"com.example.ios"}

    assert len(identifiers) > PURCHASES
    assert [value for value in identifiers if value.encode() in kept] == []
    assert shop.variables["PUSHLIFT_LIFTOFF_API_KEY"].encode() not in kept


def test_the_same_days_again_send_nothing(
    airflow_home: Path, sent: DagRunResult, shop: Shop, module_sandbox: SandboxProcess
) -> None:
    """Another plan has nothing left to send, and its run is green."""
    again = run_dag(airflow_home, shop.config, shop.ask(dry_run=False), shop.variables, DAG_ID)

    assert (sent.exit_code, again.exit_code) == (0, 0)
    assert again.states["deliver"] == {"skipped"}
    assert module_sandbox.state()["received"] == PURCHASES


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"reason": None, "dry_run": False}, "Say why in `reason`"),
        ({"app_id": None}, "Give app_id"),
        ({"plan_id": "a-plan"}, "has its own app_id"),
    ],
    ids=["no reason", "no app", "a plan and its days"],
)
def test_a_form_that_contradicts_itself_is_refused(
    airflow_home: Path, shop: Shop, changes: dict[str, object], complaint: str
) -> None:
    """Before anything is planned; it is not tried again, and the run is red."""
    refused = run_dag(airflow_home, shop.config, shop.ask(**changes), shop.variables, DAG_ID)

    assert refused.exit_code == 1
    assert complaint in refused.output
    assert refused.states["plan"] == {"failed"}
    assert refused.states["report"] == {"upstream_failed"}
