"""A shop's events, told by Push and by Pull, with gaps that are known because they are planted.

Imports nothing of `etl`: what is written here is what the vendor's documents say of both interfaces.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

FIRST_DAY: Final = datetime(2026, 9, 1, tzinfo=UTC)
HEADER: Final = (
    *("Attributed Touch Type", "Install Time", "Event Time", "Event Name", "Event Value", "Event Revenue"),
    *("Event Revenue Currency", "Event Revenue USD", "Media Source", "Campaign", "Country Code"),
    *("AppsFlyer ID", "IDFA", "Platform", "App ID", "Is Retargeting", "Retargeting Conversion Type"),
    *("Is Primary Attribution", "Original URL", "A Column Of Next Year"),
)
REPORTS: Final = {
    "installs_report": ("install", "liftoff_int", False),
    "organic_installs_report": ("install", "organic", False),
    "in-app-events": ("af_purchase", "liftoff_int", False),
    "organic-in-app-events": ("af_purchase", "organic", False),
    "in-app-events-retarget": ("af_purchase", "criteo_int", True),
}
ZONES: Final = ("UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu")
CHANGED: Final = {
    "event_revenue": "Event Revenue",
    "campaign": "Campaign",
    "country_code": "Country Code",
    "event_value": "Event Value",
}
Hour = tuple[str, str, str]
"""An hour in UTC, an app and an event name."""


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody did, once."""

    app_id: str
    person: int
    name: str
    at: datetime
    source: str
    is_retargeting: bool
    is_primary: bool = True
    revenue: str = "9.99"

    @property
    def hour(self) -> Hour:
        """The hour that it counts for."""
        return (f"{self.at:%Y-%m-%dT%H}:00:00Z", self.app_id, self.name)

    @property
    def is_install(self) -> bool:
        """Whether it is a conversion."""
        return self.name == "install"


@dataclass(slots=True)
class Gaps:
    """What was planted: both tellings, and for each hour how many events are of which kind.

    `late` are the messages that Push lost, which it may bring after all.
    """

    report: str
    zone: str
    landing: list[dict[str, Any]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, str]] = field(default_factory=list)
    counts: dict[Hour, Counter[str]] = field(default_factory=dict)
    different: Counter[str] = field(default_factory=Counter)

    def count(self, event: Event, kind: str) -> None:
        """Count an event of a kind."""
        self.counts.setdefault(event.hour, Counter())[kind] += 1

    def total(self, kind: str) -> int:
        """Tell how many were planted of a kind."""
        return sum(each[kind] for each in self.counts.values())


def plant(chance: Random, report: str, events: int = 120) -> Gaps:
    """Plant gaps of each kind in what Push landed and in the file of one report."""
    gaps = Gaps(report, chance.choice(ZONES))
    for event in _make_events(chance, report, events):
        _plant_one(chance, gaps, event)
    for event in _make_others(chance, report):
        gaps.landing.append(tell_push(chance, event))
    gaps.landing += [dict(each) for each in chance.sample(gaps.landing, k=min(10, len(gaps.landing)))]
    chance.shuffle(gaps.landing)
    chance.shuffle(gaps.records)
    return gaps


def write_file(chance: Random, gaps: Gaps) -> tuple[str, bytes]:
    """Write the file as the Pull API gives it, or as people save it; gives its name, too."""
    text = io.StringIO()
    end = chance.choice(("\n", "\r\n"))
    writer = csv.DictWriter(text, HEADER, lineterminator=end, quoting=chance.choice((0, 1)))
    writer.writeheader()
    writer.writerows(gaps.records)
    data = chance.choice((b"", b"\xef\xbb\xbf")) + text.getvalue().encode()
    name = f"shop_{gaps.report}_2026-09-01_2026-09-02.csv"
    return (f"{name}.gz", gzip.compress(data)) if chance.random() < 0.5 else (name, data)


def tell_push(chance: Random, event: Event) -> dict[str, Any]:
    """Tell an event as the Push API V2.0 does, in one of the spellings that it has for the same."""
    time = f"{event.at:%Y-%m-%d %H:%M:%S}.{event.at.microsecond // 1000:03d}"
    message: dict[str, Any] = {
        "app_id": event.app_id,
        "appsflyer_id": _appsflyer_id(event),
        "idfa": f"6F9619FF-8B86-D011-B42D-{event.person:012X}",
        "event_name": event.name,
        "event_time": time,
        "event_time_selected_timezone": f"{time}+0000",
        "selected_timezone": "UTC",
        "install_time": "2026-08-30 10:00:00.250",
        "media_source": event.source,
        "campaign": chance.choice(("Autumn", "autumn", "AUTUMN ")),
        "country_code": "DE",
        "platform": "ios",
        "api_version": "2.0",
        "conversion_type": "re-engagement" if event.is_retargeting else "install",
        "campaign_type": "retargeting" if event.is_retargeting else "ua",
        "is_retargeting": event.is_retargeting,
        "is_primary_attribution": event.is_primary,
    }
    if event.source == "organic":
        message |= {
            "media_source": chance.choice(("organic", "Organic", "", None)),
            "campaign_type": "organic",
        }
    if event.is_retargeting:
        message["retargeting_conversion_type"] = "re-engagement"
    if not event.is_install:
        message["event_value"] = chance.choice(
            (
                f'{{"af_price": {event.revenue}, "line": "a\\nb"}}',
                f'{{"line":"a\\nb","af_price":{event.revenue}0}}',
            )
        )
        message |= {"event_revenue": chance.choice((event.revenue, f"{event.revenue}00"))}
        message |= {"event_revenue_currency": chance.choice(("EUR", "eur")), "event_revenue_usd": 11.5}
    return message


def tell_pull(event: Event, zone: str) -> dict[str, str]:
    """Tell an event as a raw-data report does: under display names, to the second, in the report's zone."""
    found = ZoneInfo(zone)
    record = {
        "Install Time": f"{datetime(2026, 8, 30, 10, tzinfo=UTC).astimezone(found):%Y-%m-%d %H:%M:%S}",
        "Event Time": f"{event.at.astimezone(found):%Y-%m-%d %H:%M:%S}",
        "Event Name": event.name,
        "Media Source": event.source,
        "Campaign": "Autumn",
        "Country Code": "DE",
        "AppsFlyer ID": _appsflyer_id(event),
        "IDFA": f"6F9619FF-8B86-D011-B42D-{event.person:012X}",
        "Platform": "ios",
        "App ID": event.app_id,
        "Is Retargeting": str(event.is_retargeting).lower(),
        "Is Primary Attribution": str(event.is_primary).lower(),
        "A Column Of Next Year": "kept",
    }
    if event.is_retargeting:
        record["Retargeting Conversion Type"] = "re-engagement"
    if not event.is_install:
        record |= {"Event Value": json.dumps({"line": "a\nb", "af_price": float(event.revenue)})}
        record |= {
            "Event Revenue": event.revenue,
            "Event Revenue Currency": "EUR",
            "Event Revenue USD": "11.50",
        }
    return record


def _plant_one(chance: Random, gaps: Gaps, event: Event) -> None:
    kind = chance.choices(
        ("equal", "missing_in_push", "missing_in_pull", "different", "twins", "copies"), (60, 10, 10, 8, 6, 6)
    )[0]
    if kind == "missing_in_push":
        gaps.late.append(tell_push(chance, event))
    else:
        gaps.landing.append(tell_push(chance, event))
    if kind != "missing_in_pull":
        gaps.records.append(tell_pull(event, gaps.zone))
    if kind == "different":
        _change(chance, gaps)
    if kind in {"twins", "copies"}:
        # The same once more in the same second: Push has lost the second one, or both interfaces have it.
        again = tell_push(chance, _later(event))
        (gaps.late if kind == "twins" else gaps.landing).append(again)
        gaps.records.append(tell_pull(event, gaps.zone))
        gaps.count(event, "missing_in_push" if kind == "twins" else "equal")
    if not event.is_install and chance.random() < 0.2:
        gaps.landing.append(tell_push(chance, _other_half(event)))
    gaps.count(event, kind if kind not in {"twins", "copies"} else "equal")


def _change(chance: Random, gaps: Gaps) -> None:
    """Have the last record say something else."""
    record = gaps.records[-1]
    name = chance.choice([name for name, header in CHANGED.items() if record.get(header)])
    record[CHANGED[name]] = {"event_revenue": "1.23", "event_value": '{"af_price": 5}'}.get(name, "XX")
    gaps.different[name] += 1


def _make_events(chance: Random, report: str, events: int) -> Iterator[Event]:
    """Make events of hours that are of the file's two days in every zone."""
    name, source, is_retargeting = REPORTS[report]
    for number in range(events):
        yield Event(
            app_id=chance.choice(("id1234567890", "com.example.shop")),
            person=1000 + number,
            name=name if name == "install" else chance.choice((name, "af_level")),
            at=FIRST_DAY + timedelta(hours=5, milliseconds=chance.randrange(37 * 3_600_000)),
            source=source,
            is_retargeting=is_retargeting,
            revenue=f"{chance.randrange(1, 100)}.{chance.randrange(1, 10)}",
        )


def _make_others(chance: Random, report: str) -> Iterator[Event]:
    """Make events that the file rightly lacks: of other reports, days and apps, and the vendor's test."""
    name, source, is_retargeting = REPORTS[report]
    for number in range(20):
        at = FIRST_DAY + timedelta(hours=6, minutes=chance.randrange(36 * 60))
        if is_retargeting:
            yield Event("id1234567890", 2000 + number, name, at, "liftoff_int", False)
        else:
            other = "liftoff_int" if source == "organic" else "organic"
            yield Event("id1234567890", 2000 + number, name, at, other, False, revenue="5.5")
        yield Event("id1234567890", 3000 + number, name, at + timedelta(days=4), source, is_retargeting)
        yield Event("com.another.app", 4000 + number, name, at, source, is_retargeting)
    yield Event("com.pds.pushapi2.v2.transparent.com", 5000, name, FIRST_DAY, source, is_retargeting)


def _later(event: Event) -> Event:
    """Give the same event some milliseconds later in its second."""
    milliseconds = event.at.microsecond // 1000
    return replace(event, at=event.at.replace(microsecond=(milliseconds + 7) % 1000 * 1000))


def _other_half(event: Event) -> Event:
    """Give the half of a retargeting pair that another report has: the same, for another source."""
    source = "liftoff_int" if event.is_retargeting else "criteo_int"
    is_other = not event.is_retargeting
    return replace(event, source=source, is_retargeting=is_other, is_primary=is_other)


def _appsflyer_id(event: Event) -> str:
    return f"1756684800000-{event.person:019d}"
