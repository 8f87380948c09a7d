"""The varying texts of messages: a row of slots for each, which templates pick from."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from etl.sample.catalogue import (
    ADS,
    ADSETS,
    ANDROID,
    ANDROID_DEVICES,
    APPS,
    CAMPAIGN_WORDS,
    CAMPAIGNS_PER_SOURCE,
    IN_APP_EVENTS,
    IOS_DEVICES,
    PLACES,
    PRICES,
    SOURCES,
    ZONES,
    App,
    Device,
)
from etl.sample.chance import Words, draw_below, draw_words, format_hex, format_uuids
from etl.sample.clocks import SECOND_MS, Calendar, Texts, as_texts, format_local, format_utc, make_calendar
from etl.sample.people import Acts
from etl.sample.plan import Plan
from etl.sample.roles import FIRST_IN_APP

Columns = dict[str, list[bytes]]

_DEVICES_PER_APP = len(ANDROID_DEVICES)
_PLACES_PER_APP = len(PLACES[0])
_ADSETS_PER_CAMPAIGN = len(ADSETS)
_WIFI = as_texts([b"false", b"true", b"true"])
_IS_ANDROID = np.array([app.platform == ANDROID for app in APPS])
_HAS_MONEY = tuple(event.has_money for event in IN_APP_EVENTS)
_VALUES = tuple(event.value for event in IN_APP_EVENTS)
_EVENT_TEXTS = as_texts([event.name.encode() for event in IN_APP_EVENTS])
_ZONE_TEXTS = as_texts([zone.encode() for zone in ZONES])
_SITES = as_texts([b"%d" % (100_003 + n * 7_919) for n in range(512)])
_AD_TEXTS = as_texts([ad.encode() for ad in ADS])
_AD_IDS = as_texts([b"12020%d" % (610_000_417 + n) for n in range(len(ADS))])
# How long before the touch the three contributors' touches were.
_CONTRIBUTIONS_MS = (25_044, 90_086, 75_134)
_TIME_OFFSETS_MS = {"download": -41_000, "gp_click": -96_000, "gp_begin": -58_000}


@dataclass(frozen=True, slots=True)
class Tables:
    """Texts that a column of numbers chooses from, a table for each slot."""

    devices: dict[str, Texts]
    places: dict[str, Texts]
    prices: dict[str, Texts]
    adsets: dict[str, Texts]


def describe_acts(plan: Plan, acts: Acts) -> Columns:
    """Write the texts of every slot, a column each."""
    calendar = make_calendar(plan.start, plan.days)
    words = draw_words(plan.seed, "traits", acts.person)
    columns = {name: texts.tolist() for name, texts in _choose_texts(acts, words).items()}
    columns |= {name: texts.tolist() for name, texts in _tell_times(calendar, acts).items()}
    columns |= _name_people(plan, acts, words)
    columns["event_value"] = _write_values(plan, acts)
    columns["event_value_json"] = [value.replace(b'"', b'\\"') for value in columns["event_value"]]
    return columns


def iterate_rows(columns: Columns) -> Iterator[tuple[bytes, ...]]:
    """Give the slots of each message, in the order of `SLOTS`."""
    return zip(*(columns[slot] for slot in SLOTS), strict=True)


def _choose_texts(acts: Acts, words: Words) -> dict[str, Texts]:
    tables = _make_tables()
    device = acts.app * _DEVICES_PER_APP + draw_below(words, _DEVICES_PER_APP)
    place = acts.app * _PLACES_PER_APP + draw_below(words >> np.uint64(3), _PLACES_PER_APP)
    campaign = acts.source * CAMPAIGNS_PER_SOURCE + draw_below(words >> np.uint64(7), CAMPAIGNS_PER_SOURCE)
    adset = campaign * _ADSETS_PER_CAMPAIGN + draw_below(words >> np.uint64(11), _ADSETS_PER_CAMPAIGN)
    ad = draw_below(words >> np.uint64(15), len(ADS))
    chosen = {
        "wifi": _WIFI[draw_below(words >> np.uint64(19), len(_WIFI))],
        "event_name": _EVENT_TEXTS[acts.event],
        "zone": _ZONE_TEXTS[acts.zone],
        "siteid": _SITES[draw_below(words >> np.uint64(23), len(_SITES))],
        "sub_siteid": _SITES[draw_below(words >> np.uint64(29), len(_SITES))],
        "ad": _AD_TEXTS[ad],
        "ad_id": _AD_IDS[ad],
    }
    chosen |= {slot: table[device] for slot, table in tables.devices.items()}
    chosen |= {slot: table[place] for slot, table in tables.places.items()}
    chosen |= {slot: table[acts.price] for slot, table in tables.prices.items()}
    return chosen | {slot: table[adset] for slot, table in tables.adsets.items()}


def _tell_times(calendar: Calendar, acts: Acts) -> dict[str, Texts]:
    times = {"event": acts.event_ms, "install": acts.install_ms, "touch": acts.touch_ms}
    times["download"] = acts.install_ms + _TIME_OFFSETS_MS["download"]
    told = {f"{name}_time": format_utc(calendar, ms) for name, ms in times.items()}
    told |= {f"{name}_local": format_local(calendar, ms, acts.zone) for name, ms in times.items()}
    for name in ("gp_click", "gp_begin"):  # the store and the device tell whole seconds
        whole = (acts.install_ms + _TIME_OFFSETS_MS[name]) // SECOND_MS * SECOND_MS
        told[name] = format_utc(calendar, whole)
    for n, before_ms in enumerate(_CONTRIBUTIONS_MS, 1):
        told[f"contributor_{n}_time"] = format_utc(calendar, acts.touch_ms - before_ms)
    return told


def _name_people(plan: Plan, acts: Acts, words: Words) -> Columns:
    def draw(stream: str) -> Words:
        return draw_words(plan.seed, stream, acts.person)

    is_android = _IS_ANDROID[acts.app].tolist()
    devices = format_uuids(draw("device high"), draw("device low"), is_upper=True)
    serials = (words % np.uint64(10**19)).tolist()
    installs = acts.first_install_ms.tolist()
    return {
        "device_id": [text.lower() if low else text for text, low in zip(devices, is_android, strict=True)],
        "idfv": format_uuids(draw("vendor high"), draw("vendor low"), is_upper=True),
        "android_id": format_hex(draw("android")),
        "click_id": format_hex(draw("click")),
        "appsflyer_id": [b"%d-%019d" % pair for pair in zip(installs, serials, strict=True)],
        "customer_user_id": [b"%d" % (n % 100_000_000) for n in draw("customer").tolist()],
        "ip": _write_addresses(draw("address")),
    }


def _write_addresses(words: Words) -> list[bytes]:
    """Write addresses of nobody: 198.18.0.0/15 is kept for benchmarks, 2001:db8::/32 for documentation."""
    return [_write_address(word) for word in (words >> np.uint64(20)).tolist()]


def _write_address(word: int) -> bytes:
    if word & 7:
        return b"198.%d.%d.%d" % (18 + (word >> 3 & 1), word >> 8 & 255, word >> 16 & 255)
    return b"2001:db8:%x:%x::%x" % (word >> 4 & 255, word >> 12 & 0xFFFF, word >> 28 & 0xFFFF)


def _write_values(plan: Plan, acts: Acts) -> list[bytes]:
    numbers = draw_below(draw_words(plan.seed, "value", acts.number), 1_000_000).tolist()
    prices = acts.price.tolist()
    kinds, events = acts.kind.tolist(), acts.event.tolist()
    return [
        _write_value(event, price, number) if kind >= FIRST_IN_APP else b""
        for kind, event, price, number in zip(kinds, events, prices, numbers, strict=True)
    ]


def _write_value(event: int, price: int, number: int) -> bytes:
    if not _HAS_MONEY[event]:
        return _VALUES[event] % (number % 100)
    tables = _make_tables().prices
    return _VALUES[event] % (tables["price"][price], tables["currency"][price], number)


@lru_cache(maxsize=1)
def _make_tables() -> Tables:
    return Tables(_tabulate_devices(), _tabulate_places(), _tabulate_prices(), _tabulate_adsets())


def _tabulate_devices() -> dict[str, Texts]:
    devices = [device for app in APPS for device in _list_devices(app)]
    return {
        "device_type": _encode([f"{d.brand}::{d.model}" if d.brand else d.model for d in devices]),
        "device_brand": _encode([d.brand for d in devices]),
        "device_model": _encode([d.model for d in devices]),
        "os_version": _encode([d.os_version for d in devices]),
        "user_agent": _encode([d.user_agent for d in devices]),
    }


def _list_devices(app: App) -> tuple[Device, ...]:
    return ANDROID_DEVICES if app.platform == ANDROID else IOS_DEVICES


def _tabulate_places() -> dict[str, Texts]:
    places = [place for of_app in PLACES for place in of_app]
    names = ("country", "region", "state", "city", "postal_code", "dma", "carrier", "language")
    return {name: _encode([getattr(place, name) for place in places]) for name in names}


def _tabulate_prices() -> dict[str, Texts]:
    prices = [price for of_app in PRICES for price in of_app]
    return {
        "price": as_texts([price.text for price in prices]),
        "currency": as_texts([price.currency for price in prices]),
        "price_usd": as_texts([price.usd for price in prices]),
        "price_selected": as_texts([price.selected for price in prices]),
    }


def _tabulate_adsets() -> dict[str, Texts]:
    keys = [
        (s, c, a)
        for s in range(len(SOURCES))
        for c in range(CAMPAIGNS_PER_SOURCE)
        for a in range(len(ADSETS))
    ]
    return {
        "campaign": _encode([f"{CAMPAIGN_WORDS[c]}_{SOURCES[s].channel}_2026Q3" for s, c, _ in keys]),
        "campaign_id": _encode([f"2384{s}{c}017350" for s, c, _ in keys]),
        "adset": _encode([f"{CAMPAIGN_WORDS[c]}_{ADSETS[a]}" for s, c, a in keys]),
        "adset_id": _encode([f"2385{s}{c}{a}09412" for s, c, a in keys]),
    }


def _encode(texts: list[str]) -> Texts:
    return as_texts([text.encode() for text in texts])


SLOTS = (
    *("event_time", "event_local", "install_time", "install_local", "touch_time", "touch_local"),
    *("download_time", "download_local", "gp_click", "gp_begin"),
    *("contributor_1_time", "contributor_2_time", "contributor_3_time"),
    *("appsflyer_id", "device_id", "idfv", "android_id", "customer_user_id", "ip", "click_id"),
    *("device_type", "device_brand", "device_model", "os_version", "user_agent", "wifi"),
    *("country", "region", "state", "city", "postal_code", "dma", "carrier", "language", "zone"),
    *("event_name", "event_value", "event_value_json", "price", "currency", "price_usd", "price_selected"),
    *("campaign", "campaign_id", "adset", "adset_id", "ad", "ad_id", "siteid", "sub_siteid"),
)
