import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from etl.sample import generate_landing
from tests.sample.reading import Landing, Message, identify, read_landing

ZEROS = "00000000-0000-0000-0000-000000000000"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
UPPER_UUID = UUID.replace("a-f", "A-F")

KINDS: dict[str, Callable[[Message], bool]] = {
    "an Android id in lower case": lambda m: bool(re.fullmatch(UUID, str(m.get("advertising_id")))),
    "an iOS id in upper case": lambda m: bool(re.fullmatch(UPPER_UUID, str(m.get("idfa")))),
    "a zeroed IDFA": lambda m: m.get("idfa") == ZEROS and str(m["is_lat"]).lower() == "true",
    "a zeroed GAID": lambda m: m.get("advertising_id") == ZEROS,
    "a withheld IDFA with ATT": lambda m: m.get("att") == "denied" and not m.get("idfa"),
    "an OAID alone": lambda m: bool(m.get("oaid")) and not m.get("advertising_id"),
    "no appsflyer_id": lambda m: not (m.get("appsflyer_id") or m.get("appsflyer_device_id")),
    "a customer's own id": lambda m: bool(m.get("customer_user_id")),
    "organic": lambda m: m.get("media_source") == "organic",
    "Organic": lambda m: m.get("media_source") == "Organic",
    "no media source": lambda m: "media_source" not in m,
    "googleadwords_int": lambda m: m.get("media_source") == "googleadwords_int",
    "Facebook Ads": lambda m: m.get("media_source") == "Facebook Ads",
    "Apple Search Ads": lambda m: m.get("media_source") == "Apple Search Ads",
    "a V1 Facebook field": lambda m: bool(m.get("fb_adset_id")),
    "a V1 in-app event": lambda m: m.get("event_type") == "in-app-event" and bool(m.get("event_name")),
    "a V1 install": lambda m: m.get("event_type") == "install" and "attribution_type" in m,
    "a V1 currency": lambda m: bool(m.get("currency")),
    "a V1 device": lambda m: bool(m.get("device_brand")) and bool(m.get("device_model")),
    "a JSON boolean": lambda m: m.get("wifi") is True,
    "a text boolean": lambda m: m.get("wifi") == "true",
    "money as a number": lambda m: isinstance(m.get("event_revenue"), float),
    "money as text": lambda m: m.get("event_revenue") == "1499",
    "blank as null": lambda m: m.get("imei", "") is None,
    "blank as nothing": lambda m: m.get("imei") == "",
    "blank as absence": lambda m: "imei" not in m,
    "a newer event_type": lambda m: m.get("event_type") == "re-engagement-in-app-event",
    "an unknown field": lambda m: "engagement_score" in m,
    "ids in a URL": lambda m: (
        "advertiserId=" in str(m.get("original_url")) and "android_id=" in str(m["original_url"])
    ),
    "an event value of another syntax": lambda m: str(m.get("event_value")).startswith("{lesson="),
    "a city beyond ASCII": lambda m: m.get("city") == "東京",
    "an IPv6 address": lambda m: ":" in str(m.get("ip")),
    "the vendor's test message": lambda m: m["app_id"] == "com.pds.pushapi2.v2.transparent.com",
    "a UTC zone": lambda m: m.get("selected_timezone") == "UTC" and m["app_id"] == "id1234567890",
    "Tokyo": lambda m: m.get("selected_timezone") == "Asia/Tokyo",
    "New York": lambda m: m.get("selected_timezone") == "America/New_York",
    "Kolkata": lambda m: m.get("selected_timezone") == "Asia/Kolkata",
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_demo_holds_every_kind(mixed: Landing, kind: str) -> None:
    """2,000 messages of the demo shape hold every kind of message that real exports do."""
    assert any(KINDS[kind](message) for message in mixed.messages)


def test_every_topic_is_there(mixed: Landing) -> None:
    """All seven topics of the vendor are in the demo."""
    assert len(mixed.truth.events_by_topic) == 7


def test_full_messages_have_the_keys_of_the_vendors_sample(benchmark_shape: Landing) -> None:
    """AppsFlyer: Push API V2.0's sample message has 110 keys."""
    assert {len(message) for message in benchmark_shape.messages} == {110}


def test_pairs_differ_in_source_and_primacy_alone(benchmark_shape: Landing) -> None:
    """Both halves of a retargeting pair tell of one purchase of one person."""
    by_occurrence: dict[tuple[object, ...], list[Message]] = {}
    for identity, message in {identify(message): message for message in benchmark_shape.messages}.items():
        by_occurrence.setdefault(identity[:-1], []).append(message)
    pairs = [pair for pair in by_occurrence.values() if len(pair) > 1]
    assert len(pairs) == 320
    for pair in pairs:
        assert sorted(str(half["is_primary_attribution"]) for half in pair) == ["False", "True"]
        assert pair[0]["event_revenue"] == pair[1]["event_revenue"]
        assert all(half["is_retargeting"] for half in pair)


def test_v1_times_lose_milliseconds_in_utc_alone(mixed: Landing) -> None:
    """V1's UTC fields end at the second, their selected-timezone twins do not."""
    for message in mixed.messages:
        if "attribution_type" in message:
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str(message["event_time"]))
            assert re.search(r":\d\d\.\d{3}[+-]\d{4}$", str(message["event_time_selected_timezone"]))


def test_late_events_are_hours_to_days_late(benchmark_shape: Landing) -> None:
    """Some events are older than the first hour that anything landed in."""
    times = Counter(str(message["event_time"])[:10] for message in benchmark_shape.messages)
    assert sum(count for day, count in times.items() if day < "2026-09-01") > 10
    assert benchmark_shape.truth.late_events < len(benchmark_shape.messages) / 50


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_local_times_follow_the_zone_through_a_change_of_clocks(tmp_path: Path, day: date) -> None:
    """Every local time is its UTC twin in the selected zone, also when its clocks change."""
    landing = read_landing(tmp_path, generate_landing(tmp_path, 600, days=1, start=day))
    offsets = set()
    for message in landing.messages:
        local = datetime.strptime(str(message["event_time_selected_timezone"]), "%Y-%m-%d %H:%M:%S.%f%z")
        there = local.astimezone(ZoneInfo(str(message["selected_timezone"])))
        assert there.utcoffset() == local.utcoffset()
        assert (
            local.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M:%S") == str(message["event_time"])[:19]
        )
        offsets.add((message["selected_timezone"], local.strftime("%z")))
    assert {
        ("America/New_York", "-0400"),
        ("America/New_York", "-0500"),
        ("Asia/Kolkata", "+0530"),
    } <= offsets


def test_purchases_value_is_json_with_the_revenue(benchmark_shape: Landing) -> None:
    """What a purchase's event_value tells is what its revenue fields tell."""
    for message in benchmark_shape.messages:
        if message["event_name"] == "af_purchase":
            value = json.loads(str(message["event_value"]))
            assert value["af_revenue"] == message["event_revenue"]
            assert value["af_currency"] == message["event_revenue_currency"]
