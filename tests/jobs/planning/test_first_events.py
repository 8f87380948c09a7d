"""Whether a person's event is the first of its name, as a plan tells Liftoff."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from etl.jobs.planning.reading import PlanReport
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.ledger.database import begin_read
from etl.ledger.postback_tables import postbacks
from etl.ledger.suppressions import suppress
from etl.settings import App, Liftoff, Secrets
from etl.subjects import hash_subject
from tests.services.worlds import Row, World, message

APP = "id1234567890"
TODAY = datetime.now(UTC).date()
SECRETS = Secrets(hash_key=SecretStr("a-key"))


def day(ago: int) -> date:
    """Give the day so many days ago."""
    return TODAY - timedelta(days=ago)


def event(number: int, ago: int, *, installed: int, person: int = 1, **fields: object) -> Row:
    """Make an event that Liftoff would take, of a person who installed so many days ago."""
    at = f"{day(ago)} 12:00:00.{number:03d}"
    told = {
        "appsflyer_id": f"1756684800000-{person:019d}",
        "event_time": at,
        "event_time_selected_timezone": f"{at}+0000",
        "install_time": f"{day(installed)} 10:00:00.000",
        "ip": "2001:db8::7",
        "language": "English",
        "device_type": "iPhone15,2",
        "idfv": f"6F9619FF-8B86-D011-B42D-{person:012X}",
        "event_value": json.dumps({"n": number}),
    }
    return message(number, **{**told, **fields})


@pytest.fixture
def world(local_world: World) -> World:
    """Map purchases; the lake's history begins ten days ago, with others' events every day."""
    settings = local_world.settings.model_copy(
        update={
            "liftoff": Liftoff(pair_settling_hours=72),
            "apps": {APP: App(liftoff_app_id="shop", events={"af_purchase": "purchase", "buy": "purchase"})},
        }
    )
    world = replace(local_world, settings=settings)
    world.land([event(900 + ago, ago, installed=10, person=99, event_name="login") for ago in range(1, 11)])
    return world


def plan(
    world: World, first: int, last: int, *, events: tuple[str, ...] = ()
) -> tuple[PlanReport, list[Mapping[str, Any]]]:
    """Plan the days from so many to so many days ago; gives the report and the rows."""
    world.ingest()
    report = make_plan(world.settings, PlanRequest(APP, day(first), day(last), events), secrets=SECRETS)
    with begin_read(world.open_ledger()) as connection:
        query = select(postbacks).where(postbacks.c.plan_id == report.plan.id).order_by(postbacks.c.position)
        return report, [dict(row) for row in connection.execute(query).mappings()]


def flags(rows: list[Mapping[str, Any]]) -> list[str | None]:
    """Read what the rows tell of being first, in the order of their events."""
    told = [json.loads(row["parameters"]) for row in rows if row["parameters"]]
    return [row.get("is_first_event") for row in sorted(told, key=lambda row: row["event_timestamp"])]


def test_the_first_is_first_and_the_second_is_not(world: World) -> None:
    """Of a person who installed within the history."""
    world.land([event(n, 3, installed=5) for n in (1, 2)], "push/b.json.gz")
    assert flags(plan(world, 3, 3)[1]) == ["true", "false"]


def test_history_before_the_planned_days_counts(world: World) -> None:
    """What happened before the plan's days makes a later one no first."""
    world.land([event(1, 4, installed=5), event(2, 3, installed=5)], "push/b.json.gz")
    assert flags(plan(world, 3, 3)[1]) == ["false"]


def test_who_installed_before_the_history_is_not_told_of(world: World) -> None:
    """Nobody can say whether there was an earlier one; a second is no first all the same."""
    world.land([event(n, 3, installed=30) for n in (1, 2)], "push/b.json.gz")
    assert flags(plan(world, 3, 3)[1]) == [None, "false"]


def test_names_that_are_one_at_liftoff_are_one_event(world: World) -> None:
    """Two of AppsFlyer's names with one of Liftoff's share their first."""
    names = ("buy", "af_purchase")
    world.land([event(n, 3, installed=5, event_name=names[n - 1]) for n in (1, 2)], "push/b.json.gz")
    assert flags(plan(world, 3, 3)[1]) == ["true", "false"]


def test_persons_are_told_apart(world: World) -> None:
    """Each has a first of their own."""
    world.land([event(n, 3, installed=5, person=n) for n in (1, 2)], "push/b.json.gz")
    assert flags(plan(world, 3, 3)[1]) == ["true", "true"]


def test_of_a_pair_the_primary_half_is_sent_once(world: World) -> None:
    """Both halves are one occurrence, in whichever order they came."""
    halves = [
        event(1, 3, installed=5, media_source=source, is_primary_attribution=primary)
        for source, primary in (("ua_source", False), ("retargeting_source", True))
    ]
    world.land(halves, "push/b.json.gz")
    report, rows = plan(world, 3, 3)
    assert (report.queued, flags(rows)) == (1, ["true"])


def test_a_restricted_half_blocks_the_occurrence(world: World) -> None:
    """The terms of either source hold for what the person did."""
    halves = [
        event(1, 3, installed=5, media_source=source, is_primary_attribution=primary)
        for source, primary in (("Facebook Ads", False), ("retargeting_source", True))
    ]
    world.land(halves, "push/b.json.gz")
    report, _ = plan(world, 3, 3)
    assert report.queued == 0
    assert "restricted_media_source" in report.exclusions


def test_a_lone_other_half_waits(world: World) -> None:
    """Its primary half may still come."""
    world.land([event(1, 1, installed=5, is_primary_attribution=False)], "push/b.json.gz")
    report, _ = plan(world, 1, 1)
    assert (report.queued, report.exclusions.get("pair_settling")) == (0, 1)


def test_a_suppressed_person_is_left_out(world: World) -> None:
    """Known by any id; nothing of the row's values is kept."""
    world.land([event(1, 3, installed=5)], "push/b.json.gz")
    world.ingest()
    plan(world, 3, 3)
    suppress(world.open_ledger(), [hash_subject(b"a-key", f"1756684800000-{1:019d}")], APP, "do_not_share")
    report, rows = plan(world, 3, 3)
    assert (report.queued, report.exclusions) == (0, {"suppressed": 1})
    assert [(row["parameters"], row["subjects"]) for row in rows] == [(None, None)]


def test_only_the_events_asked_for_are_planned(world: World) -> None:
    """By AppsFlyer's name or Liftoff's."""
    world.land([event(1, 3, installed=5), event(2, 3, installed=5, event_name="install")], "push/b.json.gz")
    assert plan(world, 3, 3, events=("install",))[0].queued == 1
