"""What an app's page tells of the ledger: plans, deliveries, deadlines; counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from etl.jobs.reporting.ledger_figures import add_ledger_figures, gather_ledger_figures
from etl.ledger.bulk import insert_in_bulk
from etl.ledger.database import Ledger
from etl.ledger.opt_outs import NewRequest, Request, add_requests
from etl.ledger.plans import NewPlan, PlanCount, finish_plan, start_plan
from etl.ledger.postback_tables import postbacks
from etl.ledger.upgrade import upgrade_ledger
from etl.reports.app_figures import AppFigures, Deadline, Postbacks
from etl.reports.figures import Period
from etl.reports.funnel import Fate, Refusal, list_fates, list_refusals, sum_fates
from tests.reports.lakes import at
from tests.services.worlds import World

APP: Final = "com.a"
PERIOD: Final = Period(date(2026, 11, 1), date(2026, 11, 3))
NOW: Final = at("2026-11-04 12:00")
# An occurrence, its UTC day in November, its state, its code, and whether it was asked.
Line = tuple[str, int, str, str | None, bool]


def plan(ledger: Ledger, plan_id: str, lines: Sequence[Line], **changes: Any) -> None:  # noqa: ANN401 - of a plan's fields
    """Write a plan and its rows as they are."""
    counts = changes.pop("counts", ())
    new = {"id": plan_id, "app_id": APP, "liftoff_app_id": "lift", "mode": "production", "filter": "{}"}
    start_plan(ledger, NewPlan(**(new | {"configuration_hash": ""} | changes)))
    rows = pa.table(
        {
            "position": pa.array(range(len(lines)), pa.int64()),
            "occurrence_id": [line[0] for line in lines],
            "event_id": [line[0] for line in lines],
            "event_date": pa.array([date(2026, 11, line[1]) for line in lines], pa.date32()),
            "state": [line[2] for line in lines],
            "code": pa.array([line[3] for line in lines], pa.string()),
            "attempts": pa.array([int(line[4]) for line in lines], pa.int64()),
        }
    )
    constants = {"plan_id": plan_id, "liftoff_app_id": "lift", "mode": changes.get("mode", "production")}
    constants |= {"source_name": "af_purchase", "event_name": "purchase"}
    insert_in_bulk(ledger, postbacks, rows, constants)
    finish_plan(ledger, plan_id, "0" * 64, counts, "{}")


def gather(url: str, world: World) -> AppFigures:
    """Gather the app's figures of a ledger."""
    storage = world.settings.storage.model_copy(update={"ledger": url})
    settings = world.settings.model_copy(update={"storage": storage})
    found = gather_ledger_figures(settings, [APP], PERIOD)
    return add_ledger_figures(AppFigures(APP, PERIOD, NOW), found, alert_days=7)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, local_world: World) -> str:
    """Give a ledger of each kind."""
    if request.param == "postgres":
        postgres: str = request.getfixturevalue("postgres_url")
        return postgres
    return local_world.settings.storage.ledger


def test_an_occurrence_counts_once_by_the_best_that_became_of_it(url: str, local_world: World) -> None:
    """Refused in one plan and delivered in another it is accepted; refused twice it is refused once."""
    ledger = upgrade_ledger(url)
    plan(ledger, "1", [("a", 1, "refused", "http_400", True), ("b", 2, "refused", "http_400", True),
                       ("c", 3, "unknown", None, True), ("d", 3, "cancelled", None, False),
                       ("e", 4, "delivered", None, True)])  # fmt: skip
    plan(ledger, "2", [("a", 1, "delivered", None, True), ("b", 2, "refused", "gave_up", True),
                       ("d", 3, "queued", None, False), ("f", 1, "excluded", "suppressed", False),
                       ("g", 2, "cancelled", None, True)])  # fmt: skip

    figures = gather(url, local_world)

    assert set(figures.postbacks) == {
        Postbacks("af_purchase", "delivered", None, 1, 1),
        Postbacks("af_purchase", "refused", "gave_up", 1, 1),
        Postbacks("af_purchase", "unknown", None, 1, 1),
        Postbacks("af_purchase", "queued", None, 1, 0),
        Postbacks("af_purchase", "excluded", "suppressed", 1, 0),
        Postbacks("af_purchase", "cancelled", None, 2, 1),
    }
    # a, b, c and g were sent; d stands in two plans as waiting and as withdrawn.
    assert sum_fates(figures) == Fate("", 7, sent=4, accepted=1, refused=1, unknown=1, waiting=1, withdrawn=3)
    assert list_refusals(figures) == (
        Refusal("cancelled", "", 2),
        Refusal("excluded", "suppressed", 1),
        Refusal("refused", "gave_up", 1),
    )


def test_plans_of_others_and_tests_are_told_apart(url: str, local_world: World) -> None:
    """What was sent in test mode is a note; another app's plan is nothing."""
    ledger = upgrade_ledger(url)
    plan(ledger, "1", [("a", 1, "delivered", None, True), ("b", 1, "queued", None, False)], mode="test")
    plan(ledger, "2", [("a", 1, "delivered", None, True)], app_id="com.b")

    figures = gather(url, local_world)

    assert (figures.postbacks, figures.test_postbacks) == ((), 1)
    assert list_fates(figures) == ()


def test_what_plans_left_out_is_counted_as_often_as_they_did(url: str, local_world: World) -> None:
    """By code, most first, of the period's days alone; what was planned is not among them."""
    ledger = upgrade_ledger(url)
    first, later = date(2026, 11, 1), date(2026, 11, 9)
    counts = [
        PlanCount(first, "af_purchase", "planned", 5),
        PlanCount(first, "af_purchase", "timestamp_too_old", 2),
        PlanCount(first, "af_login", "unmapped_event", 9),
        PlanCount(later, "af_login", "unmapped_event", 100),
    ]
    plan(ledger, "1", [], counts=counts)
    plan(ledger, "2", [], counts=counts[1:2])
    plan(ledger, "3", [], counts=counts, mode="test")

    left_out = gather(url, local_world).left_out

    assert [(each.code, each.events) for each in left_out] == [
        ("unmapped_event", 9),
        ("timestamp_too_old", 4),
    ]
    assert all(each.sentence for each in left_out)


def test_a_plan_of_other_days_is_passed_over(local_world: World) -> None:
    """Its counts say that it has nothing of the period; rows of other days count for nothing either way."""
    ledger = local_world.open_ledger()
    later = date(2026, 11, 9)
    plan(ledger, "1", [("a", 9, "delivered", None, True)], counts=[PlanCount(later, "x", "planned", 1)])

    assert gather(local_world.settings.storage.ledger, local_world).postbacks == ()


def test_opt_outs_are_counted_by_deadline(local_world: World) -> None:
    """Those of the app and of every app that are not done; no identifier is in what the page gets."""
    received = datetime(2026, 10, 6, 12, tzinfo=UTC)

    def wish(subject: str, app: str, **fields: Any) -> NewRequest:  # noqa: ANN401 - any of a request's fields
        made: dict[str, Any] = {
            "subject": subject, "app_id": app, "id_type": "idfa", "kind": "erase",
            "identifier": f"SECRET-{subject}", "store_id": None, "list_id": "l",
            "requested_at": received, "received_at": received,
            "deadline_at": received + timedelta(days=30), "installs": 1, "state": "open",
            "submission": "due", "erasure": "due",
        }  # fmt: skip
        return NewRequest(Request(**(made | fields)), (subject,))

    requests = [
        wish("a", APP),
        wish("b", APP, submission="accepted"),
        wish("c", APP, state="waiting", installs=99),
        wish("d", "*", kind="do_not_share", erasure="not_needed"),
        wish("e", APP, state="done", submission="accepted", erasure="erased", identifier=None),
        wish("f", "com.b"),
    ]
    add_requests(local_world.open_ledger(), requests)

    figures = gather(local_world.settings.storage.ledger, local_world)

    due = date(2026, 11, 5)
    assert figures.deadlines == (
        Deadline("*", "do_not_share", due, requests=1, waiting=0, to_submit=1, to_erase=0),
        Deadline(APP, "erase", due, requests=3, waiting=1, to_submit=1, to_erase=2),
    )
    assert "SECRET" not in repr(figures)


def test_a_ledger_that_is_not_there_is_not_made(local_world: World) -> None:
    """Asking leaves no file behind."""
    figures = gather(local_world.settings.storage.ledger, local_world)

    assert (figures.postbacks, figures.deadlines, figures.held) == ((), (), ())
    assert not Path(local_world.settings.storage.ledger.removeprefix("sqlite:///")).exists()
