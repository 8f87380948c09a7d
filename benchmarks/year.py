"""A year of plausible events, made a day and app at a time: the same rows for the same numbers.

Apps differ in size by two hundred; some forty event names come by Zipf's law; people install, come back less
and less often, and buy; some sales inside re-engagement windows are told twice. Rows are as wide as real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.lake.tables import EVENTS, MONEY_TYPE, UTC_TYPE, file_schema

Numbers = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Column = pa.Array | pa.ChunkedArray

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
COUNTRIES: Final = ("US", "DE", "JP", "BR", "GB", "IN", "FR", "KR", "MX", "TR", "ID", "IT", "ES", "PL", "NL", "SE")
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
    season = 1 + 0.25 * np.sin(day * 2 * np.pi / 7) + 0.4 * (day / DAYS - 0.5)
    return max(20, round(total * APPS[place].share * season / DAYS))


def make_day(place: int, day: int, total: int) -> pa.Table:
    """Make the rows of an app and UTC day, in the order in which they came, without the partition's columns."""
    app, rows = APPS[place], rows_of(place, day, total)
    chance = np.random.default_rng([place, day])
    kinds = _choose_kinds(chance, rows)
    people = _choose_people(chance, place, day, total, kinds)
    deeds = _Deeds(app, day, kinds, people, _moments(chance, day, kinds, people))
    told = deeds.make()
    twice = np.flatnonzero((kinds >= len(CONVERSIONS)) & (chance.integers(0, 1000, rows) < _TOLD_TWICE))
    halves = _retell(told.take(pa.array(twice)))
    # The halves of a pair are one message after the other; what is written plainly is shuffled.
    return pa.concat_tables([told, halves]).take(pa.array(chance.permutation(rows + len(twice))))


def _choose_kinds(chance: np.random.Generator, rows: int) -> Numbers:
    """Give a number for each row: a conversion's place, or that of an event's name behind them."""
    weights = 1 / np.arange(1, len(NAMES) + 1)
    names = chance.choice(len(NAMES), rows, p=weights / weights.sum()) + len(CONVERSIONS)
    draw = chance.integers(0, 1000, rows)
    found = np.where(draw < _INSTALLS, 0, names)
    others = (draw >= _INSTALLS) & (draw < _INSTALLS + 3 * _OTHER_CONVERSIONS)
    return np.where(others, 1 + (draw - _INSTALLS) // _OTHER_CONVERSIONS, found).astype(np.int64)


def _choose_people(
    chance: np.random.Generator, place: int, day: int, total: int, kinds: Numbers
) -> Numbers:
    """Choose who did each row: mostly those who installed lately; a number says app, day and which."""
    ages = np.where(kinds == 0, 0, np.minimum(chance.exponential(15, len(kinds)).astype(np.int64), 300))
    installed = day - ages
    each_day = max(1, rows_of(place, max(day, 0), total) * _INSTALLS // 1000)
    which = np.where(kinds == 0, np.cumsum(kinds == 0), chance.integers(0, each_day, len(kinds)))
    return (np.int64(place) << 44) | ((installed + 1_000) << 28) | which


def _moments(chance: np.random.Generator, day: int, kinds: Numbers, people: Numbers) -> Numbers:
    """Give the microsecond, UTC, of each row."""
    start = (FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + day) * DAY
    within = np.where(kinds == 0, _install_moment(people), chance.integers(0, DAY // 1000, len(kinds)) * 1000)
    return start + within


def _install_moment(people: Numbers) -> Numbers:
    return (_mix(people, 1) % np.uint64(DAY // 1000)).astype(np.int64) * 1000


def _mix(numbers: npt.NDArray[np.int64] | Keys, salt: int) -> Keys:
    """Mix numbers to 64 bits that look random (SplitMix64's finalizer)."""
    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def _hex(*words: Keys) -> pa.Array:
    """Spell words as hex digits, 16 each."""
    digits = np.stack(words, axis=1).astype(">u8").tobytes().hex().encode()
    width, rows = 16 * len(words), len(words[0])
    offsets = pa.py_buffer(np.arange(0, width * (rows + 1), width, dtype=np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(digits))


def _uuid(high: Keys, low: Keys) -> pa.Array:
    text = _hex(high, low)
    parts = [pc.utf8_slice_codeunits(text, *cut) for cut in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))]
    return pc.binary_join_element_wise(*parts, "-")


def _pick(values: Sequence[str | None], places: npt.NDArray[np.integer]) -> pa.Array:
    """Give a dictionary's values by their place; a null value is a null."""
    known = [value for value in values if value is not None]
    numbers = np.cumsum([value is not None for value in values]) - 1
    numbers[[place for place, value in enumerate(values) if value is None]] = -1
    chosen = numbers[places].astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(chosen, mask=chosen < 0), pa.array(known, pa.string()))


def _times(numbers: Numbers, is_null: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    return pa.array(numbers, pa.timestamp("us"), mask=is_null).cast(UTC_TYPE)


def _money(millionths: Numbers, is_null: npt.NDArray[np.bool_]) -> pa.Array:
    """Give millionths as money, whose numbers have 128 bits and ten places."""
    low = millionths * 10**4
    words = np.stack([low, low >> 63], axis=1)
    valid = pa.array(~is_null).buffers()[1]
    return pa.Array.from_buffers(MONEY_TYPE, len(low), [valid, pa.py_buffer(words.tobytes())])


def _retell(rows: pa.Table) -> pa.Table:
    """Tell rows once more, as the original source's half of a pair."""
    changed = {
        "event_id": pc.utf8_reverse(rows["event_id"]),
        "is_primary_attribution": pa.repeat(pa.scalar(value=False), rows.num_rows),
        "media_source": _pick(SOURCES, np.full(rows.num_rows, 3)),
        "topic": _pick(("install_in_app_event",), np.zeros(rows.num_rows, int)),
    }
    for name, column in changed.items():
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pa.chunked_array([column]).cast(rows.schema.field(place).type))
    return rows


@dataclass(frozen=True, slots=True)
class _Deeds:
    """What the rows of a day have in common; makes their columns."""

    app: App
    day: int
    kinds: Numbers
    people: Numbers
    moments: Numbers

    def make(self) -> pa.Table:
        """Make all columns; those that nobody fills are null."""
        made = {**self._identities(), **self._times(), **self._attribution(), **self._money(), **self._device()}
        made |= self._texts() | self._accounts()
        rows = len(self.kinds)
        schema = file_schema(EVENTS)
        columns = []
        for field in schema:
            found = made.get(field.name)
            columns.append(pa.nulls(rows, field.type) if found is None else found.cast(field.type))
        return pa.Table.from_arrays(columns, schema=schema)

    def _odds(self, salt: int, of: int) -> Numbers:
        """Draw a number below `of` for each row, of its person alone where the salt is below 100."""
        subject = self.people if salt < 100 else self._keys()
        return (_mix(subject, salt) % np.uint64(of)).astype(np.int64)

    def _keys(self) -> Numbers:
        return (self.moments * 1_000_003 + self.people * 31 + self.kinds).astype(np.int64)

    def _identities(self) -> Mapping[str, Column]:
        keys, person = self._keys(), self.people
        number = pa.array((_mix(person, 3) >> np.uint64(2)).astype(np.int64)).cast(pa.string())
        seconds = pa.array(self._installed() // MILLISECOND).cast(pa.string())
        device = _uuid(_mix(person, 4), _mix(person, 5))
        is_ios = self.app.platform == "ios"
        octets = [pa.array(self._odds(salt, 254) + 1).cast(pa.string()) for salt in (6, 7, 8, 9)]
        return {
            "event_id": _hex(_mix(keys, 101), _mix(keys, 102)),
            "occurrence_id": _hex(_mix(keys, 103), _mix(keys, 104)),
            "appsflyer_id": pc.binary_join_element_wise(seconds, number, "-"),
            "advertising_id": None if is_ios else device,
            "idfv": device if is_ios else None,
            "customer_user_id": pc.if_else(pa.array(self._odds(10, 3) > 0), pc.binary_join_element_wise("user", number, "_"), None),
            "ip": pc.binary_join_element_wise(*octets, "."),
        }  # fmt: skip

    def _installed(self) -> Numbers:
        days = ((self.people >> 28) & 0xFFFF) - 1_000
        start = FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal()
        return (start + days) * DAY + _install_moment(self.people)

    def _times(self) -> Mapping[str, Column]:
        installed, offset = self._installed(), self.app.offset
        touched = installed - self._odds(11, 7 * 24 * 60) * MINUTE - 1_000
        organic = self._source() == 0
        local_days = (self.moments + offset * MINUTE) // DAY
        return {
            "event_time": _times(self.moments),
            "install_time": _times(installed),
            "attributed_touch_time": _times(touched, organic),
            "event_date_local": pa.array(local_days.astype(np.int32)).cast(pa.date32()),
            "event_utc_offset_minutes": pa.array(np.full(len(self.kinds), offset, np.int32)),
            "install_utc_offset_minutes": pa.array(np.full(len(self.kinds), offset, np.int32)),
            "event_time_selected_timezone": self._spell(self.moments),
            "install_time_selected_timezone": self._spell(installed),
            "attributed_touch_time_selected_timezone": pc.if_else(pa.array(organic), None, self._spell(touched)),
            "selected_timezone": _pick((self.app.zone,), np.zeros(len(self.kinds), int)),
        }  # fmt: skip

    def _spell(self, moments: Numbers) -> pa.Array:
        """Spell instants as the vendor does, in the app's zone."""
        local = pa.array((moments + self.app.offset * MINUTE) // MILLISECOND, pa.timestamp("ms"))
        hours, minutes = divmod(abs(self.app.offset), 60)
        sign = "-" if self.app.offset < 0 else "+"
        return pc.binary_join_element_wise(
            pc.replace_substring(local.cast(pa.string()), "T", " "), f"{sign}{hours:02d}{minutes:02d}", ""
        )

    def _source(self) -> Numbers:
        bounds = np.array([40, 58, 70, 78, 84, 89, 92, 94, 96, 97, 98])
        return np.searchsorted(bounds, self._odds(12, 100), side="right")

    def _attribution(self) -> Mapping[str, Column]:
        source, rows = self._source(), len(self.kinds)
        campaign = np.where(source == 0, 0, source * 20 + self._odds(13, 20))
        campaigns = [None if place < 20 else f"{SOURCES[place // 20]}_{place % 20:02d}" for place in range(240)]
        adsets = [None if place < 20 else f"adset {place // 5:04d} lookalike" for place in range(1200)]
        in_app = self.kinds >= len(CONVERSIONS)
        retargeted = self._odds(14, 20) == 0
        helpers = np.where((self._odds(15, 10) == 0) & (source > 0), self._odds(16, 11) + 1, 0)
        topics = (*CONVERSIONS, "install_in_app_event", "re_engagement_in_app_event")
        conversion = np.where(retargeted, 2, 0)
        return {
            "topic": _pick(topics, np.where(in_app, 4 + retargeted, np.minimum(self.kinds, 3))),
            "event_name": _pick((*CONVERSIONS, *NAMES), self.kinds),
            "event_source": _pick(("SDK", "S2S"), (self._odds(110, 20) == 0).astype(int)),
            "media_source": _pick((None, *SOURCES[1:]), source),
            "campaign": _pick(campaigns, campaign),
            "af_c_id": _pick([name and f"{99_000_000 + place}" for place, name in enumerate(campaigns)], campaign),
            "af_adset": _pick(adsets, np.where(source == 0, 0, campaign * 5 + self._odds(17, 5))),
            "af_ad": _pick([None, *(f"creative {n:03d} 1080x1920" for n in range(400))], np.where(source == 0, 0, self._odds(18, 400) + 1)),
            "af_channel": _pick((None, "display", "search", "social"), np.where(source == 0, 0, 1 + source % 3)),
            "af_siteid": pc.if_else(pa.array(source < 3), None, pa.array(self._odds(19, 9_000) + 10_000).cast(pa.string())),
            "match_type": _pick((None, "id_matching", "probabilistic", "referrer"), np.where(source == 0, 0, 1 + self._odds(20, 3))),
            "attributed_touch_type": _pick((None, "click", "impression"), np.where(source == 0, 0, 1 + self._odds(21, 2))),
            "conversion_type": _pick(("install", "reinstall", "re-engagement"), conversion),
            "campaign_type": _pick(("Organic", "UA", "Retargeting"), np.where(source == 0, 0, 1 + retargeted)),
            "is_retargeting": pa.array(retargeted),
            "is_primary_attribution": pa.array(np.ones(rows, bool)),
            "contributor_1_media_source": _pick((None, *SOURCES[1:]), helpers),
            "contributor_1_touch_type": _pick((None, "click"), np.minimum(helpers, 1)),
            "is_test_message": pa.array(np.zeros(rows, bool)),
            "api_version": _pick(("2.0",), np.zeros(rows, int)),
        }  # fmt: skip

    def _money(self) -> Mapping[str, Column]:
        prices = np.array([0, 0, 0, 0, *(PAID_NAMES.get(name, 0) for name in NAMES)])
        usd = prices[self.kinds] * (1 + self._odds(111, 9)) // 3
        usd = np.where((self._odds(112, 50) == 0) & (usd > 1_000_000), -usd, usd)
        unpaid, free = usd == 0, (self.kinds != 0) | (self._source() < 3)
        cost = 400_000 + self._odds(22, 3_000) * 1_000
        currency = np.where(unpaid, 0, 1 + (self._odds(23, 4) == 0))
        return {
            "event_revenue": _money(usd, unpaid),
            "event_revenue_usd": _money(usd, unpaid),
            "revenue_in_selected_currency": _money(usd, unpaid),
            "event_revenue_currency": _pick((None, "USD", "EUR"), currency),
            "selected_currency": _pick((self.app.currency,), np.zeros(len(usd), int)),
            "cost_in_selected_currency": _money(cost, free),
            "af_cost_value": _money(cost, free),
            "af_cost_model": _pick((None, "CPI"), (~free).astype(int)),
        }

    def _device(self) -> Mapping[str, Column]:
        model, os, country = self._odds(24, 180), self._odds(25, 14), self._odds(26, 40) ** 2 // 100
        agents = [f"Mozilla/5.0 (Linux; Android {9 + n % 7}; SM-{n:04d}U Build/TP1A.{n * 37:06d}) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/1{n % 30:02d}.0.0.0 Mobile Safari/537.36" for n in range(600)]
        city = country * 30 + self._odds(27, 30)
        zeros = np.zeros(len(model), int)
        return {
            "platform": _pick((self.app.platform,), zeros),
            "app_name": _pick((self.app.app_id.title(),), zeros),
            "bundle_id": _pick((self.app.app_id,), zeros),
            "app_version": _pick([f"{n // 10}.{n % 10}.0" for n in range(60)], 10 + self.day // 10 - self._odds(113, 4)),
            "sdk_version": _pick([f"6.{n}.1" for n in range(20)], self._odds(28, 20)),
            "device_type": _pick([f"maker{n % 12}-model{n:03d}" for n in range(180)], model),
            "device_model": _pick([f"maker{n % 12}::SM-{n:03d}" for n in range(180)], model),
            "device_category": _pick(("phone", "tablet"), (model % 9 == 0).astype(int)),
            "os_version": _pick([f"{9 + n % 7}.{n // 7}" for n in range(14)], os),
            "user_agent": _pick(agents, self._odds(29, 600)),
            "language": _pick(COUNTRIES, country),
            "carrier": _pick([f"carrier {n}" for n in range(60)], country * 3 + self._odds(30, 3)),
            "operator": _pick([f"{310_000 + n * 13}" for n in range(60)], country * 3 + self._odds(30, 3)),
            "wifi": pa.array(self._odds(114, 3) > 0),
            "country_code": _pick(COUNTRIES, country),
            "region": _pick(("NA", "EU", "AS", "SA"), country % 4),
            "state": _pick([f"{n:02d}" for n in range(50)], self._odds(31, 50)),
            "city": _pick([f"Town {n:04d}" for n in range(480)], city),
            "postal_code": pa.array(self._odds(32, 90_000) + 10_000).cast(pa.string()),
            "is_lat": pa.array(self._odds(33, 5) == 0),
            "att": _pick((None, "authorized", "denied"), np.where(self.app.platform == "ios", 1 + self._odds(34, 2), 0)),
            "gdpr_applies": pa.array(country % 4 == 1),
            "ad_user_data_enabled": pa.array(self._odds(35, 4) > 0),
        }  # fmt: skip

    def _texts(self) -> Mapping[str, Column]:
        token = _hex(_mix(self.people, 36), _mix(self.people, 37))
        session = _hex(_mix(self._keys(), 116))
        value = pc.binary_join_element_wise(
            '{"af_content_id":"item_', pa.array(self._odds(117, 900)).cast(pa.string()), '","af_level":"',
            pa.array(self._odds(118, 60)).cast(pa.string()), '","session":"', session, '"}', "",
        )  # fmt: skip
        url = pc.binary_join_element_wise(
            f"https://app.appsflyer.com/{self.app.app_id}?pid=", pa.array(SOURCES).take(pa.array(self._source())),
            "&af_siteid=", pa.array(self._odds(19, 9_000)).cast(pa.string()), "&clickid=", token,
            "&af_click_lookback=7d&redirect=true", "",
        )  # fmt: skip
        organic, conversion = pa.array(self._source() == 0), pa.array(self.kinds < len(CONVERSIONS))
        return {
            "event_value": pc.if_else(conversion, None, value),
            "original_url": pc.if_else(organic, None, url),
            "gp_referrer": pc.if_else(conversion, pc.binary_join_element_wise("utm_source=x&gclid=", token, ""), None),
            "af_sub1": pc.if_else(pa.array(self._odds(38, 4) > 0), None, token),
            "custom_data": pc.if_else(pa.array(self._odds(119, 30) > 0), None, session),
        }  # fmt: skip

    def _accounts(self) -> Mapping[str, Column]:
        """What ingest adds: objects land each hour, and some rows are flagged."""
        delay = np.where(self._odds(120, 50) == 0, self._odds(121, 30 * 24), self._odds(122, 2))
        hours = (self.moments - self.moments[:1] // DAY * DAY) // HOUR + 1 + delay
        names = _name_objects(self.day)
        flags = pa.array([None, ["weak_identity"], ["event_value_not_json"], ["ip_private"]], pa.list_(pa.string()))
        issues = pa.array([None, ["milliseconds_recovered"], ["offset_disagrees_with_zone"]], pa.list_(pa.string()))
        loaded = (FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + self.day) * DAY + hours * HOUR + 5 * MINUTE
        return {
            "source_uri": _pick([f"s3://bucket/push/{name}.json.gz" for name in names], hours),
            "load_id": _pick(names, hours),
            "source_position": pa.array(np.arange(len(hours)) + 1),
            "loaded_at": _times(loaded),
            "quality_flags": flags.take(pa.array(np.maximum(self._odds(123, 200) - 196, 0))),
            "clock_issues": issues.take(pa.array(np.maximum(self._odds(124, 400) - 397, 0))),
        }  # fmt: skip


@lru_cache(maxsize=1)
def _name_objects(day: int) -> list[str]:
    """Name the objects that a day's messages may land in."""
    return [name_object(day, hour) for hour in range(24 * 31 + 2)]


def name_object(day: int, hour: int) -> str:
    """Name the object that landed in an hour, counted from a day's beginning."""
    landed = datetime.combine(FIRST_DAY, datetime.min.time(), UTC) + timedelta(days=day, hours=hour)
    return f"{landed:%Y/%m/%d/%H}/part-00000"
