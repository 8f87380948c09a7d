from datetime import date

import pytest

from etl.errors import UsageError
from etl.jobs.reporting.choosing import choose_apps, choose_period, find_last_complete
from etl.lake.info import AppInfo
from etl.reports.figures import Period
from tests.reports.lakes import at

NOON = at("2026-11-29 12:00")


def app(app_id: str, last: str) -> AppInfo:
    """Make an app whose last UTC day is given."""
    return AppInfo(app_id, "2026-01-01", last, 10, 1, 100)


def test_all_apps_of_the_lake_are_the_default() -> None:
    """Each in the order of its id; an app of the configuration alone can be asked for."""
    present = [app("a", "2026-11-29"), app("b", "2026-11-29")]

    assert choose_apps((), present, ["c"]) == ["a", "b"]
    assert choose_apps(("c", "a", "c"), present, ["c"]) == ["a", "c"]


def test_an_unknown_app_is_refused_with_those_that_are_known() -> None:
    """Not more than a person reads."""
    present = [app(f"com.{number:02d}", "2026-11-29") for number in range(12)]

    with pytest.raises(UsageError, match=r"No app 'x' .* Known are com.00, .*com.09 and 2 more"):
        choose_apps(("x",), present, ())


def test_an_empty_lake_is_told() -> None:
    """With what to do, for no app and for any."""
    with pytest.raises(UsageError, match=r"no events yet.*pushlift ingest"):
        choose_apps((), (), ["c"])
    with pytest.raises(UsageError, match="none yet"):
        choose_apps(("x",), (), ())


def test_the_last_complete_day_is_over_in_its_zone() -> None:
    """At noon in UTC yesterday is over in New York, and in Honolulu; at three o'clock it is not."""
    present = [app("a", "2026-11-29")]

    assert find_last_complete(present, {"a": -300}, NOON) == date(2026, 11, 28)
    assert find_last_complete(present, {"a": -300}, at("2026-11-29 03:00")) == date(2026, 11, 27)
    assert find_last_complete(present, {"a": 600}, at("2026-11-28 15:00")) == date(2026, 11, 28)


def test_a_lake_that_ended_has_its_last_day() -> None:
    """The newest of the apps'; without any, yesterday."""
    present = [app("a", "2026-10-01"), app("b", "2026-09-01")]

    assert find_last_complete(present, {"a": 0, "b": 0}, NOON) == date(2026, 10, 1)
    assert find_last_complete((), {}, NOON) == date(2026, 11, 28)


def test_the_period_is_thirty_days_by_default() -> None:
    """Up to the last complete one; one end alone goes with the other's default."""
    complete = date(2026, 11, 28)

    assert choose_period(None, None, 30, complete) == Period(date(2026, 10, 30), complete)
    assert choose_period(date(2026, 11, 1), None, 30, complete) == Period(date(2026, 11, 1), complete)
    assert choose_period(None, date(2026, 6, 30), 30, complete) == Period(date(2026, 6, 1), date(2026, 6, 30))
    later = date(2027, 1, 1)
    assert choose_period(later, None, 30, complete) == Period(later, later)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    """With both days."""
    with pytest.raises(UsageError, match="begins on 2026-11-02 and ends before that, on 2026-11-01"):
        choose_period(date(2026, 11, 2), date(2026, 11, 1), 30, date(2026, 11, 28))
