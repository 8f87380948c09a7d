"""Which two records are one event, what counts as a difference, and what no file can be blamed for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from etl.errors import UsageError
from tests.pulls.shops import compare, drop, record, tell, write_csv
from tests.services.worlds import Row, World, message, messages

IDFA = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"


def ingest(world: World, *rows: Row) -> None:
    """Ingest what Push told."""
    world.land(rows)
    world.ingest()


def test_gaps_of_each_side_are_counted_by_hour(local_world: World) -> None:
    """Of three purchases in two hours one is on both sides, and one on each alone."""
    both, push = message(1), message(2)
    pull = message(3, event_time="2026-09-01 13:00:03.003")
    ingest(local_world, both, push)
    drop(local_world, write_csv([record(both), record(pull)]))
    found = compare(local_world)
    counts = [
        (each.hour, each.equal, each.missing_in_push, each.missing_in_pull) for each in found.counts.hours
    ]
    assert counts == [
        ("2026-09-01T12:00:00Z", 1, 0, 1),
        ("2026-09-01T13:00:00Z", 0, 1, 0),
    ]


def test_two_equal_purchases_in_one_second_are_two(local_world: World) -> None:
    """Push has one of them: one is missing, not none, and not both."""
    ingest(local_world, message(1))
    drop(local_world, write_csv([record(message(1))] * 2))
    assert tell(compare(local_world)) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    "cells",
    [
        {"Event Revenue": "1.5000"},
        {"Event Revenue Currency": "usd"},
        {"Event Value": '{ "af_revenue" : 1.0 }'},
        {"Media Source": " Liftoff_INT "},
    ],
)
def test_formatting_is_no_difference(local_world: World, cells: dict[str, str]) -> None:
    """Zeros behind a number, casing, spaces, JSON's layout."""
    ingest(local_world, message(1))
    drop(local_world, write_csv([record(message(1), **cells)]))
    assert tell(compare(local_world)) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"Event Revenue": "1.51"}, "event_revenue"),
        ({"Event Revenue": ""}, "event_revenue"),
        ({"Event Value": '{"af_revenue": 2}'}, "event_value"),
        ({"Media Source": "another_int"}, "media_source"),
    ],
)
def test_a_value_that_differs_is_told_by_its_field(
    local_world: World, cells: dict[str, str], field: str
) -> None:
    """It is one event on both sides, and nothing is missing."""
    ingest(local_world, message(1))
    drop(local_world, write_csv([record(message(1), **cells)]))
    found = compare(local_world)
    assert (tell(found), dict(found.counts.different)) == ((0, 1, 0, 0), {field: 1})


def test_a_field_that_the_endpoint_does_not_select_is_not_compared(local_world: World) -> None:
    """No row of the lake has it here: that is told once, not for each event."""
    ingest(local_world, message(1, platform=None))
    drop(local_world, write_csv([record(message(1), Platform="ios")]))
    found = compare(local_world)
    assert (tell(found), found.counts.not_in_push) == ((1, 0, 0, 0), ("platform",))


def test_a_second_is_not_rounded(local_world: World) -> None:
    """An event at 12:00:01.999 is at 12:00:01 in Pull."""
    late = message(1, event_time="2026-09-01 12:00:01.999", event_time_selected_timezone=None)
    ingest(local_world, late)
    drop(local_world, write_csv([record(late)]))
    assert tell(compare(local_world)) == (1, 0, 0, 0)


def test_other_reports_are_not_missed(local_world: World) -> None:
    """Organic and retargeting events, installs and the vendor's test are in other files, or in none."""
    ingest(
        local_world,
        message(1),
        message(2, media_source="organic"),
        message(3, conversion_type="re-engagement", campaign_type="retargeting"),
        message(4, event_name="install", event_value=None),
        message(5, app_id="com.pds.pushapi2.v2.transparent.com"),
    )
    drop(local_world, write_csv([record(message(1))]))
    assert tell(compare(local_world)) == (1, 0, 0, 0)


def test_a_half_of_a_pair_does_not_stand_in_for_the_other(local_world: World) -> None:
    """Push lost the first source's half; the retargeting half is another report's."""
    half = {"conversion_type": "re-engagement", "campaign_type": "retargeting"}
    ingest(local_world, message(1, media_source="criteo", **half))
    drop(local_world, write_csv([record(message(1))]))
    assert tell(compare(local_world)) == (0, 0, 1, 0)


def test_an_event_whose_attribution_changed_is_not_missing(local_world: World) -> None:
    """Push called it organic; that is a difference, not a gap."""
    ingest(local_world, message(1, media_source="organic"))
    drop(local_world, write_csv([record(message(1))]))
    found = compare(local_world)
    assert (tell(found), dict(found.counts.different)) == ((0, 1, 0, 0), {"media_source": 1})


def test_a_person_is_met_by_a_lesser_id_where_push_has_no_better(local_world: World) -> None:
    """An endpoint that does not select AppsFlyer's id tells the device's."""
    ingest(local_world, message(1, appsflyer_id=None, idfa=IDFA))
    drop(local_world, write_csv([record(message(1, idfa=IDFA))]))
    assert tell(compare(local_world)) == (1, 0, 0, 0)


def test_what_names_nobody_is_told_and_not_missed(local_world: World) -> None:
    """Such rows cannot be paired: they are counted apart, on both sides."""
    nobody = message(1, appsflyer_id=None)
    ingest(local_world, nobody)
    drop(local_world, write_csv([record(nobody | {"appsflyer_id": ""})]))
    found = compare(local_world, is_filling=True)
    assert tell(found) == (0, 0, 0, 0)
    assert (found.counts.nameless_pull, found.counts.nameless_push, found.ingested) == (1, 1, None)


def test_the_days_that_a_file_was_made_for_count_whole(local_world: World) -> None:
    """The lake's events of hours without a record are missing in Pull where the file is for the day."""
    ingest(
        local_world,
        *messages([1, 2]),
        message(3, event_time="2026-09-01 23:59:59.003", event_time_selected_timezone=None),
    )
    drop(local_world, write_csv([record(row) for row in messages([1, 2])]))
    assert tell(compare(local_world)) == (2, 0, 0, 0)
    day = date(2026, 9, 1)
    assert tell(compare(local_world, first_day=day, last_day=day)) == (2, 0, 0, 1)


def test_a_file_of_a_day_without_events_is_compared(local_world: World) -> None:
    """A header alone says that the app had nothing."""
    ingest(local_world, message(1))
    drop(local_world, write_csv([]), "in-app-events_2026-09-01_2026-09-01.csv")
    assert tell(compare(local_world, app_id="id1234567890")) == (0, 0, 0, 1)


def test_an_hour_that_the_zone_has_twice_is_left_out(local_world: World) -> None:
    """In Berlin 02:30 is twice on 25 October 2026: the record is not read, and the lake's is not missed."""
    times = {"event_time": "2026-10-25 00:30:00.000", "event_time_selected_timezone": None}
    ingest(local_world, message(1, **times))
    drop(local_world, write_csv([record(message(1), **{"Event Time": "2026-10-25 02:30:00"})]))
    day = date(2026, 10, 25)
    found = compare(local_world, zone="Europe/Berlin", first_day=day, last_day=day, app_id="id1234567890")
    assert tell(found) == (0, 0, 0, 0)
    assert (sum(found.unreadable.values()), len(found.unclear_hours)) == (1, 2)


def test_what_cannot_be_read_is_counted_by_its_reason(local_world: World) -> None:
    """A record of another width is neither missing nor dropped in silence; unknown headers are told."""
    drop(local_world, write_csv([record(message(1))], "Sound Level") + b"a,b\n")
    found = compare(local_world)
    assert (found.messages, found.unreadable) == (2, {"invalid_csv": 1})
    assert found.unknown_headers == ("Sound Level",)


@pytest.mark.parametrize(
    ("name", "files", "request_", "word"),
    [
        ("export.csv", (), {}, "--report"),
        ("in-app-events.csv", (), {"report": "sales"}, "no report"),
        ("in-app-events.csv", (), {"zone": "Berlin"}, "no time zone"),
        ("in-app-events.csv", (), {"first_day": date(2026, 9, 1)}, "--to"),
        ("in-app-events.csv", ("elsewhere.csv",), {}, "drop it there"),
    ],
)
def test_what_is_not_told_is_asked_for(
    local_world: World, name: str, files: tuple[str, ...], request_: dict[str, Any], word: str
) -> None:
    """Nothing is guessed: which report, which zone, which days, which file."""
    drop(local_world, write_csv([record(message(1))]), name)
    with pytest.raises(UsageError, match=word):
        compare(local_world, *files, **request_)
