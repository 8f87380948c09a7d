"""Days, or weeks where there are too many days to look at one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from etl.reports.figures import Period

# What still fits on a desktop's width with a cell a day.
MOST_DAYS: Final = 45


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day, or the days of a week that lie in the period."""

    first: date
    last: date

    @property
    def label(self) -> str:
        """Its name: the day, or the first and last day."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def share_days(period: Period) -> dict[date, Bucket]:
    """Give every day of a period its bucket; weeks begin on Monday."""
    if len(period.days) <= MOST_DAYS:
        return {day: Bucket(day, day) for day in period.days}
    return {day: _week_of(day, period) for day in period.days}


def list_buckets(period: Period) -> tuple[Bucket, ...]:
    """List a period's buckets in order."""
    return tuple(dict.fromkeys(share_days(period).values()))


def _week_of(day: date, period: Period) -> Bucket:
    monday = day - timedelta(days=day.weekday())
    return Bucket(max(monday, period.first), min(monday + timedelta(days=6), period.last))
