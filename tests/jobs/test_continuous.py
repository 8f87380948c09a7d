"""Continuous delivery: what publishes brought of an app since the last look is planned, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from etl.errors import HeldBackError
from etl.jobs.continuous import list_continuous, plan_news
from etl.jobs.holding import release_batch
from etl.jobs.planning.reading import PlanReport
from etl.ledger.database import begin_read
from etl.ledger.postback_tables import postbacks
from etl.ledger.publishes import forget_settled_publishes
from etl.settings import App, Liftoff
from tests.jobs.planning.test_first_events import APP, SECRETS, TODAY, event
from tests.services.suites import PLANTED, audited_by, held_batch_of, write_suites
from tests.services.worlds import World

NAMES = {"af_purchase": "purchase"}


@pytest.fixture
def world(local_world: World) -> World:
    """Switch continuous delivery on for an app, of which there are events from before that."""
    apps = {
        APP: App(liftoff_app_id="shop", events=NAMES, continuous=True),
        "id2": App(liftoff_app_id="other", events=NAMES),
    }
    settings = local_world.settings.model_copy(
        update={"liftoff": Liftoff(pair_settling_hours=48, continuous_days=7), "apps": apps}
    )
    world = replace(local_world, settings=settings)
    world.land([event(number, 3, installed=5, person=number) for number in (1, 2)], "push/a.json.gz")
    world.ingest()
    return world


def look(world: World) -> PlanReport | None:
    """Look for news."""
    return plan_news(world.settings, APP, secrets=SECRETS)


def rows_of(world: World, report: PlanReport | None) -> list[Mapping[str, Any]]:
    """Read the rows of a plan."""
    assert report is not None
    with begin_read(world.open_ledger()) as connection:
        query = select(postbacks).where(postbacks.c.plan_id == report.plan.id)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_it_is_off_unless_an_app_enables_it(world: World) -> None:
    """Only that app is looked at."""
    assert list_continuous(world.settings) == [APP]
    assert list_continuous(world.settings.model_copy(update={"apps": {APP: App()}})) == []


def test_the_first_look_plans_what_the_last_publish_brought(world: World) -> None:
    """What was there before is a backfill's."""
    world.land([event(3, 2, installed=5, person=3)], "push/b.json.gz")
    world.ingest()

    assert len(rows_of(world, look(world))) == 1


def test_a_second_look_finds_nothing_new(world: World) -> None:
    """Nothing was published in between."""
    assert look(world) is not None
    assert look(world) is None


def test_each_event_is_planned_by_one_look(world: World) -> None:
    """Whatever was published between two looks, however late it happened, in as many publishes."""
    look(world)
    for number, ago in ((3, 1), (4, 5)):
        world.land([event(number, ago, installed=6, person=number)], f"push/{number}.json.gz")
        world.ingest()

    assert len(rows_of(world, look(world))) == 2
    assert look(world) is None


def test_a_publish_of_other_apps_is_no_news(world: World) -> None:
    """An app's look goes by its own rows."""
    look(world)
    world.land([event(3, 1, installed=5, app_id="com.other")], "push/c.json.gz")
    world.ingest()

    assert look(world) is None


def test_events_before_the_window_are_a_backfills(world: World) -> None:
    """The look goes `continuous_days` back."""
    look(world)
    world.land([event(3, 9, installed=9, person=3), event(4, 1, installed=5, person=4)], "push/c.json.gz")
    world.ingest()

    assert [str(row["event_date"]) for row in rows_of(world, look(world))] == [str(TODAY - timedelta(days=1))]


def test_publishes_that_upkeep_forgot_are_not_passed_over(world: World) -> None:
    """Whoever looks after weeks goes by the time of the last look."""
    look(world)
    world.land([event(3, 1, installed=5, person=3)], "push/c.json.gz")
    world.ingest()
    ledger = world.open_ledger()
    with begin_read(ledger) as connection:
        now = ledger.clock(connection)
    forget_settled_publishes(ledger, now + timedelta(days=1))
    world.land([event(4, 1, installed=5, person=4)], "push/d.json.gz")
    world.ingest()

    told = {row["event_id"] for row in rows_of(world, look(world))}
    assert len(told) == 4


def test_the_lone_half_of_a_pair_is_looked_at_until_it_may_go(world: World) -> None:
    """It waits for its primary half, is brought up by the app's next news, and goes when it waited enough."""
    half = event(3, 1, installed=5, person=3, is_primary_attribution=False, media_source="ua_source")
    world.land([half], "push/c.json.gz")
    world.ingest()
    assert codes_of(world, look(world)) == ["pair_settling"]

    world.land([event(4, 1, installed=5, person=4)], "push/d.json.gz")
    world.ingest()
    assert codes_of(world, look(world)) == ["pair_settling", None]

    world.land([event(5, 1, installed=5, person=5)], "push/e.json.gz")
    world.ingest()
    in_three_days = plan_news(world.settings, APP, secrets=SECRETS, now=datetime.now(UTC) + timedelta(days=3))
    assert codes_of(world, in_three_days) == [None, None]


def codes_of(world: World, report: PlanReport | None) -> list[str | None]:
    """Give by which codes rows are left out, those first; None for what is to be sent."""
    codes = [row["code"] for row in rows_of(world, report)]
    return sorted(codes, key=lambda code: code is None)


def test_a_day_that_failed_its_audit_stops_the_look_and_loses_nothing(world: World, tmp_path: Path) -> None:
    """Once it is settled, all that came meanwhile is planned."""
    look(world)
    audited = audited_by(world, write_suites(tmp_path / "suites"))
    audited.land([event(3, 1, installed=5, person=3, event_name=PLANTED)], "push/c.json.gz")
    batch = held_batch_of(audited.ingest())
    world.land([event(4, 2, installed=5, person=4)], "push/d.json.gz")
    world.ingest()
    with pytest.raises(HeldBackError):
        look(world)

    release_batch(audited.settings, batch, "looked at")

    assert [row["code"] for row in rows_of(world, look(world))] == [None]
