"""When a person asked is read exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.opt_outs.codes import Refused
from etl.opt_outs.instants import GDPR_APPLIES_AT, read_requested_at
from tests.opt_outs.lists import NOW

AUGUST = datetime(2021, 8, 11, 21, 24, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2021-08-11T21:24:19Z",
        "2021-08-11 23:24:19+02:00",
        " 2021-08-11T21:24:19 ",
        "2021-08-11 21:24:19 UTC",
        "20210811T212419Z",
        "1628717059",
        "1628717059000",
        1628717059,
        1628717059000,
        1628717059.0,
        AUGUST,
        AUGUST.replace(tzinfo=None),
        AUGUST.astimezone(timezone(timedelta(hours=9))),
    ],
)
def test_instants_and_epochs_are_read(value: object) -> None:
    """ISO 8601 with any zone, without one as UTC, and epochs in seconds or milliseconds."""
    assert read_requested_at(value, NOW) == AUGUST


@pytest.mark.parametrize("value", ["2021-08-11", "20210811", date(2021, 8, 11)])
def test_a_date_is_its_first_moment(value: object) -> None:
    """The earliest that it can mean is the one that a deadline counts from."""
    assert read_requested_at(value, NOW) == datetime(2021, 8, 11, tzinfo=UTC)


def test_milliseconds_are_kept() -> None:
    """An epoch of 13 digits is exact."""
    assert read_requested_at("1628717059123", NOW) == AUGUST + timedelta(milliseconds=123)


@pytest.mark.parametrize("value", [None, "", " ", "null", "NaN", "\\N", float("nan")])
def test_what_says_nothing_is_unknown(value: object) -> None:
    """The caller then takes the time of landing."""
    assert read_requested_at(value, NOW) is None


@pytest.mark.parametrize(
    "value",
    [
        *("11/08/2021", "08.11.2021", "yesterday", "0", "162871705", "1628717059000000", "-1628717059"),
        *("1628717059.5", "44419", "2021-13-01", "2021-08-11T25:00:00Z", "\u0662021-08-11", "2021081\u0661"),
        *(1628717059.5, 44419, True, float("inf"), ["2021-08-11"], b"2021-08-11"),
    ],
)
def test_what_may_mean_two_things_is_refused(value: object) -> None:
    """Days before months or behind, a spreadsheet's numbers, and what is no time."""
    with pytest.raises(Refused, match=r"^requested_at_unreadable$"):
        read_requested_at(value, NOW)


@pytest.mark.parametrize("value", ["2018-05-24", "2018-05-24T23:59:59.999Z", "1000000000", "0001-01-01"])
def test_before_the_gdpr_nobody_asked(value: str) -> None:
    """An earlier time is a mistake, mostly of units."""
    with pytest.raises(Refused, match=r"^requested_at_too_early$"):
        read_requested_at(value, NOW)


@pytest.mark.parametrize("value", ["2018-05-25", "2018-05-25T00:00:00Z"])
def test_the_first_day_counts(value: str) -> None:
    """The rule's border is that of the regulation."""
    assert read_requested_at(value, NOW) == GDPR_APPLIES_AT


@pytest.mark.parametrize(
    "value", [NOW + timedelta(minutes=5, seconds=1), "2026-11-30", "2026-11-29T02:00:01", "9999-12-31"]
)
def test_nobody_asks_in_the_future(value: object) -> None:
    """Beyond five minutes of clocks, or the widest zone where none is given, it is a mistake."""
    with pytest.raises(Refused, match=r"^requested_at_future$"):
        read_requested_at(value, NOW)


@pytest.mark.parametrize("value", [NOW + timedelta(minutes=5), "2026-11-29", "2026-11-29T02:00:00"])
def test_what_clocks_and_zones_explain_is_now(value: object) -> None:
    """No request is later than its list."""
    assert read_requested_at(value, NOW) == NOW


@given(st.one_of(st.text(), st.integers(), st.floats(), st.datetimes(), st.dates(), st.none()))
def test_whatever_it_is_it_is_read_or_refused(value: object) -> None:
    """No value raises anything else."""
    try:
        found = read_requested_at(value, NOW)
    except Refused:
        return
    assert found is None or GDPR_APPLIES_AT <= found <= NOW
