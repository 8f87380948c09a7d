"""The shape of the year: its apps, names, sources, and how many rows a day has."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

FIRST_DAY: Final = date(2025, 9, 1)
DAYS: Final = 365
MILLISECOND, MINUTE, HOUR, DAY = 1_000, 60_000_000, 3_600_000_000, 86_400_000_000
SOURCES: Final = (
    "organic", "googleadwords_int", "Facebook Ads", "liftoff_int", "Apple Search Ads", "tiktokglobal_int",
    "unityads_int", "applovin_int", "ironsource_int", "mintegral_int", "snapchat_int", "moloco_int",
)  # fmt: skip
NAMES: Final = (
    "af_login", "af_content_view", "af_level_achieved", "session_start", "af_search", "af_ad_view",
    "af_list_view", "af_add_to_cart", "af_ad_revenue", "screen_view", "af_purchase", "tutorial_step",
    "af_share", "af_rate", "push_opened", "af_add_to_wishlist", "af_initiated_checkout", "quest_started",
    "quest_finished", "af_spent_credits", "af_achievement_unlocked", "invite_sent", "af_invite", "chat_sent",
    "profile_edited", "af_update", "settings_changed", "video_started", "video_finished", "af_subscribe",
    "af_start_trial", "af_complete_registration", "coupon_used", "af_travel_booking", "wheel_spun",
    "daily_bonus", "boss_beaten", "guild_joined", "af_customer_segment", "support_opened",
)  # fmt: skip
COUNTRIES: Final = (
    "US",
    "DE",
    "JP",
    "BR",
    "GB",
    "IN",
    "FR",
    "KR",
    "MX",
    "TR",
    "ID",
    "IT",
    "ES",
    "PL",
    "NL",
    "SE",
)
PAID_NAMES: Final = {"af_purchase": 9_990_000, "af_subscribe": 4_990_000, "af_ad_revenue": 12_000}
CONVERSIONS: Final = ("install", "reinstall", "re_attribution", "re_engagement")
# Of a thousand rows of a day.
_INSTALLS, _OTHER_CONVERSIONS, _TOLD_TWICE = 40, 6, 12


@dataclass(frozen=True, slots=True)
class App:
    """An app: its part of all rows, its zone's offset in minutes, and its platform."""

    app_id: str
    share: float
    offset: int
    zone: str
    platform: str
    currency: str


APPS: Final = (
    App("com.big.game", 0.44, -300, "America/Bogota", "android", "USD"),
    App("id1000000001", 0.24, 120, "Africa/Cairo", "ios", "EUR"),
    App("com.shop.daily", 0.14, 540, "Asia/Tokyo", "android", "JPY"),
    App("id1000000002", 0.09, 0, "UTC", "ios", "USD"),
    App("com.puzzle", 0.05, 330, "Asia/Kolkata", "android", "USD"),
    App("com.travel.now", 0.025, 180, "Europe/Istanbul", "android", "EUR"),
    App("id1000000003", 0.0128, -180, "America/Sao_Paulo", "ios", "USD"),
    App("com.young", 0.0022, 60, "Africa/Lagos", "android", "USD"),
)


def rows_of(place: int, day: int, total: int) -> int:
    """Tell how many rows an app has on a day, of so many in the year: weekends and growth move them."""
    season = 1 + 0.25 * math.sin(day * 2 * math.pi / 7) + 0.4 * (day / DAYS - 0.5)
    return max(20, round(total * APPS[place].share * season / DAYS))


@lru_cache(maxsize=1)
def name_objects(day: int) -> list[str]:
    """Name the objects that a day's messages may land in."""
    return [name_object(day, hour) for hour in range(24 * 31 + 2)]


def name_object(day: int, hour: int) -> str:
    """Name the object that landed in an hour, counted from a day's beginning."""
    landed = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day, hours=hour)
    return f"{landed:%Y/%m/%d/%H}/part-00000"
