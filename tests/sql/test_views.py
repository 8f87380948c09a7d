"""The analysts' views say what they promise, on a lake that the real ingest made."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import pytest

from etl.appsflyer.normalize import TEST_APPSFLYER_ID
from etl.lake.library import VIEWS, find_sql_folder, list_queries
from etl.lake.reading import Lake
from etl.lake.tables import POSTBACKS
from tests.reports.lakes import at, write_rows
from tests.services.worlds import World, message, open_local_world

PAIR: Final = {"conversion_type": "re-engagement", "campaign_type": "Retargeting", "is_retargeting": "true"}
NEW_YORK: Final = {
    "selected_timezone": "America/New_York",
    "event_time": "2026-09-01 02:00:00.000",
    "event_time_selected_timezone": "2026-08-31 22:00:00.000-0400",
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Publish a pair, an install in New York, and a test message."""
    world = open_local_world(tmp_path_factory.mktemp("views"))
    world.land(
        [
            message(1, is_primary_attribution="false", event_revenue_usd="1.5"),
            message(1, media_source="other_int", is_primary_attribution="true", event_revenue_usd="1.5")
            | PAIR,
            message(2, event_name="install", event_revenue=None) | NEW_YORK,
            message(3, appsflyer_id=TEST_APPSFLYER_ID),
        ]
    )
    world.ingest()
    return Lake(world.lake)


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "postback_outcomes"])
def test_test_messages_are_in_no_view(lake: Lake, view: str) -> None:
    """The vendor's "Send Test" message is in `events` alone."""
    assert lake.query("from events where is_test_message").count("*").fetchall() == [(1,)]
    columns = lake.query(f"from {view}").columns
    ids = "occurrence_id" if "occurrence_id" in columns else "event_id"
    of_tests = {row[0] for row in lake.query(f"from events select {ids} where is_test_message").fetchall()}
    assert of_tests
    assert not of_tests & {row[0] for row in lake.query(f"from {view} select {ids}").fetchall()}


def test_local_times_are_the_zones(lake: Lake) -> None:
    """What a clock on a wall in New York shows, and the day of it."""
    found = lake.query("select event_time_local, day::varchar from events_local where topic = 'install'")
    assert found.fetchall() == [(datetime(2026, 8, 31, 22), "2026-08-31")]  # noqa: DTZ001 - a clock on a wall


def test_an_occurrence_is_one_row(lake: Lake) -> None:
    """Of a pair it is the primary half, and revenue is summed once."""
    found = lake.query("select media_source, records from occurrences where topic <> 'install'").fetchall()
    assert found == [("other_int", 2)]
    assert lake.query("select sum(event_revenue_usd) from purchases").fetchall() == [(1.5,)]


def test_conversions_are_installs_and_their_like(small_lake: Lake) -> None:
    """Five people installed, one of them twice; what else they did is none."""
    found = small_lake.query("select topic, count(*) from conversions group by all order by all").fetchall()
    assert found == [("install", 5), ("reinstall", 1)]
    assert small_lake.query("from installs").count("*").fetchall() == [(5,)]


def test_a_sale_that_is_told_in_usd_alone_is_one(local_world: World) -> None:
    """As is one without USD; one of nothing is none."""
    local_world.land(
        [
            message(1, event_revenue=None, event_revenue_usd="2"),
            message(2, event_revenue="3", event_revenue_usd=None),
            message(3, event_revenue="0", event_revenue_usd="4"),
            message(4, event_revenue=None, event_revenue_usd=None),
        ]
    )
    local_world.ingest()

    found = Lake(local_world.lake).query(
        "select event_revenue, event_revenue_usd from purchases order by all"
    )
    assert found.fetchall() == [(3, None), (None, 2)]


def test_a_pair_names_both_sources(lake: Lake) -> None:
    """The one that won the event, and the one that the person came from."""
    found = lake.query("select retargeting_source, original_source, is_complete from retargeting_pairs")
    assert found.fetchall() == [("other_int", "liftoff_int", True)]


def test_an_occurrence_has_its_best_outcome(local_world: World) -> None:
    """The newest word on each row of a plan, then the best of all plans; test messages are left out."""
    outcome = {"plan_id": "p1", "position": 1, "occurrence_id": "o1", "mode": "production", "run_id": "r"}
    rows = [
        outcome | {"state": "unknown", "exported_at": at("2026-09-01 10:00")},
        outcome | {"state": "refused", "exported_at": at("2026-09-01 11:00")},
        outcome | {"state": "delivered", "plan_id": "p2", "exported_at": at("2026-09-01 09:00")},
        outcome | {"state": "excluded", "plan_id": "p3", "exported_at": at("2026-09-01 12:00")},
        outcome | {"state": "excluded", "occurrence_id": "o2", "position": 2, "code": "test_message"},
    ]
    write_rows(local_world.lake, POSTBACKS, rows)

    found = Lake(local_world.lake).query("select occurrence_id, state, plan_id from postback_outcomes")
    assert found.fetchall() == [("o1", "delivered", "p2")]


def test_a_duckdb_of_ones_own_takes_the_file_of_views(lake: Lake) -> None:
    """Over the table, as the README shows."""
    connection = duckdb.connect()
    connection.register("events", lake.events.dataset())
    connection.sql(
        "create table postbacks (plan_id text, position int, occurrence_id text, mode text, state text,"
        " code text, exported_at timestamptz, run_id text)"
    )
    connection.execute((find_sql_folder() / "views.sql").read_text(encoding="utf-8"))

    assert connection.sql("select count(*) from occurrences").fetchall() == [(2,)]


def test_every_query_says_what_it_answers() -> None:
    """Question, columns and caveats stand in the header, in this order."""
    found = list_queries()
    assert len(found) >= 20
    for query in found:
        assert query.question
        header = query.text.split("\nwith ")[0].split("\nselect")[0]
        assert -1 < header.find("-- Columns:") < header.find("-- Caveats:"), query.name


def test_every_query_has_a_test() -> None:
    """Each is named in a test of this folder."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [query.name for query in list_queries() if f'"{query.name}' not in tests] == []
