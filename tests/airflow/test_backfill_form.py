"""What the form of a backfill asks for, which way the run goes, and who is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from etl.airflow.backfill_form import (
    Planned,
    choose_way,
    is_rejected,
    name_approver,
    name_user,
    read_order,
)
from etl.airflow.backfill_steps import complain, share_out
from etl.errors import UsageError
from etl.jobs.planning.request import PlanRequest

FORM: dict[str, Any] = {
    "app_id": "id1",
    "first_day": "2026-09-01",
    "last_day": "2026-09-21",
    "events": None,
    "rate": None,
    "workers": 1,
    "test_mode": False,
    "failed_days": "refuse",
    "dry_run": True,
    "reason": None,
    "plan_id": None,
}
PLANNED = Planned(
    plan_id="p",
    plan_hash="h",
    app_id="id1",
    mode="production",
    state="planned",
    postbacks=10,
    lasts="1 s",
    price="…",
    asks=True,
)
COUNTS = {"queued": 0, "sending": 0, "delivered": 5, "refused": 1, "unknown": 0, "excluded": 2}


def test_the_form_is_a_request_for_a_plan() -> None:
    """Every field that a plan has."""
    asked = {**FORM, "events": ["purchase"], "test_mode": True, "failed_days": "exclude", "reason": " why "}

    assert read_order(asked, "Ann").request == PlanRequest(
        "id1",
        date(2026, 9, 1),
        date(2026, 9, 21),
        events=("purchase",),
        mode="test",
        failed_days="exclude",
        reason="why",
        who="Ann",
    )


def test_a_plan_that_is_there_is_not_made_again() -> None:
    """Its own app and days count."""
    order = read_order({**FORM, "app_id": None, "first_day": None, "last_day": None, "plan_id": "p"}, None)

    assert (order.request, order.plan_id) == (None, "p")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"dry_run": False}, "reason"),
        ({"dry_run": False, "reason": "  "}, "reason"),
        ({"last_day": None}, "last_day"),
        ({"first_day": "1.9.2026"}, "2026-09-01"),
        ({"plan_id": "p"}, "leave them empty"),
        ({"first_day": "2026-09-30"}, "before the first"),
    ],
    ids=["no reason", "blank reason", "no day", "no date", "plan and days", "days turned round"],
)
def test_what_is_missing_or_contradicts_itself_is_refused(changes: dict[str, Any], complaint: str) -> None:
    """With a word on what to fill in."""
    with pytest.raises(UsageError, match=complaint):
        read_order({**FORM, **changes}, None)


@pytest.mark.parametrize(
    ("changes", "is_dry_run", "way"),
    [
        ({}, False, "approve"),
        ({"asks": False}, False, "confirm"),
        ({"state": "approved", "asks": False}, False, "confirm"),
        ({}, True, None),
        ({"postbacks": 0}, False, None),
        ({"state": "paused", "asks": False}, False, None),
        ({"state": "cancelled", "asks": False}, False, None),
        ({"state": "finished", "asks": False}, False, None),
    ],
)
def test_a_person_is_asked_before_anything_is_sent(
    changes: dict[str, Any], *, is_dry_run: bool, way: str | None
) -> None:
    """Unless the plan is small, or approved already; what is over or paused goes no way at all."""
    planned: Any = {**PLANNED, **changes}

    assert choose_way(planned, is_dry_run=is_dry_run) == way


def test_the_rate_that_was_asked_for_is_shared_by_the_workers() -> None:
    """Together they send no faster."""
    order = read_order({**FORM, "rate": 12.0, "workers": 4}, None)

    assert [each["per_second"] for each in share_out(PLANNED, order)] == [3.0] * 4


@dataclass(frozen=True, slots=True)
class Run:
    """As much of Airflow's run as is read."""

    triggering_user_name: str | None


def test_people_are_named_as_airflow_knows_them() -> None:
    """Whoever triggered the run, and whoever answered; nobody, where nobody did."""
    answer = {"chosen_options": ["Reject"], "responded_by_user": {"id": "7", "name": "ann"}}

    assert (name_user(Run("bob")), name_user(Run(None))) == ("bob (Airflow)", None)
    assert (name_approver(answer), name_approver(None)) == ("ann (Airflow)", None)
    assert (is_rejected(answer), is_rejected(None)) == (True, False)


@pytest.mark.parametrize(
    ("state", "changes", "is_dry_run", "complaint"),
    [
        ("finished", {}, False, None),
        ("finished", {"unknown": 2}, False, "never answered"),
        ("approved", {"queued": 3}, False, "clear deliver"),
        ("paused", {"queued": 3}, False, "resume the plan"),
        ("planned", {"queued": 3}, False, "Nobody approved"),
        ("planned", {"queued": 3}, True, None),
        ("planned", {}, False, None),
        ("cancelled", {}, False, None),
    ],
)
def test_a_run_is_green_only_where_the_plan_came_to_its_end(
    state: str, changes: dict[str, int], *, is_dry_run: bool, complaint: str | None
) -> None:
    """Or nobody wanted it to; else the last task says what to do."""
    found = complain("p", state, {**COUNTS, **changes}, is_dry_run=is_dry_run)

    assert (found is None) if complaint is None else (found is not None and complaint in found)
