"""The columns of a day's rows, as wide as in real messages; those that nobody fills are null."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.year.arrays import Column, Numbers, make_money, make_times, mix, pick, spell_hex, spell_uuid
from benchmarks.year.shape import (
    CONVERSIONS,
    COUNTRIES,
    DAY,
    FIRST_DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    NAMES,
    PAID_NAMES,
    SOURCES,
    App,
    name_objects,
)
from etl.lake.tables import EVENTS, file_schema

# Draws below this are a person's, the same in each of their rows; the others are the row's own.
_OF_ROWS: Final = 100
# Sources from here on name sites and tell costs.
_NETWORKS: Final = 3
_CAMPAIGNS: Final = 20
_REFUNDED: Final = 1_000_000


def install_moment(people: Numbers) -> Numbers:
    """Give the microsecond of the day at which people installed."""
    return (mix(people, 1) % np.uint64(DAY // 1000)).astype(np.int64) * 1000


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the rows of a day have in common; makes their columns."""

    app: App
    day: int
    kinds: Numbers
    people: Numbers
    moments: Numbers

    def make(self) -> pa.Table:
        """Make all columns; those that nobody fills are null."""
        made = {
            **self._identities(),
            **self._times(),
            **self._attribution(),
            **self._money(),
            **self._device(),
        }
        made |= {**self._texts(), **self._accounts()}
        rows = len(self.kinds)
        schema = file_schema(EVENTS)
        columns = []
        for field in schema:
            found = made.get(field.name)
            columns.append(pa.nulls(rows, field.type) if found is None else found.cast(field.type))
        return pa.Table.from_arrays(columns, schema=schema)

    def _odds(self, salt: int, of: int) -> Numbers:
        """Draw a number below `of` for each row, of its person alone where the salt is low."""
        subject = self.people if salt < _OF_ROWS else self._keys()
        return (mix(subject, salt) % np.uint64(of)).astype(np.int64)

    def _keys(self) -> Numbers:
        return (self.moments * 1_000_003 + self.people * 31 + self.kinds).astype(np.int64)

    def _identities(self) -> Mapping[str, Column]:
        keys, person = self._keys(), self.people
        number = pa.array((mix(person, 3) >> np.uint64(2)).astype(np.int64)).cast(pa.string())
        seconds = pa.array(self._installed() // MILLISECOND).cast(pa.string())
        device = spell_uuid(mix(person, 4), mix(person, 5))
        is_ios = self.app.platform == "ios"
        octets = [pa.array(self._odds(salt, 254) + 1).cast(pa.string()) for salt in (6, 7, 8, 9)]
        return {
            "event_id": spell_hex(mix(keys, 101), mix(keys, 102)),
            "occurrence_id": spell_hex(mix(keys, 103), mix(keys, 104)),
            "appsflyer_id": pc.binary_join_element_wise(seconds, number, "-"),
            "advertising_id": None if is_ios else device,
            "idfv": device if is_ios else None,
            "customer_user_id": pc.if_else(
                pa.array(self._odds(10, 3) > 0), pc.binary_join_element_wise("user", number, "_"), None
            ),
            "ip": pc.binary_join_element_wise(*octets, "."),
        }  # fmt: skip

    def _installed(self) -> Numbers:
        days = ((self.people >> 28) & 0xFFFF) - 1_000
        start = FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal()
        return (start + days) * DAY + install_moment(self.people)

    def _times(self) -> Mapping[str, Column]:
        installed, offset = self._installed(), self.app.offset
        touched = installed - self._odds(11, 7 * 24 * 60) * MINUTE - 1_000
        organic = self._source() == 0
        local_days = (self.moments + offset * MINUTE) // DAY
        return {
            "event_time": make_times(self.moments),
            "install_time": make_times(installed),
            "attributed_touch_time": make_times(touched, organic),
            "event_date_local": pa.array(local_days.astype(np.int32)).cast(pa.date32()),
            "event_utc_offset_minutes": pa.array(np.full(len(self.kinds), offset, np.int32)),
            "install_utc_offset_minutes": pa.array(np.full(len(self.kinds), offset, np.int32)),
            "event_time_selected_timezone": self._spell(self.moments),
            "install_time_selected_timezone": self._spell(installed),
            "attributed_touch_time_selected_timezone": pc.if_else(
                pa.array(organic), None, self._spell(touched)
            ),
            "selected_timezone": pick((self.app.zone,), np.zeros(len(self.kinds), int)),
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
        campaigns = [
            None if place < _CAMPAIGNS else f"{SOURCES[place // 20]}_{place % 20:02d}" for place in range(240)
        ]
        adsets = [
            None if place < _CAMPAIGNS else f"adset {place // 5:04d} lookalike" for place in range(1200)
        ]
        numbers = [name and f"{99_000_000 + place}" for place, name in enumerate(campaigns)]
        ads = [None, *(f"creative {n:03d} 1080x1920" for n in range(400))]
        sites = pa.array(self._odds(19, 9_000) + 10_000).cast(pa.string())
        is_paid = source > 0
        in_app = self.kinds >= len(CONVERSIONS)
        retargeted = self._odds(14, 20) == 0
        helpers = np.where((self._odds(15, 10) == 0) & (source > 0), self._odds(16, 11) + 1, 0)
        topics = (*CONVERSIONS, "install_in_app_event", "re_engagement_in_app_event")
        conversion = np.where(retargeted, 2, 0)
        return {
            "topic": pick(topics, np.where(in_app, 4 + retargeted, np.minimum(self.kinds, 3))),
            "event_name": pick((*CONVERSIONS, *NAMES), self.kinds),
            "event_source": pick(("SDK", "S2S"), (self._odds(110, 20) == 0).astype(int)),
            "media_source": pick((None, *SOURCES[1:]), source),
            "campaign": pick(campaigns, campaign),
            "af_c_id": pick(numbers, campaign),
            "af_adset": pick(adsets, np.where(source == 0, 0, campaign * 5 + self._odds(17, 5))),
            "af_ad": pick(ads, is_paid * (self._odds(18, 400) + 1)),
            "af_channel": pick((None, "display", "search", "social"), is_paid * (1 + source % 3)),
            "af_siteid": pc.if_else(pa.array(source < _NETWORKS), None, sites),
            "match_type": pick(
                (None, "id_matching", "probabilistic", "referrer"), is_paid * (1 + self._odds(20, 3))
            ),
            "attributed_touch_type": pick((None, "click", "impression"), is_paid * (1 + self._odds(21, 2))),
            "conversion_type": pick(("install", "reinstall", "re-engagement"), conversion),
            "campaign_type": pick(("Organic", "UA", "Retargeting"), np.where(source == 0, 0, 1 + retargeted)),
            "is_retargeting": pa.array(retargeted),
            "is_primary_attribution": pa.array(np.ones(rows, bool)),
            "contributor_1_media_source": pick((None, *SOURCES[1:]), helpers),
            "contributor_1_touch_type": pick((None, "click"), np.minimum(helpers, 1)),
            "is_test_message": pa.array(np.zeros(rows, bool)),
            "api_version": pick(("2.0",), np.zeros(rows, int)),
        }  # fmt: skip

    def _money(self) -> Mapping[str, Column]:
        prices = np.array([0, 0, 0, 0, *(PAID_NAMES.get(name, 0) for name in NAMES)])
        usd = prices[self.kinds] * (1 + self._odds(111, 9)) // 3
        usd = np.where((self._odds(112, 50) == 0) & (usd > _REFUNDED), -usd, usd)
        unpaid, free = usd == 0, (self.kinds != 0) | (self._source() < _NETWORKS)
        cost = 400_000 + self._odds(22, 3_000) * 1_000
        currency = np.where(unpaid, 0, 1 + (self._odds(23, 4) == 0))
        return {
            "event_revenue": make_money(usd, unpaid),
            "event_revenue_usd": make_money(usd, unpaid),
            "revenue_in_selected_currency": make_money(usd, unpaid),
            "event_revenue_currency": pick((None, "USD", "EUR"), currency),
            "selected_currency": pick((self.app.currency,), np.zeros(len(usd), int)),
            "cost_in_selected_currency": make_money(cost, free),
            "af_cost_value": make_money(cost, free),
            "af_cost_model": pick((None, "CPI"), (~free).astype(int)),
        }

    def _device(self) -> Mapping[str, Column]:
        model, os, country = self._odds(24, 180), self._odds(25, 14), self._odds(26, 40) ** 2 // 100
        agents = [
            f"Mozilla/5.0 (Linux; Android {9 + n % 7}; SM-{n:04d}U Build/TP1A.{n * 37:06d})"
            " AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
            f" Chrome/1{n % 30:02d}.0.0.0 Mobile Safari/537.36"
            for n in range(600)
        ]
        city = country * 30 + self._odds(27, 30)
        zeros = np.zeros(len(model), int)
        return {
            "platform": pick((self.app.platform,), zeros),
            "app_name": pick((self.app.app_id.title(),), zeros),
            "bundle_id": pick((self.app.app_id,), zeros),
            "app_version": pick(
                [f"{n // 10}.{n % 10}.0" for n in range(60)], 10 + self.day // 10 - self._odds(113, 4)
            ),
            "sdk_version": pick([f"6.{n}.1" for n in range(20)], self._odds(28, 20)),
            "device_type": pick([f"maker{n % 12}-model{n:03d}" for n in range(180)], model),
            "device_model": pick([f"maker{n % 12}::SM-{n:03d}" for n in range(180)], model),
            "device_category": pick(("phone", "tablet"), (model % 9 == 0).astype(int)),
            "os_version": pick([f"{9 + n % 7}.{n // 7}" for n in range(14)], os),
            "user_agent": pick(agents, self._odds(29, 600)),
            "language": pick(COUNTRIES, country),
            "carrier": pick([f"carrier {n}" for n in range(60)], country * 3 + self._odds(30, 3)),
            "operator": pick([f"{310_000 + n * 13}" for n in range(60)], country * 3 + self._odds(30, 3)),
            "wifi": pa.array(self._odds(114, 3) > 0),
            "country_code": pick(COUNTRIES, country),
            "region": pick(("NA", "EU", "AS", "SA"), country % 4),
            "state": pick([f"{n:02d}" for n in range(50)], self._odds(31, 50)),
            "city": pick([f"Town {n:04d}" for n in range(480)], city),
            "postal_code": pa.array(self._odds(32, 90_000) + 10_000).cast(pa.string()),
            "is_lat": pa.array(self._odds(33, 5) == 0),
            "att": pick(
                (None, "authorized", "denied"), (self.app.platform == "ios") * (1 + self._odds(34, 2))
            ),
            "gdpr_applies": pa.array(country % 4 == 1),
            "ad_user_data_enabled": pa.array(self._odds(35, 4) > 0),
        }  # fmt: skip

    def _texts(self) -> Mapping[str, Column]:
        token = spell_hex(mix(self.people, 36), mix(self.people, 37))
        session = spell_hex(mix(self._keys(), 116))
        value = pc.binary_join_element_wise(
            '{"af_content_id":"item_', pa.array(self._odds(117, 900)).cast(pa.string()), '","af_level":"',
            pa.array(self._odds(118, 60)).cast(pa.string()), '","session":"', session, '"}', "",
        )  # fmt: skip
        url = pc.binary_join_element_wise(
            f"https://app.appsflyer.com/{self.app.app_id}?pid=",
            pa.array(SOURCES).take(pa.array(self._source())),
            "&af_siteid=", pa.array(self._odds(19, 9_000)).cast(pa.string()), "&clickid=", token,
            "&af_click_lookback=7d&redirect=true", "",
        )  # fmt: skip
        organic, conversion = pa.array(self._source() == 0), pa.array(self.kinds < len(CONVERSIONS))
        return {
            "event_value": pc.if_else(conversion, None, value),
            "original_url": pc.if_else(organic, None, url),
            "gp_referrer": pc.if_else(
                conversion, pc.binary_join_element_wise("utm_source=x&gclid=", token, ""), None
            ),
            "af_sub1": pc.if_else(pa.array(self._odds(38, 4) > 0), None, token),
            "custom_data": pc.if_else(pa.array(self._odds(119, 30) > 0), None, session),
        }  # fmt: skip

    def _accounts(self) -> Mapping[str, Column]:
        """What ingest adds: objects land each hour, and some rows are flagged."""
        delay = np.where(self._odds(120, 50) == 0, self._odds(121, 30 * 24), self._odds(122, 2))
        hours = (self.moments - self.moments[:1] // DAY * DAY) // HOUR + 1 + delay
        names = name_objects(self.day)
        flags = pa.array(
            [None, ["weak_identity"], ["event_value_not_json"], ["ip_private"]], pa.list_(pa.string())
        )
        issues = pa.array(
            [None, ["milliseconds_recovered"], ["offset_disagrees_with_zone"]], pa.list_(pa.string())
        )
        loaded = (
            (FIRST_DAY.toordinal() - date(1970, 1, 1).toordinal() + self.day) * DAY
            + hours * HOUR
            + 5 * MINUTE
        )
        return {
            "source_uri": pick([f"s3://bucket/push/{name}.json.gz" for name in names], hours),
            "load_id": pick(names, hours),
            "source_position": pa.array(np.arange(len(hours)) + 1),
            "loaded_at": make_times(loaded),
            "quality_flags": flags.take(pa.array(np.maximum(self._odds(123, 200) - 196, 0))),
            "clock_issues": issues.take(pa.array(np.maximum(self._odds(124, 400) - 397, 0))),
        }  # fmt: skip
