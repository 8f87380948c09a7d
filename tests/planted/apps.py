"""The apps of the planted landing, and how their people and their days are made: from a seed alone.

Nothing here imports `etl`: what is planted is known without the code that must find it.
"""

import json
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

Message = dict[str, Any]

COUNTRIES: Final = ("US", "DE", "BR", "JP", "IN", "MX")
SOURCES: Final = ("liftoff_int", "googleadwords_int", "unityads_int")
# What people do, and how often of a hundred times.
EVENTS: Final = {"af_login": 50, "af_content_view": 30, "af_purchase": 20}


@dataclass(frozen=True, slots=True)
class App:
    """An app: its id tells its platform; `zone` is the one that was chosen for it in AppsFlyer."""

    app_id: str
    zone: str = "America/New_York"

    @property
    def platform(self) -> str:
        """Whether it is on iOS or Android, as its id says."""
        return "ios" if self.app_id.startswith("id") else "android"


def spell_utc(instant: datetime) -> str:
    """Spell an instant as AppsFlyer does in UTC."""
    return f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}"


def spell_local(instant: datetime, zone: str) -> str:
    """Spell an instant as AppsFlyer does in the app's zone."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{spell_utc(local)}{local:%z}"


def set_time(message: Message, field: str, instant: datetime) -> None:
    """Set one of a message's times, in UTC and in its zone."""
    message[field] = spell_utc(instant)
    message[f"{field}_selected_timezone"] = spell_local(instant, message["selected_timezone"])


def make_person(app: App, chance: random.Random) -> Message:
    """Make the fields that name a person's device; each call makes another."""
    first_seen_at = chance.randrange(1_600_000_000_000, 1_700_000_000_000)
    person: Message = {
        "appsflyer_id": f"{first_seen_at}-{chance.randrange(10**18, 10**19)}",
        "customer_user_id": f"member-{chance.randrange(10**6)}",
        "ip": f"81.{chance.randrange(1, 250)}.{chance.randrange(1, 250)}.{chance.randrange(1, 250)}",
        "country_code": chance.choice(COUNTRIES),
        "language": "English",
    }
    if app.platform == "ios":
        ids = {
            "idfv": str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper(),
            "device_type": "iPhone12,5",
        }
    else:
        ids = {
            "advertising_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "device_type": "Samsung::SM-G991B",
        }
    return person | ids


def make_message(app: App, instant: datetime, chance: random.Random) -> Message:
    """Make a sound in-app event of a person of its own."""
    name = chance.choices(list(EVENTS), weights=list(EVENTS.values()))[0]
    message: Message = {
        "app_id": app.app_id,
        "app_name": "Planted",
        "app_version": "4.2.0",
        "platform": app.platform,
        "api_version": "2.0",
        "selected_timezone": app.zone,
        "event_name": name,
        "event_value": json.dumps({"level": chance.randrange(50)}),
        "conversion_type": "Install",
        "campaign_type": "UA",
        "is_retargeting": False,
        "media_source": chance.choice(SOURCES),
        "campaign": f"campaign {chance.choice('abcdef')}",
        "af_siteid": str(chance.randrange(10**5, 10**6)),
        "af_attribution_lookback": "7d",
        "wifi": chance.random() < 0.5,
    }  # fmt: skip
    message |= make_person(app, chance)
    installed_at = instant - timedelta(days=chance.uniform(0.1, 60))
    set_time(message, "event_time", instant)
    set_time(message, "install_time", installed_at)
    set_time(message, "attributed_touch_time", installed_at - timedelta(minutes=chance.uniform(2, 600)))
    if name == "af_purchase":
        amount = f"{chance.uniform(1, 60):.2f}"
        message |= {"event_revenue": amount, "event_revenue_currency": "USD", "event_revenue_usd": amount}
    return message


def make_messages(app: App, hour: datetime, number: int, chance: random.Random) -> list[Message]:
    """Make sound events of an app within an hour, in no order."""
    return [
        make_message(app, hour + timedelta(milliseconds=chance.randrange(3_600_000)), chance)
        for _ in range(number)
    ]


def write_lines(messages: Sequence[Message | bytes]) -> bytes:
    """Write messages, and lines that are none, one a line."""
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages]
    return b"".join(line + b"\n" for line in lines)
