"""The library's queries answer what was counted by hand, on a small lake that the real ingest made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from etl.appsflyer.normalize import TEST_APPSFLYER_ID
from etl.lake.library import find_query
from etl.lake.reading import Lake, connect_duckdb
from tests.services.worlds import Row, message, open_local_world

GAME: Final = "com.game"
SHOP: Final = "id1234567890"
NOBODY: Final = {"media_source": None, "campaign": None}
SUMMER: Final = {"media_source": "liftoff_int", "campaign": "Summer"}
Answer = list[tuple[Any, ...]]


def deed(app_id: str, person: str, name: str, time: str, **fields: object) -> Row:
    """Make a message of what a person did at a time, UTC; the game's zone is New York, the shop's is UTC."""
    instant = datetime.fromisoformat(f"2026-09-{time}")
    zone, hours = ("America/New_York", -4) if app_id == GAME else ("UTC", 0)
    local = instant + timedelta(hours=hours)
    told = {
        "app_id": app_id,
        "event_name": name,
        "event_time": f"{instant}.000",
        "event_time_selected_timezone": f"{local}.000{hours:+03d}00",
        "selected_timezone": zone,
        "appsflyer_id": f"1756684800000-{person}",
        "event_value": None,
        "event_revenue": None,
        "event_revenue_currency": None,
        "platform": "android" if app_id == GAME else "ios",
        "selected_currency": "USD",
        "conversion_type": "install",
    }
    return message(1) | told | fields


def pay(amount: str, currency: str, usd: str | None) -> Row:
    """Give the fields of a payment; the app's currency is USD."""
    return {
        "event_revenue": amount,
        "event_revenue_currency": currency,
        "event_revenue_usd": usd,
        "revenue_in_selected_currency": usd,
    }


SALE: Final = deed(GAME, "3", "af_purchase", "02 15:00", **SUMMER, **pay("4", "EUR", "4.50"))
LANDED: Final = [
    deed(GAME, "1", "install", "02 02:00", **SUMMER, cost_in_selected_currency="2", is_lat="true",
         contributor_1_media_source="googleadwords_int"),
    deed(GAME, "2", "install", "02 12:00", **NOBODY),
    deed(GAME, "3", "install", "02 13:00", **SUMMER, cost_in_selected_currency="3",
         contributor_1_media_source="liftoff_int", contributor_2_media_source="googleadwords_int",
         contributor_3_media_source="googleadwords_int"),
    deed(GAME, "4", "install", "02 14:00", **NOBODY, contributor_1_media_source="fb"),
    # A retargeting pair: one sale, told twice; at 22:00 of the 2nd where the game is at home.
    deed(GAME, "1", "af_purchase", "03 02:00", **SUMMER, **pay("10", "USD", "10"),
         is_primary_attribution="false"),
    deed(GAME, "1", "af_purchase", "03 02:00", media_source="retarget_int", campaign="Back",
         **pay("10", "USD", "10"), is_primary_attribution="true", is_retargeting="true",
         conversion_type="re-engagement", campaign_type="Retargeting"),
    deed(GAME, "1", "af_ad_revenue", "03 03:00", **SUMMER, **pay("0.01", "USD", "0.01")),
    SALE,
    deed(GAME, "3", "af_purchase", "03 12:00", **SUMMER, **pay("-4", "EUR", "-4.50")),
    deed(GAME, "2", "af_login", "03 12:00", **NOBODY),
    # The half of a pair whose other half never came; its offset is winter's.
    deed(GAME, "3", "af_login", "03 13:00", **SUMMER, is_primary_attribution="false",
         event_time_selected_timezone="2026-09-03 08:00:00.000-0500"),
    deed(GAME, "9", "af_purchase", "03 13:00", **pay("999", "USD", "999"))
    | {"appsflyer_id": TEST_APPSFLYER_ID},
    deed(SHOP, "7", "install", "02 01:00", media_source="Organic", att="denied", gdpr_applies="true"),
    # Its zone is not known, and nobody says what the amount is in USD.
    deed(SHOP, "7", "af_purchase", "02 01:30", **NOBODY, **pay("1", "USD", None)) | {
        "selected_timezone": None, "event_time_selected_timezone": None},
]  # fmt: skip
LATER: Final = [
    SALE,
    deed(GAME, "2", "reinstall", "05 12:00", **NOBODY, conversion_type="reinstall"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Ingest the messages, in two runs, the second with a resend."""
    world = open_local_world(tmp_path_factory.mktemp("library"))
    world.land([*LANDED, b"no json"], "push/2026/09/03/14/a.json.gz")
    world.ingest()
    world.land(LATER, "push/2026/09/05/13/b.json.gz")
    world.ingest()
    return Lake(world.lake)


@pytest.fixture(scope="module")
def answer(lake: Lake) -> Iterator[Callable[[str], Answer]]:
    """Answer a query of the library."""
    connection = connect_duckdb(lake)
    yield lambda name: connection.sql(find_query(name).text).fetchall()
    connection.close()


def day(number: int) -> date:
    """Give a day of September."""
    return date(2026, 9, number)


def usd(text: str) -> Decimal:
    """Give an amount."""
    return Decimal(text)


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


def test_an_app_and_days_are_asked_for(lake: Lake) -> None:
    """By the variables that every query knows; days are the app's."""
    query = find_query("installs_by_day").text

    assert [row[1:3] for row in lake.query(query, app=GAME).fetchall()] == [
        (day(1), 1),
        (day(2), 3),
        (day(5), 0),
    ]
    days = {"first_day": "2026-09-01", "last_day": "2026-09-01"}
    assert lake.query(query, **days).fetchall() == [(GAME, day(1), 1, 0, 1, 0, 0, 0)]
