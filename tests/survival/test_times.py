"""Times of every shape that lands: what can be known is known, what cannot is said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.survival.landing import Lake, as_line, raw_of

TEN = datetime(2026, 9, 1, 10, tzinfo=UTC)
LOCAL = "event_time_selected_timezone"

# Text of `event_time` → milliseconds that are read, at ten o'clock.
SHAPES = {
    "2026-09-01 10:00:00.123": 123,
    "2026-09-01T10:00:00.123Z": 123,
    "2026-09-01 10:00:00.123Z": 123,
    "2026-09-01 10:00:00": 0,
    "2026-09-01T10:00:00": 0,
    "2026-09-01 10:00:00.1": 100,
    "2026-09-01 10:00:00.123456": 123,
    "2026-09-01 18:00:00.123+0800": 123,
    "2026-09-01 18:00:00.123+08:00": 123,
    "2026-09-01 06:30:00.123-03:30": 123,
    " 2026-09-01 10:00:00.123 ": 123,
}
# Text of `event_time` → reason; the first row has no usable time at all.
REFUSED = {
    "2026-02-30 10:00:00.123": "unusable_event_time",
    "0001-01-01 00:00:00.000": "event_time_before_2011",
    "9999-12-31 23:59:59.999": "event_time_in_future",
    "2026-09-01 25:00:00.000": "unusable_event_time",
    "2010-12-31 23:59:59.999": "event_time_before_2011",
    "yesterday": "unusable_event_time",
    "": "missing_event_time",
}
Case = tuple[dict[str, Any], tuple[str, int | None, list[str] | None]]
# What is sent → instant, offset in minutes, issues.
CASES: dict[str, Case] = {
    "v1 milliseconds": (
        {"event_time": "2026-09-01 10:00:00", LOCAL: "2026-09-01 19:00:00.123+0900"},
        ("10:00:00.123000", 540, ["milliseconds_recovered"]),
    ),
    "v1 without a twin": (
        {"event_time": "2026-09-01 10:00:00"},
        ("10:00:00.000000", None, ["second_precision"]),
    ),
    "utc is gone": (
        {"event_time": ..., LOCAL: "2026-09-01 19:00:00.123+0900"},
        ("10:00:00.123000", 540, ["utc_recovered_from_local"]),
    ),
    "they disagree": (
        {LOCAL: "2026-09-01 19:05:00.123+0900"},
        ("10:00:00.123000", 540, ["local_disagrees"]),
    ),
    "wrong offset": (
        {LOCAL: "2026-09-01 19:00:00.123+0900", "selected_timezone": "Europe/Oslo"},
        ("10:00:00.123000", 540, ["offset_disagrees_with_zone"]),
    ),
    "old alias": (
        {LOCAL: "2026-09-01 15:30:00.123+0530", "selected_timezone": "Asia/Calcutta"},
        ("10:00:00.123000", 330, None),
    ),
    "posix alias": ({"selected_timezone": "Etc/GMT+5"}, ("10:00:00.123000", -300, None)),
    "unknown zone": ({"selected_timezone": "Mars/Olympus"}, ("10:00:00.123000", None, ["zone_unknown"])),
    "overlap": (
        {
            "event_time": "2026-04-04 15:30:00.123",
            LOCAL: "2026-04-05 02:30:00.123",
            "selected_timezone": "Australia/Sydney",
        },
        ("15:30:00.123000", 660, None),
    ),
}
# Local times alone that their zone skips or repeats: nothing is guessed.
NOWHERE = {"gap": "2026-03-29 02:30:00.123", "overlap": "2025-10-26 02:30:00.123"}

FILES = {
    "shapes.json": b"".join(
        as_line(event_name=f"shape{place:02d}", event_time=text) for place, text in enumerate(SHAPES)
    ),
    "refused.json": b"".join(as_line(event_name="refused", event_time=text) for text in REFUSED),
    "nowhere.json": b"".join(
        as_line(event_time=..., selected_timezone="Europe/Oslo", **{LOCAL: text}) for text in NOWHERE.values()
    ),
    "mixed.json": as_line(
        event_name="mixed",
        install_time="2026-01-15 10:00:00.000",
        install_time_selected_timezone="2026-01-15 02:00:00.000-0800",
        event_time_selected_timezone="2026-09-01 03:00:00.123-0700",
        selected_timezone="America/Los_Angeles",
    ),
    "other.json": as_line(event_name="other", install_time="2026-02-30 00:00:00.000"),
    "late.json": as_line(
        event_name="late", event_time="2026-09-01 23:30:00.123", selected_timezone="Asia/Tokyo"
    ),
    **{f"{name}.json": as_line(event_name=name, **sent) for name, (sent, _) in CASES.items()},
}


def test_every_shape_of_a_time_is_read(lake: Lake) -> None:
    """Spaces, T, Z, fractions and offsets with or without a colon all say the same instant."""
    rows = lake.events_of("shapes.json")
    found = [(row["event_time"] - TEN).total_seconds() * 1000 for row in rows]
    assert [int(milliseconds) for milliseconds in found] == list(SHAPES.values())


def test_a_time_that_is_none_sets_its_row_aside(lake: Lake) -> None:
    """30 February, year 1 and year 9999 are no times of an event; the row is kept whole with the reason."""
    kept = lake.quarantine_of("refused.json")
    assert [row["reason"] for row in kept] == list(REFUSED.values())
    assert [raw_of(row) + b"\n" for row in kept] == FILES["refused.json"].splitlines(keepends=True)


@pytest.mark.parametrize("name", CASES)
def test_two_clocks_complete_and_check_each_other(lake: Lake, name: str) -> None:
    """UTC wins, what the twin knows is taken from it, and every doubt is named."""
    row = lake.event_of(f"{name}.json")
    instant, offset, issues = CASES[name][1]
    found = f"{row['event_time']:%H:%M:%S.%f}"
    assert (found, row["event_utc_offset_minutes"], row["clock_issues"]) == (instant, offset, issues)


def test_a_local_time_that_its_zone_skips_or_repeats_is_no_instant(lake: Lake) -> None:
    """With no UTC time beside it and no offset, a time in a gap or an overlap is not guessed at."""
    assert [row["reason"] for row in lake.quarantine_of("nowhere.json")] == ["unusable_event_time"] * 2


def test_one_message_may_mix_offsets(lake: Lake) -> None:
    """Each time has the offset of its own day, across a change to summer time."""
    row = lake.event_of("mixed.json")
    assert (row["event_utc_offset_minutes"], row["install_utc_offset_minutes"]) == (-420, -480)
    assert row["clock_issues"] is None


def test_another_time_that_is_none_costs_its_column_only(lake: Lake) -> None:
    """An install on 30 February is null, named and kept as text."""
    row = lake.event_of("other.json")
    assert (row["install_time"], row["clock_issues"]) == (None, ["unparsable:install_time"])
    assert row["extra"] == {"install_time": "2026-02-30 00:00:00.000"}


def test_an_event_has_a_day_in_utc_and_one_in_its_zone(lake: Lake) -> None:
    """The partition is the UTC day; the local day is what the vendor's dashboards show."""
    row = lake.event_of("late.json")
    assert (str(row["event_date"]), str(row["event_date_local"])) == ("2026-09-01", "2026-09-02")


@pytest.mark.parametrize("key", FILES)
def test_every_message_is_accounted_for(lake: Lake, key: str) -> None:
    """Messages = published + duplicates + quarantined, and the tables hold what the load says."""
    load = lake.load_of(key)
    assert load["messages"] == load["published"] + load["duplicates"] + load["quarantined"]
    assert load["published"] == len(lake.events_of(key))
    assert load["quarantined"] == len(lake.quarantine_of(key))
