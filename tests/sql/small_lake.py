"""A small lake that the real ingest makes of a few messages of two apps: figures are counted by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from etl.appsflyer.normalize import TEST_APPSFLYER_ID
from etl.lake.reading import Lake
from tests.services.worlds import Row, message, open_local_world

GAME: Final = "com.game"
SHOP: Final = "id1234567890"
NOBODY: Final = {"media_source": None, "campaign": None}
SUMMER: Final = {"media_source": "liftoff_int", "campaign": "Summer"}


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


def make_small_lake(folder: Path) -> Lake:
    """Ingest the messages in an empty folder, in two runs, the second with a resend."""
    world = open_local_world(folder)
    world.land([*LANDED, b"no json"], "push/2026/09/03/14/a.json.gz")
    world.ingest()
    world.land(LATER, "push/2026/09/05/13/b.json.gz")
    world.ingest()
    return Lake(world.lake)


def day(number: int) -> date:
    """Give a day of September."""
    return date(2026, 9, number)


def usd(text: str) -> Decimal:
    """Give an amount."""
    return Decimal(text)
