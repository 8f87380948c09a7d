"""`kill -9` while a plan is drafted leaves nothing to anybody, and the next planning succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from etl.jobs.planning import story
from etl.jobs.planning.reading import PlanReport
from etl.jobs.planning.request import PlanRequest
from etl.ledger import bulk
from etl.ledger.database import begin_read
from etl.ledger.plans import list_plans, read_plan_counts
from etl.ledger.postback_tables import postbacks
from etl.settings import App, Liftoff, Secrets, Settings
from tests.jobs.killers import die_after, run_to_death
from tests.services.worlds import World, build_settings, messages

APP: Final = "id1234567890"
SECRETS: Final = Secrets(hash_key=SecretStr("a-key"))
REQUEST: Final = PlanRequest(APP, date(2026, 9, 1), date(2026, 9, 1))
ROWS: Final = 95


def die_in_the_second_transaction() -> None:
    """Die with rows that are not committed, when others have been."""
    calls = iter((False, True))
    for name in ("_insert_into_sqlite", "_copy_into_postgres"):
        die_after(bulk, name, lambda *_: next(calls))


STEPS: Final[dict[str, Callable[[], None]]] = {
    "begun": lambda: die_after(story, "start_plan"),
    "selected": lambda: die_after(story, "select_rows"),
    "inserted": die_in_the_second_transaction,
    "added": lambda: die_after(story, "add_postbacks"),
    "drafted": lambda: die_after(story, "draft_plan"),
}
BULK_ROWS: Final = 40
COMMITTED: Final = {"begun": 0, "selected": 0, "inserted": BULK_ROWS, "added": ROWS, "drafted": ROWS}


def make_plan(settings: Settings) -> PlanReport:
    """Plan in transactions of a few rows."""
    bulk.BULK_ROWS = BULK_ROWS  # type: ignore[misc] # smaller, for tests
    return story.make_plan(settings, REQUEST, secrets=SECRETS)


def plan_and_die(settings: Settings, step: str) -> None:
    """Plan, and be killed after a step."""
    STEPS[step]()
    make_plan(settings)


def read_rows(world: World) -> list[Mapping[str, Any]]:
    """Read what the ledger holds of all plans, without what differs from plan to plan."""
    kept = [column for column in postbacks.c if column.name not in {"plan_id", "settled_at"}]
    with begin_read(world.open_ledger()) as connection:
        query = select(*kept).order_by(postbacks.c.plan_id, postbacks.c.position)
        return [dict(row) for row in connection.execute(query).mappings()]


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Give a lake with a day's purchases, and a ledger of each kind in turn."""
    (tmp_path / "landing").mkdir()
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'ledger.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    settings = build_settings(tmp_path, url).model_copy(
        update={
            "liftoff": Liftoff(max_age_days=3650),
            "apps": {APP: App(liftoff_app_id="shop", events={"af_purchase": "purchase"})},
        }
    )
    world = World(settings)
    world.land(messages(range(ROWS), idfv="6F9619FF-8B86-D011-B42D-00C04FC964FF"))
    world.ingest()
    yield world
    world.open_ledger().engine.dispose()


@pytest.mark.parametrize("step", STEPS)
def test_a_plan_that_was_killed_is_nothing(world: World, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever of it was committed, the next planning finds a ledger without it, and makes the same plan."""
    monkeypatch.setattr(bulk, "BULK_ROWS", bulk.BULK_ROWS)
    run_to_death(plan_and_die, step, world.settings, step)
    ledger = world.open_ledger()
    assert [plan.state for plan in list_plans(ledger)] == ["drafting"]
    assert len(read_rows(world)) == COMMITTED[step]

    report = make_plan(world.settings)

    assert [(plan.id, plan.state) for plan in list_plans(ledger)] == [(report.plan.id, "planned")]
    rows = read_rows(world)
    assert [row["position"] for row in rows] == list(range(ROWS))
    assert len({row["occurrence_id"] for row in rows}) == ROWS
    assert sum(each.count for each in read_plan_counts(ledger, report.plan.id)) == ROWS
