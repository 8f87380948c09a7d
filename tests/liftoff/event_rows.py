"""Rows of `events` for tests of what leaves: one sound Android install, and whatever differs from it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from etl.lake.tables import EVENTS
from etl.liftoff.gates import judge_events
from etl.liftoff.parameters import PARAMETERS
from etl.liftoff.policy import Mode, SendingPolicy
from etl.liftoff.postbacks import map_events

Row = dict[str, Any]

KEY = b"a key of user ids"
GAID = "9173fe74-0578-4658-a461-ebb0b4fce6d6"
IDFA = "6D92078A-8246-4BA4-AE5B-76104861E7DC"
IDFV = "A7B1C3D4-1111-4222-8333-944455556666"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
EVENT_TIME = datetime(2026, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)
EVENT_MS = str(int(EVENT_TIME.timestamp()) * 1000 + 535)
SCHEMA = EVENTS.schema.append(pa.field("is_first_event", pa.bool_()))

ANDROID: Row = {
    "event_id": "e1",
    "occurrence_id": "o1",
    "app_id": "com.acme.shop",
    "topic": "install_in_app_event",
    "event_name": "af_purchase",
    "event_time": EVENT_TIME,
    "install_time": datetime(2026, 3, 10, tzinfo=UTC),
    "loaded_at": datetime(2026, 3, 15, tzinfo=UTC),
    "platform": "android",
    "ip": "203.0.113.7",
    "language": "English",
    "device_type": "Samsung::SH-220",
    "os_version": "13",
    "appsflyer_id": "1741651200000-1234567890123456789",
    "advertising_id": GAID,
    "event_revenue": Decimal("12.50"),
    "event_revenue_currency": "EUR",
    "media_source": "vungle_int",
}
IPHONE: Row = {
    **ANDROID,
    "platform": "ios",
    "device_type": "iPhone12,5",
    "os_version": "17.4",
    "advertising_id": None,
    "idfa": IDFA,
    "idfv": IDFV,
}
POLICY = SendingPolicy(
    app_id="com.acme.shop",
    liftoff_app_id="4f2a",
    mode=Mode.PRODUCTION,
    template="https://analytics.liftoff.io/v2/events",
    events={"af_purchase": "purchase"},
)


def make_rows(*rows: Row) -> pa.Table:
    """Make a table with the columns of `events`."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def map_row(row: Row, policy: SendingPolicy = POLICY) -> dict[str, str]:
    """Map one row; what is left out is not in the result."""
    mapped = map_events(make_rows(row), policy, KEY)
    assert mapped.parameters.column_names[: len(PARAMETERS)] == list(PARAMETERS)
    return {name: value for name, value in mapped.parameters.to_pylist()[0].items() if value is not None}


def judge_row(row: Row, policy: SendingPolicy = POLICY, now_ms: int = NOW_MS) -> str | None:
    """Give the code of the gate that refuses one row."""
    return judge_rows(row, policy=policy, now_ms=now_ms)[0]


def judge_rows(*rows: Row, policy: SendingPolicy = POLICY, now_ms: int = NOW_MS) -> list[str | None]:
    """Give the codes of the gates that refuse rows."""
    table = make_rows(*rows)
    codes: list[str | None] = judge_events(table, map_events(table, policy, KEY), policy, now_ms).to_pylist()
    return codes
