"""Instants in milliseconds to the vendor's texts, in UTC and in a selected zone, a column at a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from etl.sample.catalogue import ZONES
from etl.sample.chance import Numbers

Texts = NDArray[np.object_]

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DAYS_BEFORE = 90  # the oldest install shown is 64 days before the first day
DAYS_AFTER = 2
_QUARTER_MINUTES = 15
_QUARTERS_BEHIND = 48  # -1200 is the first offset in the table
_QUARTERS = 105  # to +1400


@dataclass(frozen=True, slots=True)
class Calendar:
    """The texts of every day around the chosen ones, and each zone's offset hour by hour."""

    first_ms: int
    days: Texts
    offsets_minutes: Numbers


def to_ms(day: date) -> int:
    """Give the start of a UTC day in milliseconds since the epoch."""
    return (day - date(1970, 1, 1)).days * DAY_MS


@lru_cache(maxsize=4)
def make_calendar(start: date, days: int) -> Calendar:
    """Make the calendar of `days` days from `start`, with the days around them."""
    first = start - timedelta(days=DAYS_BEFORE)
    count = DAYS_BEFORE + days + DAYS_AFTER
    texts = [(first + timedelta(days=n)).isoformat().encode() for n in range(count)]
    offsets = [_list_offsets(ZoneInfo(zone), first, count * 24) for zone in ZONES]
    return Calendar(to_ms(first), as_texts(texts), np.array(offsets, np.int64))


def as_texts(texts: list[bytes]) -> Texts:
    """Make a table of texts that a column of numbers can index."""
    table = np.empty(len(texts), object)
    table[:] = texts
    return table


def format_utc(calendar: Calendar, instants: Numbers) -> Texts:
    """Write `yyyy-mm-dd hh:mm:ss.sss`."""
    days, of_day = np.divmod(instants - calendar.first_ms, DAY_MS)
    minutes, of_minute = np.divmod(of_day, MINUTE_MS)
    texts: Texts = calendar.days[days] + _minute_texts()[minutes] + _second_texts()[of_minute]
    return texts


def format_local(calendar: Calendar, instants: Numbers, zones: Numbers) -> Texts:
    """Write `yyyy-mm-dd hh:mm:ss.sss±hhmm` in the zone of each row."""
    offsets = calendar.offsets_minutes[zones, (instants - calendar.first_ms) // HOUR_MS]
    texts = format_utc(calendar, instants + offsets * MINUTE_MS)
    local: Texts = texts + _offset_texts()[offsets // _QUARTER_MINUTES + _QUARTERS_BEHIND]
    return local


def _list_offsets(zone: ZoneInfo, first: date, hours: int) -> list[int]:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return [_offset_minutes(zone, start + timedelta(hours=n)) for n in range(hours)]


def _offset_minutes(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) // 60


@lru_cache(maxsize=1)
def _minute_texts() -> Texts:
    return as_texts([b" %02d:%02d" % divmod(n, 60) for n in range(24 * 60)])


@lru_cache(maxsize=1)
def _second_texts() -> Texts:
    return as_texts([b":%02d.%03d" % divmod(n, SECOND_MS) for n in range(MINUTE_MS)])


@lru_cache(maxsize=1)
def _offset_texts() -> Texts:
    return as_texts([_offset_text((n - _QUARTERS_BEHIND) * _QUARTER_MINUTES) for n in range(_QUARTERS)])


def _offset_text(minutes: int) -> bytes:
    return b"%c%02d%02d" % (b"-" if minutes < 0 else b"+", *divmod(abs(minutes), 60))
