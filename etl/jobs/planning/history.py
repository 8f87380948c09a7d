"""From when on the lake tells all of an app's events: what `is_first_event` rests on.

A person's event is told to be the first only if nothing of that person can be missing: if they installed the
app after the history began, and no day between lacks rows that are held or that failed their audit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Final

from etl.lake.info import list_live_files
from etl.lake.tables import EVENTS, find_table
from etl.stores import Store

# Events of devices that were offline are of days before anything else of the app landed. A day with fewer
# rows than this share of the usual day is no beginning.
LEAST_SHARE: Final = 0.1


def count_days(lake: Store, app_id: str) -> Mapping[date, int]:
    """Count the rows of an app's days, as the log tells them."""
    delta = find_table(lake, EVENTS)
    found: Counter[date] = Counter()
    for file in [] if delta is None else list_live_files(EVENTS, delta):
        if file.partition["app_id"] == app_id:
            found[date.fromisoformat(file.partition["event_date"])] += file.rows
    return found


def find_beginning(days: Mapping[date, int]) -> date | None:
    """Find the day after an app's first day, on which its events may have begun to come at any hour.

    None where the lake has nothing of the app.
    """
    if not days:
        return None
    least = LEAST_SHARE * median(days.values())
    return min(day for day, rows in days.items() if rows >= least) + timedelta(days=1)


def find_complete_since(
    beginning: date | None, gaps: Iterable[date], days: Iterable[date]
) -> dict[date, datetime]:
    """Give for each day since when the history up to it has no gap; days without any are left out.

    `gaps` are the days that may not be relied on.
    """
    if beginning is None:
        return {}
    missing = sorted(gaps)
    since = {}
    for day in days:
        last_gap = max((gap for gap in missing if gap <= day), default=None)
        first_whole = beginning if last_gap is None else max(beginning, last_gap + timedelta(days=1))
        since[day] = datetime.combine(first_whole, time(), UTC)
    return since
