"""What people decide by the DAG that steers plans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from etl.airflow.steering_step import decide
from etl.errors import UsageError
from etl.jobs.steering import Word
from etl.ledger.decisions import list_decisions
from etl.ledger.plans import require_plan
from etl.settings import Settings
from tests.services.plans import Wanted, add_plan, describe_settings, open_ledger_of

WORD = Word("a reason", "ann (Airflow)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Configure a ledger."""
    return describe_settings(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", "http://127.0.0.1:1/v2/events")


def ask(action: str, plan_id: str | None = None, *, test_mode: bool = False) -> dict[str, Any]:
    """Fill in the form."""
    return {"action": action, "plan_id": plan_id, "test_mode": test_mode, "reason": WORD.reason}


def test_a_plan_is_paused_resumed_and_cancelled(settings: Settings) -> None:
    """Each decision is kept with who took it and why."""
    plan_id = add_plan(settings, Wanted(rows=2))
    ledger = open_ledger_of(settings)
    states = []
    for action in ("pause", "resume", "cancel"):
        decide(settings, ask(action, plan_id), WORD)
        states.append(require_plan(ledger, plan_id).state)

    assert states == ["paused", "approved", "cancelled"]
    assert {(each.who, each.reason) for each in list_decisions(ledger, plan_id)[1:]} == {
        (WORD.who, WORD.reason)
    }


def test_everything_is_stopped_and_started_again(settings: Settings) -> None:
    """In the mode that is named."""
    add_plan(settings, Wanted(rows=1))

    assert "Nothing leaves in test" in decide(settings, ask("stop", test_mode=True), WORD)
    assert "Nothing in production was stopped" in decide(settings, ask("start"), WORD)
    assert "The stop of test is lifted" in decide(settings, ask("start", test_mode=True), WORD)


def test_a_decision_about_a_plan_needs_the_plan(settings: Settings) -> None:
    """Nothing is guessed."""
    add_plan(settings, Wanted(rows=1))
    with pytest.raises(UsageError, match="plan_id"):
        decide(settings, ask("cancel"), WORD)


def test_what_is_unknown_is_decided_about(settings: Settings) -> None:
    """It says how many rows that were."""
    plan_id = add_plan(settings, Wanted(rows=1))

    assert decide(settings, ask("drop_unknown", plan_id), WORD).startswith("0 postbacks")
