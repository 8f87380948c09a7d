"""When a person asked: read from whatever a list writes, and refused where it cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from etl.opt_outs.codes import Refused
from etl.opt_outs.rows import is_absent

GDPR_APPLIES_AT: Final = datetime(2018, 5, 25, tzinfo=UTC)
CLOCK_SKEW: Final = timedelta(minutes=5)
"""So far another clock may be ahead of ours."""

WIDEST_ZONE: Final = timedelta(hours=14)
"""So far ahead of UTC a date, or a time without a zone, may be."""

_SECONDS_DIGITS: Final = 10
_MILLISECONDS_DIGITS: Final = 13
_DATE_DIGITS: Final = 8


def read_requested_at(value: object, now: datetime) -> datetime | None:
    """Read an instant in UTC; None where the list says nothing.

    ISO 8601 instants and dates, and epochs of 10 digits (seconds) or 13 (milliseconds). A date is its first
    moment, and a time without a zone is taken for UTC. What is in the future beyond what clocks and zones
    explain is refused, and so is what was before the GDPR applied; what they explain is `now`.

    Raises Refused.
    """
    if is_absent(value):
        return None
    try:
        instant, is_zoned = _parse(value)
    except (TypeError, ValueError, OverflowError):
        # Its text quotes the value.
        raise Refused("requested_at_unreadable") from None
    if instant > now + (CLOCK_SKEW if is_zoned else WIDEST_ZONE):
        raise Refused("requested_at_future")
    if instant < GDPR_APPLIES_AT:
        raise Refused("requested_at_too_early")
    return min(instant, now)


def _parse(value: object) -> tuple[datetime, bool]:
    """Give an instant, and whether its zone is certain."""
    if isinstance(value, datetime):
        return _place(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC), False
    if isinstance(value, int) and not isinstance(value, bool):
        return _parse_epoch(str(value)), True
    # Data frames make seconds with gaps floats, which hold them exactly.
    if isinstance(value, float) and value.is_integer():
        return _parse_epoch(str(int(value))), True
    if not isinstance(value, str):
        raise TypeError
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) != _DATE_DIGITS:
        return _parse_epoch(text), True
    if text.upper().endswith(" UTC"):
        text = f"{text[:-4]}Z"
    return _place(datetime.fromisoformat(text))


def _parse_epoch(digits: str) -> datetime:
    if len(digits) == _SECONDS_DIGITS:
        return datetime.fromtimestamp(int(digits), UTC)
    if len(digits) == _MILLISECONDS_DIGITS:
        return datetime.fromtimestamp(int(digits) // 1000, UTC) + timedelta(milliseconds=int(digits) % 1000)
    raise ValueError


def _place(instant: datetime) -> tuple[datetime, bool]:
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC), False
    return instant.astimezone(UTC), True
