"""The library's queries answer what was counted by hand, on a small lake that the real ingest made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from etl.lake.library import find_query
from etl.lake.reading import Lake
from tests.sql.small_lake import GAME, SHOP, day, usd

Answer = list[tuple[Any, ...]]


def test_installs_by_day(answer: Callable[[str], Answer]) -> None:
    """One at 22:00 of the 1st in New York is of the 1st, though it is of the 2nd in UTC."""
    assert answer("installs_by_day") == [
        (GAME, day(1), 1, 0, 1, 0, 0, 0),
        (GAME, day(2), 3, 2, 1, 0, 0, 0),
        (GAME, day(5), 0, 0, 0, 1, 0, 0),
        (SHOP, day(2), 1, 1, 0, 0, 0, 0),
    ]


def test_revenue_by_day(answer: Callable[[str], Answer]) -> None:
    """The pair is one sale, resend and test message are none; the refund is of its own day."""
    assert answer("revenue_by_day") == [
        (GAME, day(2), 2, 2, usd("14.5"), 0, 0, 0),
        (GAME, day(3), 0, 0, usd("-4.5"), 1, usd("-4.5"), 0),
        (SHOP, day(2), 1, 1, 0, 0, 0, 1),
    ]


def test_revenue_by_currency(answer: Callable[[str], Answer]) -> None:
    """Currencies are not added, and what has no amount in USD is told."""
    assert answer("revenue_by_currency") == [
        (GAME, "EUR", 2, 0, 0, 0),
        (GAME, "USD", 1, 10, 10, 0),
        (SHOP, "USD", 1, 1, 0, 1),
    ]


def test_installs_by_source(answer: Callable[[str], Answer]) -> None:
    """Every spelling of organic is one source; what has no cost is not divided by."""
    assert answer("installs_by_source") == [
        (GAME, "liftoff_int", "Summer", 2, 2, 5, "USD", 2.5),
        (GAME, "organic", None, 2, 0, None, None, None),
        (SHOP, "organic", None, 1, 0, None, None, None),
    ]


def test_revenue_by_source(answer: Callable[[str], Answer]) -> None:
    """A pair's sale is the retargeting source's; a refund takes its own back."""
    assert answer("revenue_by_source") == [
        (GAME, "retarget_int", "Back", 1, 1, 10),
        (GAME, "liftoff_int", "Summer", 1, 1, 0),
        (SHOP, "organic", None, 1, 1, 0),
    ]


def test_retention_by_cohort(answer: Callable[[str], Answer]) -> None:
    """Of three who came on the 2nd two came back on the 3rd; days that are not over yet are null."""
    assert answer("retention_by_cohort") == [
        (GAME, day(1), 1, 1, 0, None, None, None, 1.0),
        (GAME, day(2), 3, 2, None, None, None, None, 0.6667),
        (SHOP, day(2), 1, None, None, None, None, None, None),
    ]


def test_revenue_by_cohort(answer: Callable[[str], Answer]) -> None:
    """A sale counts from its age on, for the cohort of who bought, whoever retargeted them."""
    assert answer("revenue_by_cohort") == [
        (GAME, day(1), 1, 1, 0, 10, 10, 10),
        (GAME, day(2), 3, 1, usd("4.5"), 0, 0, 0),
        (SHOP, day(2), 1, 1, 0, 0, 0, 0),
    ]


def test_roas_by_source(answer: Callable[[str], Answer]) -> None:
    """10 came back of 5: what a refund took is gone, and who cost nothing does not count."""
    assert answer("roas_by_source") == [(GAME, "liftoff_int", "Summer", "USD", 2, 5, 10, 2.0)]


def test_first_purchase_delay(answer: Callable[[str], Answer]) -> None:
    """24 hours and 2 hours; half an hour in the shop."""
    assert answer("first_purchase_delay") == [
        (GAME, "liftoff_int", 2, 2, 0, 2, 2, 13.0),
        (GAME, "organic", 2, 0, 0, 0, 0, None),
        (SHOP, "organic", 1, 1, 1, 1, 1, 0.5),
    ]


def test_assisted_installs(answer: Callable[[str], Answer]) -> None:
    """A source that touched twice assisted once."""
    assert answer("assisted_installs") == [
        (GAME, "googleadwords_int", 2, 2, 0, 0),
        (GAME, "fb", 1, 0, 0, 1),
        (GAME, "liftoff_int", 1, 0, 1, 0),
    ]


def test_funnel_by_event(answer: Callable[[str], Answer]) -> None:
    """Three sales and refunds of two people; the pair's 10 once."""
    assert answer("funnel_by_event") == [
        (GAME, "install", 4, 4, 1.0, 0),
        (GAME, "af_purchase", 3, 2, 1.5, 10),
        (GAME, "af_login", 2, 2, 1.0, 0),
        (GAME, "af_ad_revenue", 1, 1, 1.0, usd("0.01")),
        (GAME, "reinstall", 1, 1, 1.0, 0),
        (SHOP, "af_purchase", 1, 1, 1.0, 0),
        (SHOP, "install", 1, 1, 1.0, 0),
    ]


def test_lateness(answer: Callable[[str], Answer]) -> None:
    """What landed at 14:00 of the 3rd is 36, 26, 25, 24 and 23 hours after the events of the 2nd."""
    assert answer("lateness") == [
        (GAME, day(2), 5, 1500.0, 2040.0, 36.0, 3),
        (GAME, day(3), 6, 390.0, 720.0, 12.0, 0),
        (GAME, day(5), 1, 60.0, 60.0, 1.0, 0),
        (SHOP, day(2), 2, 2205.0, 2218.5, 37.0, 2),
    ]


def test_messages_by_day(answer: Callable[[str], Answer]) -> None:
    """15 messages of which one is no JSON, then two of which one is a resend."""
    assert answer("messages_by_day") == [
        (day(3), 1, 15, 14, 0, 1, 0, 0, 0, 0.0, 0),
        (day(5), 1, 2, 1, 1, 0, 0, 0, 0, 0.5, 0),
    ]


def test_retargeting_pairs_by_source(answer: Callable[[str], Answer]) -> None:
    """One whole pair, and a half that waits for its other."""
    assert answer("retargeting_pairs_by_source") == [
        (GAME, "retarget_int", "liftoff_int", 1, 0, 10),
        (GAME, None, "liftoff_int", 1, 1, 0),
    ]


def test_flags_by_app(answer: Callable[[str], Answer]) -> None:
    """The refund, one of the game's 12 rows, is called a purchase."""
    assert answer("flags_by_app") == [(GAME, "negative_revenue", 1, 0.0833)]


def test_clock_issues_by_zone(answer: Callable[[str], Answer]) -> None:
    """An offset of winter in September."""
    assert answer("clock_issues_by_zone") == [
        (GAME, "America/New_York", "offset_disagrees_with_zone", 1, day(3), day(3))
    ]


def test_consent_by_app(answer: Callable[[str], Answer]) -> None:
    """One limits tracking; one denied it, and the GDPR applies to them."""
    assert answer("consent_by_app") == [
        (GAME, "android", 4, 1, 0, 0, 4, 0, 0),
        (SHOP, "ios", 1, 0, 0, 1, 0, 1, 0),
    ]


def test_an_app_and_days_are_asked_for(small_lake: Lake) -> None:
    """By the variables that every query knows; days are the app's."""
    query = find_query("installs_by_day").text

    assert [row[1:3] for row in small_lake.query(query, app=GAME).fetchall()] == [
        (day(1), 1),
        (day(2), 3),
        (day(5), 0),
    ]
    days = {"first_day": "2026-09-01", "last_day": "2026-09-01"}
    assert small_lake.query(query, **days).fetchall() == [(GAME, day(1), 1, 0, 1, 0, 0, 0)]
