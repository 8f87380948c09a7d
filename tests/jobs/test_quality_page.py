from datetime import date, timedelta
from pathlib import Path

import pytest

from etl.errors import StoreRefusedWrite, UsageError
from etl.jobs.quality_figures import gather_figures
from etl.jobs.quality_page import choose_period, write_page
from etl.lake.reading import Lake
from etl.quality.checks import Severity, Verdict
from etl.reports.figures import CheckTally, DayEvents, FlagCount, HeldBatch, LoadDay, Period, QualityFigures
from etl.stores import Store
from tests.reports.lakes import at, write_small_lake

NOW = at("2026-11-04 12:30")
PERIOD = Period(date(2026, 11, 1), date(2026, 11, 4))


def gather(store: Store, *apps: str) -> QualityFigures:
    """Gather the figures of the small lake."""
    write_small_lake(store)
    return gather_figures(Lake(store), PERIOD, NOW, apps=apps)


def test_an_empty_lake_has_a_page(local_store: Store, tmp_path: Path) -> None:
    """Nothing is created by asking, and the page says that there is nothing."""
    figures = gather_figures(Lake(local_store), PERIOD, NOW)
    report = write_page(figures, tmp_path / "page.html")

    assert (figures.apps, figures.days, figures.tallies) == ((), (), ())
    assert "Nothing was checked" in report.path.read_text(encoding="utf-8")
    assert list(Path(local_store.root).iterdir()) == []


def test_events_are_counted_by_day_and_hour(store: Store) -> None:
    """On folders and object storage; days from the log, and a zero where an hour between others has none."""
    figures = gather(store)

    assert figures.days == (
        DayEvents("com.a", date(2026, 11, 2), 46),
        DayEvents("com.a", date(2026, 11, 3), 2),
        DayEvents("com.b", date(2026, 11, 3), 1),
    )
    hours = {each.hour: each.events for each in figures.hours if each.app_id == "com.a"}
    assert (hours[at("2026-11-02 04:00")], hours[at("2026-11-02 05:00")]) == (2, 0)
    assert max(hours) == at("2026-11-04 11:00")


def test_checks_are_tallied_and_failures_listed(local_store: Store) -> None:
    """By the day they were made; the summary of an audit is no check, and what is older is left out."""
    figures = gather(local_store)

    assert figures.tallies == (
        CheckTally("com.a", date(2026, 11, 2), Severity.REQUIRED, Verdict.PASSED, 1),
        CheckTally("com.a", date(2026, 11, 3), Severity.ADVISORY, Verdict.FAILED, 1),
        CheckTally("com.b", date(2026, 11, 3), Severity.REQUIRED, Verdict.FAILED, 1),
    )
    assert [(each.app_id, each.rule_id, each.times) for each in figures.failures] == [
        ("com.b", "events.id_unique", 1),
        ("com.a", "volume.drop", 1),
    ]
    days = [(each.app_id, each.event_date, each.severity) for each in figures.audited_days]
    assert days == [
        ("com.a", date(2026, 11, 3), Severity.ADVISORY),
        ("com.b", date(2026, 11, 3), Severity.REQUIRED),
    ]


def test_quarantine_flags_and_loads_are_counted(local_store: Store) -> None:
    """Each as the lake's tables have it."""
    figures = gather(local_store)

    assert [(each.reason, each.messages) for each in figures.quarantine] == [
        ("invalid_json", 2),
        ("missing_event_name", 1),
    ]
    assert set(figures.flags) == {
        FlagCount(code, 1, 1, date(2026, 11, 3)) for code in ("weak_identity", "money_rounded")
    }
    assert figures.flagged_events == 1
    assert figures.loads == (LoadDay(date(2026, 11, 3), 2, 1, 60, 50, 7, 3, 0, 0),)
    assert figures.loads[0].missing == 0


def test_the_diary_tells_what_came_and_went(local_store: Store) -> None:
    """With first and last time; what stays is left out, and so is what is too rare to be missed."""
    figures = gather(local_store)

    assert [(each.name, each.change, each.first_seen, each.last_seen) for each in figures.sightings] == [
        ("att", "appeared", at("2026-11-03 13:00"), at("2026-11-04 13:00")),
        ("af_cost_value", "vanished", at("2026-11-01 13:00"), at("2026-11-02 13:00")),
    ]


def test_apps_can_be_chosen(local_store: Store) -> None:
    """Nothing of another app is gathered; a chosen app without figures is still named."""
    write_small_lake(local_store)
    held = [HeldBatch("1", "com.a", NOW, 3, ()), HeldBatch("2", "com.b", NOW, 4, ())]
    figures = gather_figures(Lake(local_store), PERIOD, NOW, apps=["com.b", "com.none"], held=held)

    assert figures.apps == ("com.b", "com.none")
    assert {each.app_id for each in figures.days} == {"com.b"}
    assert {each.app_id for each in figures.tallies} == {"com.b"}
    assert [each.batch_id for each in figures.held] == ["2"]
    assert figures.quarantine == ()


def test_nothing_personal_is_on_the_page(local_store: Store, tmp_path: Path) -> None:
    """A name that looks like an id is told as "other", as an event and as the subject of a check."""
    text = write_page(gather(local_store), tmp_path / "page.html").path.read_text(encoding="utf-8")

    assert "918273645" not in text
    assert "other fell." in text


def test_the_period_is_the_last_28_days(local_store: Store) -> None:
    """Today included; one that ends before it begins is refused."""
    assert choose_period(None, None, NOW) == Period(date(2026, 10, 8), date(2026, 11, 4))
    assert choose_period(None, date(2026, 6, 28), NOW).first == date(2026, 6, 1)
    assert choose_period(date(2026, 11, 2), None, NOW).last == NOW.date()
    assert Period(NOW.date() - timedelta(days=399), NOW.date()).detail.first == date(2026, 10, 8)
    with pytest.raises(UsageError, match="ends before"):
        choose_period(date(2026, 11, 2), date(2026, 11, 1), NOW)


def test_a_page_that_cannot_be_written_is_explained(local_store: Store, tmp_path: Path) -> None:
    """With the file's name."""
    figures = gather_figures(Lake(local_store), PERIOD, NOW)
    with pytest.raises(StoreRefusedWrite, match="absent"):
        write_page(figures, tmp_path / "absent" / "page.html")
