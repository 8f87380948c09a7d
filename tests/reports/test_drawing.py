import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from etl.reports.buckets import Bucket, list_buckets
from etl.reports.figures import Period
from etl.reports.plots import Bar, Caption, draw_bars, draw_hours, round_up, shorten
from etl.reports.verdicts import State
from tests.reports.made_up import HOSTILE, NOW, day, period_of

BARS = [Bar(Bucket(day(number), day(number)), 10 * number) for number in range(1, 15)]
CAPTION = Caption("key", "Events of com.a over time", "events")


def test_a_drawing_is_the_same_every_time() -> None:
    """The same figures give the same bytes."""
    assert draw_bars(CAPTION, BARS) == draw_bars(CAPTION, BARS)


def test_a_drawing_brings_no_colour_type_or_style_of_its_own() -> None:
    """Colours are the page's, text is text in the page's font, and nothing reaches outside the drawing."""
    svg = draw_bars(CAPTION, [*BARS, Bar(Bucket(day(20), day(20)), 9, State.FAILED)])

    assert re.findall(r"#[0-9a-fA-F]{3,6}\b", svg) == []
    assert "var(--series)" in svg
    assert "var(--failed)" in svg
    assert "font" not in svg
    assert "<style" not in svg
    assert "url(" not in svg
    assert "href" not in svg


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_in_a_drawing_is_text(name: str) -> None:
    """Whatever the app is called, the drawing is well-formed and has that name."""
    drawn = ET.fromstring(draw_bars(Caption("key", name, "events"), BARS))  # noqa: S314 - of our own making

    assert drawn[0].text == name


@pytest.mark.parametrize("bars", [[], BARS[:1], [Bar(BARS[0].bucket, 0)]])
def test_little_can_be_drawn(bars: list[Bar]) -> None:
    """No bar, one bar, and nothing but a zero."""
    assert "<svg" in draw_bars(CAPTION, bars)


def test_an_hour_that_is_missing_stands_out() -> None:
    """Where most days have events in an hour, one that has none is outlined in the colour of failure."""
    begin = datetime(2026, 11, 3, tzinfo=UTC)
    busy = {begin + timedelta(days=n, hours=hour): 5 for n in range(4) for hour in (8, 9, 20)}
    quiet = {begin + timedelta(days=n, hours=3): 0 for n in range(4)}
    missing = {begin + timedelta(days=2, hours=9): 0}
    ends = (begin.date(), (begin + timedelta(days=3)).date())

    assert "stroke: var(--failed)" not in draw_hours(CAPTION, busy | quiet, *ends)
    svg = draw_hours(CAPTION, busy | quiet | missing, *ends)
    assert "stroke: var(--failed)" in svg
    assert "5 of them without any" in svg
    assert svg.count('class="hint"') == 16


@pytest.mark.parametrize(("count", "end"), [(0, 4), (4, 4), (5, 6), (99, 100), (101, 120), (4_300, 5_000)])
def test_an_axis_ends_at_a_round_figure(count: int, end: int) -> None:
    """The half of it is round as well, and the bars fill most of the height."""
    assert round_up(count) == end


def test_every_count_fits_its_axis() -> None:
    """The end is never below the count, nor far above it."""
    for count in range(4, 30_000, 7):
        assert count <= round_up(count) <= 2 * count


def test_counts_are_spelled_shortly() -> None:
    """Three digits and a sign."""
    assert [shorten(count) for count in (950, 1_200, 25_000, 3_000_000)] == ["950", "1.2k", "25k", "3M"]


def test_days_become_weeks_where_there_are_too_many() -> None:
    """Every day of the period has one bucket, and none has a day outside."""
    assert len(list_buckets(period_of(45))) == 45
    weeks = list_buckets(period_of(400))
    assert len(weeks) == 58
    assert (weeks[0].first, weeks[-1].last) == (period_of(400).first, NOW.date())
    assert sum((week.last - week.first).days + 1 for week in weeks) == 400
    assert list_buckets(Period(day(1), day(1))) == (Bucket(day(1), day(1)),)
