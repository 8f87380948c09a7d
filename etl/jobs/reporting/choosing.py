"""Which apps and days a report is of (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from etl.errors import UsageError
from etl.lake.info import AppInfo
from etl.reports.figures import Period

SHOWN_APPS: Final = 10


def choose_apps(asked: Collection[str], present: Sequence[AppInfo], configured: Collection[str]) -> list[str]:
    """Give the apps that were asked for, else all that the lake has.

    Raises UsageError where the lake has no event at all, and for an app that neither it nor the configuration
    knows.
    """
    known = sorted({each.app_id for each in present} | set(configured))
    for app_id in asked:
        if app_id not in known:
            raise UsageError(f"No app {app_id!r} is in the lake or the configuration. {_name_known(known)}")
    if not asked and not present:
        raise UsageError(
            "The lake has no events yet, so there is nothing to report: run pushlift ingest first."
        )
    return sorted(set(asked)) or [each.app_id for each in present]


def choose_period(first: date | None, last: date | None, days: int, complete: date) -> Period:
    """Give the period asked for: by default so many days up to the last complete one. Raises UsageError."""
    ends = last or max(complete, first or complete)
    begins = first or ends - timedelta(days=days - 1)
    if begins > ends:
        raise UsageError(f"The period begins on {begins} and ends before that, on {ends}; exchange the two.")
    return Period(begins, ends)


def find_last_complete(apps: Sequence[AppInfo], offsets: Mapping[str, int], now: datetime) -> date:
    """Give the last day that is over in its app's zone and that an app has events of, else yesterday."""
    complete = [
        min(date.fromisoformat(each.last_date), local_day(now, offsets[each.app_id]) - timedelta(days=1))
        for each in apps
    ]
    return max(complete, default=now.date() - timedelta(days=1))


def local_day(now: datetime, offset_minutes: int) -> date:
    """Give the day in a zone of such an offset."""
    return (now + timedelta(minutes=offset_minutes)).date()


def _name_known(known: Sequence[str]) -> str:
    if not known:
        return "There is none yet: run pushlift ingest first."
    more = f" and {len(known) - SHOWN_APPS} more" if len(known) > SHOWN_APPS else ""
    return f"Known are {', '.join(known[:SHOWN_APPS])}{more}."
