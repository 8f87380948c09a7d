"""Times of a file in a zone to UTC, as text: what the zone shows twice, or never, is left as it is.

Vendor document followed: "AppsFlyer: Pull API raw data", its parameter `timezone`: all times of a file are
then in that zone, without an offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_SHAPE: Final = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$"
)
_PARTS: Final = r"^(?P<second>[^.]*)(?P<fraction>.*)$"
_HOUR: Final = timedelta(hours=1)


def to_utc(texts: pa.Array, zone: str) -> pa.Array:
    """Give times of a zone in UTC, with as many digits as they came with.

    A time that the zone has twice or never gets words behind it, so that nothing takes it for an instant;
    what is no time stays as it is.
    """
    is_time = pc.fill_null(pc.match_substring_regex(texts, _SHAPE), False)
    times = pc.if_else(is_time, texts, None)
    parts = pc.extract_regex(times, _PARTS)
    seconds, fractions = pc.struct_field(parts, "second"), pc.struct_field(parts, "fraction")
    local = _parse(seconds)
    early = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="earliest")
    late = pc.assume_timezone(local, zone, ambiguous="latest", nonexistent="latest")
    is_sure = pc.equal(early.cast(pa.int64()), late.cast(pa.int64()))
    spelled = pc.strftime(early.cast(pa.timestamp("s", "UTC")), format="%Y-%m-%d %H:%M:%S")
    exact = pc.binary_join_element_wise(spelled, fractions, "")
    doubtful = pc.binary_join_element_wise(times, f"twice or never in {zone}", " ")
    return pc.coalesce(pc.if_else(is_sure, exact, doubtful), texts)


def find_doubled_hours(first: datetime, end: datetime, zone: str) -> Iterator[datetime]:
    """Give the UTC hours, from one instant up to another, whose local times the zone has twice."""
    found = ZoneInfo(zone)
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        # Zones change by whole or half hours: half an hour is looked at as a whole one.
        instants = (hour, hour + _HOUR / 2)
        if any(_is_doubled(instant.astimezone(found)) for instant in instants):
            yield hour
        hour += _HOUR


def _parse(seconds: pa.Array) -> pa.Array:
    """Read times of the right shape; one of a day that no calendar has (31 April) is null."""
    try:
        return seconds.cast(pa.timestamp("s"))
    except pa.ArrowInvalid:
        return pa.array([_parse_one(each) for each in seconds.to_pylist()], pa.timestamp("s"))


def _parse_one(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_doubled(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
