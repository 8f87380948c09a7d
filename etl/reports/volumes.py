"""Counts over time, each as a plot and as the figures that it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from markupsafe import Markup

from etl.reports.buckets import Bucket, list_buckets, share_days
from etl.reports.figures import NamedEvents, Period, QualityFigures, QuarantineDay
from etl.reports.naming import group_names
from etl.reports.plots import HOURS, Bar, Caption, draw_bars, draw_hours
from etl.reports.verdicts import State, mark_days, worst_state

# Each has a plot; further reasons are in the table alone.
MOST_REASON_PLOTS: Final = 9

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DayHours:
    """An app's events in each hour of a day; None where the hour is not over or was not looked at."""

    day: date
    events: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class AppVolume:
    """An app's events in plots and in figures."""

    app_id: str
    total: int
    bars: tuple[Bar, ...]
    days_plot: Markup
    hours_plot: Markup | None
    hours: tuple[DayHours, ...]
    names: tuple[NamedEvents, ...]


@dataclass(frozen=True, slots=True)
class ReasonVolume:
    """What was quarantined for a reason, in a plot and in figures; `apps` is the most of any day."""

    reason: str
    total: int
    apps: int
    first: date
    last: date
    bars: tuple[Bar, ...]
    plot: Markup | None


def draw_volumes(figures: QualityFigures) -> Iterator[AppVolume]:
    """Draw the events of each app: by day or week, and by hour of the last days."""
    days = _group((each.app_id, (each.day, each.events)) for each in figures.days)
    hours = _group((each.app_id, (each.hour, each.events)) for each in figures.hours)
    names = _group((each.app_id, each) for each in group_names(figures.names))
    states = _group((app, (day, state)) for (app, day), state in mark_days(figures.audited_days).items())
    today = figures.generated_at.date()
    for number, app_id in enumerate(figures.apps):
        bars = make_bars(figures.period, today, days[app_id], states[app_id])
        yield AppVolume(
            app_id,
            sum(count for _, count in days[app_id]),
            bars,
            draw_bars(Caption(f"days-{number}", f"Events of {app_id} over time", "events"), bars),
            _plot_hours(Caption(f"hours-{number}", f"Events of {app_id} by hour", "events"), hours[app_id]),
            tuple(_table_hours(dict(hours[app_id]))),
            tuple(names[app_id]),
        )


def draw_reasons(figures: QualityFigures) -> tuple[ReasonVolume, ...]:
    """Draw what was quarantined over time, the most frequent reasons first."""
    by_reason = _group((each.reason, each) for each in figures.quarantine)
    ranked = sorted(by_reason, key=lambda reason: (-_count(by_reason[reason]), reason))
    return tuple(
        _draw_reason(figures, by_reason[reason], number, has_plot=number < MOST_REASON_PLOTS)
        for number, reason in enumerate(ranked)
    )


def make_bars(
    period: Period,
    today: date,
    counts: Iterable[tuple[date, int | Decimal]],
    states: Iterable[tuple[date, State]] = (),
) -> tuple[Bar, ...]:
    """Add counts up by bucket, each with the worst state of its days; other days are left out."""
    bucket_of = share_days(period)
    totals, worst = defaultdict[Bucket, int | Decimal](int), defaultdict[Bucket, list[State]](list)
    for day, count in counts:
        if day in bucket_of:
            totals[bucket_of[day]] += count
    for day, state in states:
        if day in bucket_of:
            worst[bucket_of[day]].append(state)
    return tuple(
        Bar(each, totals[each], worst_state([*worst[each], State.PASSED]), is_open=each.last >= today)
        for each in list_buckets(period)
    )


def _group(pairs: Iterable[tuple[str, T]]) -> defaultdict[str, list[T]]:
    grouped = defaultdict[str, list[T]](list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped


def _count(rows: Iterable[QuarantineDay]) -> int:
    return sum(each.messages for each in rows)


def _draw_reason(
    figures: QualityFigures, rows: list[QuarantineDay], number: int, *, has_plot: bool
) -> ReasonVolume:
    reason, days = rows[0].reason, [each.day for each in rows]
    today = figures.generated_at.date()
    bars = make_bars(figures.period, today, ((each.day, each.messages) for each in rows))
    caption = Caption(f"reason-{number}", f"Messages quarantined for {reason} over time", "messages")
    plot = draw_bars(caption, bars) if has_plot else None
    apps = max(each.apps for each in rows)
    return ReasonVolume(reason, _count(rows), apps, min(days), max(days), bars, plot)


def _plot_hours(caption: Caption, hours: Iterable[tuple[datetime, int]]) -> Markup | None:
    counts = dict(hours)
    return draw_hours(caption, counts, min(counts).date(), max(counts).date()) if counts else None


def _table_hours(counts: Mapping[datetime, int]) -> Iterator[DayHours]:
    for day in sorted({hour.date() for hour in counts}):
        midnight = datetime.combine(day, datetime.min.time(), next(iter(counts)).tzinfo)
        yield DayHours(day, tuple(counts.get(midnight + timedelta(hours=hour)) for hour in range(HOURS)))
