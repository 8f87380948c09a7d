"""Each number of an app's page, counted by hand on the lake that the real ingest made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from etl.jobs.reporting import scanning
from etl.jobs.reporting.lake_figures import describe_upkeep, gather_lake_figures, read_offsets
from etl.lake.info import describe_apps
from etl.lake.reading import Lake, connect_duckdb
from etl.lake.tables import CHECKS, EVENTS, LOADS, QUARANTINE, find_table
from etl.quality.checks import Severity, Verdict
from etl.reports.app_figures import (
    AppDay,
    AppFigures,
    ClockIssue,
    LateDay,
    RefusedMessages,
    SalesDay,
    ZoneShare,
)
from etl.reports.figures import CheckTally, LoadDay, NamedEvents, Period
from etl.stores import Store
from tests.reports.lakes import at, event, write_rows, write_small_lake
from tests.sql.small_lake import GAME, SHOP, day, usd

Gathered = Mapping[str, AppFigures]


def test_days_are_the_apps_own(gathered: Gathered) -> None:
    """02:00 UTC of the 2nd is the 1st in New York; the pair at 02:00 of the 3rd is of the 2nd."""
    assert gathered[GAME].days == (
        AppDay(day(1), records=1, occurrences=1, installs=1, in_app=0, conversions=0),
        AppDay(day(2), records=7, occurrences=6, installs=3, in_app=3, conversions=0),
        AppDay(day(3), records=3, occurrences=3, installs=0, in_app=3, conversions=0),
        AppDay(day(5), records=1, occurrences=1, installs=0, in_app=0, conversions=1),
    )
    assert (gathered[GAME].records, gathered[GAME].occurrences, gathered[GAME].test_messages) == (12, 11, 1)


def test_processes_count_as_threads_do(
    small_lake: Lake, gathered: Gathered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are many rows, partitions are scanned in processes of their own."""
    monkeypatch.setattr(scanning, "MANY_ROWS", 1)
    monkeypatch.setattr(scanning, "count_workers", lambda _: 2)
    found = gather_lake_figures(small_lake, [SHOP, GAME], Period(day(1), day(5)), gathered[GAME].generated_at)
    assert found == gathered


def test_a_day_of_no_known_zone_is_the_utc_day(gathered: Gathered) -> None:
    """The shop's sale names no zone."""
    assert gathered[SHOP].days == (AppDay(day(2), 2, 2, installs=1, in_app=1, conversions=0),)
    assert set(gathered[SHOP].zones) == {ZoneShare("UTC", 1), ZoneShare(None, 1)}
    assert gathered[GAME].zones == (ZoneShare("America/New_York", 12),)


def test_names_count_each_thing_once(gathered: Gathered) -> None:
    """A pair, a sale and a refund are three purchases on two days; a conversion goes by what it is."""
    assert gathered[GAME].names == (
        NamedEvents(GAME, "install", 4, 2),
        NamedEvents(GAME, "af_purchase", 3, 2),
        NamedEvents(GAME, "af_login", 2, 1),
        NamedEvents(GAME, "af_ad_revenue", 1, 1),
        NamedEvents(GAME, "reinstall", 1, 1),
    )


def test_the_funnel_begins_with_utc_days(small_lake: Lake) -> None:
    """On the 2nd in UTC there are four installs and a sale; the pair of the 3rd is not among them."""
    found = gather_lake_figures(small_lake, [GAME], Period(day(2), day(2)), at("2026-09-06 12:00"))[GAME]

    assert (found.utc_records, found.utc_occurrences) == (5, 5)
    assert (found.records, found.occurrences) == (7, 6)


def test_sales_are_counted_by_currency(gathered: Gathered) -> None:
    """10 USD once, though told twice; 4 EUR sold and refunded on the next day; ad revenue is no sale."""
    nothing = usd("0")
    assert gathered[GAME].sales == (
        SalesDay(day(2), "EUR", 1, 0, usd("4"), nothing, usd("4.50"), 0),
        SalesDay(day(2), "USD", 1, 0, usd("10"), nothing, usd("10"), 0),
        SalesDay(day(3), "EUR", 0, 1, usd("-4"), usd("-4"), usd("-4.50"), 0),
    )
    assert gathered[SHOP].sales == (SalesDay(day(2), "USD", 1, 0, usd("1"), nothing, nothing, 1),)


def test_lateness_is_told_in_whole_minutes(gathered: Gathered) -> None:
    """What landed at 14:00 of the 3rd is 11 to 26 hours after the game's events of its 2nd of September."""
    assert gathered[GAME].late_days == (
        LateDay(day(1), 1, 2160, 2160, within_hour=0, within_day=0, latest_minutes=2160),
        LateDay(day(2), 7, 1380, 1560, within_hour=0, within_day=5, latest_minutes=1560),
        LateDay(day(3), 3, 120, 120, within_hour=1, within_day=3, latest_minutes=120),
        LateDay(day(5), 1, 60, 60, within_hour=1, within_day=1, latest_minutes=60),
    )


def test_clock_issues_are_counted_by_zone(gathered: Gathered) -> None:
    """An offset of winter in September."""
    assert gathered[GAME].clock_issues == (
        ClockIssue("offset_disagrees_with_zone", "America/New_York", 1, day(3), day(3)),
    )
    assert (gathered[GAME].doubted_records, gathered[SHOP].doubted_records) == (1, 0)


def test_a_message_without_an_app_is_nobodys(gathered: Gathered) -> None:
    """The line that is no JSON stands in no app's funnel."""
    assert gathered[GAME].quarantined == gathered[SHOP].quarantined == ()


@pytest.mark.parametrize("app_id", [GAME, SHOP])
def test_the_views_say_the_same(gathered: Gathered, small_lake: Lake, app_id: str) -> None:
    """An analyst who counts `occurrences` and `purchases` comes to the page's figures."""
    connection = connect_duckdb(small_lake, {"app": app_id})
    counted = connection.sql(
        "select day, count(*) from occurrences where app_id = getvariable('app') group by all order by all"
    ).fetchall()
    (sold,) = connection.sql(
        "select sum(event_revenue), count(*) filter (not is_refund) from purchases"
        " where app_id = getvariable('app')"
    ).fetchall()

    figures = gathered[app_id]
    assert [(each.day, each.occurrences) for each in figures.days] == counted
    assert (sum(e.revenue for e in figures.sales), sum(e.purchases for e in figures.sales)) == sold


def test_checks_loads_and_quarantine_are_the_apps_and_the_periods(local_store: Store) -> None:
    """What was checked in the period of the app alone; loads are of the whole lake."""
    write_small_lake(local_store)
    period = Period(date(2026, 11, 1), date(2026, 11, 4))
    found = gather_lake_figures(Lake(local_store), ["com.a", "com.b"], period, at("2026-11-04 12:30"))

    assert found["com.b"].tallies == (
        CheckTally("com.b", date(2026, 11, 3), Severity.REQUIRED, Verdict.FAILED, 1),
    )
    assert [(each.rule_id, each.times) for each in found["com.a"].failures] == [("volume.drop", 1)]
    assert found["com.a"].quarantined == (
        RefusedMessages("invalid_json", 2),
        RefusedMessages("missing_event_name", 1),
    )
    assert found["com.b"].quarantined == ()
    assert found["com.b"].loads == (LoadDay(date(2026, 11, 3), 2, 1, 60, 50, 7, 3, 0, 0),)


def test_the_offset_is_that_of_the_last_day(small_lake: Lake) -> None:
    """Four hours behind in New York's summer; none where no zone is known."""
    assert read_offsets(small_lake, describe_apps(small_lake.store)) == {GAME: -240, SHOP: 0}


def test_the_order_of_rows_changes_nothing(store: Store) -> None:
    """On folders and object storage; of a thing's three rows one counts, wherever they lie."""
    rows = [
        event("com.a", "2026-11-02 10:00", topic="install_in_app_event", event_id=f"{n:032x}",
              occurrence_id="a" * 32, is_primary_attribution=is_primary)
        for n, is_primary in enumerate([None, False, None])
    ]  # fmt: skip
    alone = event("com.a", "2026-11-02 10:00", topic="install_in_app_event", event_id="e" * 32,
                  occurrence_id="aaaaaaaa" + "b" * 24)  # fmt: skip
    for each in [*rows, alone]:
        write_rows(store, EVENTS, [each])
    write_rows(store, LOADS, [])
    period = Period(date(2026, 11, 2), date(2026, 11, 2))

    found = gather_lake_figures(Lake(store), ["com.a"], period, at("2026-11-04 12:30"))["com.a"]

    assert (found.records, found.occurrences) == (4, 2)


def test_an_app_without_events_has_nothing(small_lake: Lake) -> None:
    """And nothing of the others'."""
    now = at("2026-09-06 12:00")
    found = gather_lake_figures(small_lake, ["com.none"], Period(day(1), day(5)), now)["com.none"]

    assert (found.days, found.names, found.sales, found.late_days) == ((), (), (), ())
    assert (found.utc_records, found.test_messages) == (0, 0)


def test_upkeep_tells_files_past_their_grace(local_store: Store) -> None:
    """Two files became one just now: both are replaced, and overdue for whoever has no grace at all."""
    for hour in (1, 2):
        write_rows(local_store, EVENTS, [event("com.a", f"2026-11-02 {hour:02d}:00")])
    delta = find_table(local_store, EVENTS)
    assert delta is not None
    delta.optimize.compact()

    states = {each.name: each for each in describe_upkeep(Lake(local_store), 24)}

    assert (states["events"].files, states["events"].rows) == (1, 2)
    assert (states["events"].replaced_files, states["events"].overdue_files) == (2, 0)
    assert states["events"].changed_at is not None
    assert states["events"].changed_at - at("2026-01-01 00:00") > timedelta(0)
    assert states[CHECKS.name].version is states[QUARANTINE.name].version is None
    assert describe_upkeep(Lake(local_store), 0)[0].overdue_files == 2
