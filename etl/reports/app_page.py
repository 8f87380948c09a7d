"""An app's page: its figures in, one HTML file out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from markupsafe import Markup

from etl.reports.app_figures import AppDay, AppFigures
from etl.reports.app_summary import count_due, lay_out_checks, summarize_app
from etl.reports.buckets import list_buckets
from etl.reports.funnel import list_fates, list_refusals, list_stages, sum_fates
from etl.reports.naming import group_names, present_subject
from etl.reports.plots import Bar, Caption, draw_bars, draw_stages
from etl.reports.quality import MOST_FAILURES, present_failure
from etl.reports.rendering import render
from etl.reports.sales import draw_tills, sum_tills
from etl.reports.verdicts import LABELS, MARKS, State, judge_state
from etl.reports.volumes import make_bars

_VOLUMES: Final[tuple[tuple[str, str, Callable[[AppDay], int]], ...]] = (
    ("Events", "events", lambda day: day.occurrences),
    ("Installs", "installs", lambda day: day.installs),
    ("Conversions", "conversions", lambda day: day.conversions),
)


@dataclass(frozen=True, slots=True)
class Volume:
    """Something that is counted by day, in a plot and in figures."""

    name: str
    total: int
    bars: tuple[Bar, ...]
    plot: Markup


def render_app_page(figures: AppFigures) -> str:
    """Render the page: one HTML text that asks for nothing else.

    Names may hold anything. Names of events that only few share, or that look like ids, are not shown.
    """
    rows = lay_out_checks(figures)
    failures = [present_failure(check) for check in figures.failures[:MOST_FAILURES]]
    figures = _present_zones(figures)
    stages = list_stages(figures)
    return render(
        "app.html.j2",
        figures=figures,
        summary=summarize_app(figures, rows),
        buckets=list_buckets(figures.period),
        verdicts=rows,
        states=[(state, MARKS[state], LABELS[state]) for state in State],
        failures=failures,
        more_failures=len(figures.failures) - len(failures),
        judge_state=judge_state,
        volumes=list(_draw_volumes(figures)),
        names=group_names(figures.names),
        stages=stages,
        funnel=draw_stages(Caption("funnel", "From landing to Liftoff", ""), stages),
        fates=list_fates(figures),
        fate=sum_fates(figures),
        refusals=list_refusals(figures),
        tills=sum_tills(figures),
        till_plots=list(draw_tills(figures)),
        late=_draw_late(figures),
        late_shares=_share_late(figures),
        late_records=sum(each.records for each in figures.late_days),
        zone=name_zone(figures),
        overdue=count_due(figures, figures.generated_at.date(), is_over=True),
        near=count_due(figures, figures.generated_at.date(), is_over=False),
        judge_due=lambda due: _judge_due(figures, due),
    )


def name_zone(figures: AppFigures) -> str:
    """Name the zone that most rows of the period name, for people."""
    named = (present_subject(each.zone) for each in figures.zones if each.zone)
    return next(named, "UTC, its zone is not known")


def _present_zones(figures: AppFigures) -> AppFigures:
    """Give the figures with their zones as the page may show them."""
    return replace(
        figures,
        zones=tuple(replace(each, zone=present_subject(each.zone or "")) for each in figures.zones),
        clock_issues=tuple(
            replace(each, zone=present_subject(each.zone or "")) for each in figures.clock_issues
        ),
    )


def _draw_volumes(figures: AppFigures) -> Iterator[Volume]:
    for number, (name, unit, count) in enumerate(_VOLUMES):
        bars = make_bars(figures.period, figures.today, ((each.day, count(each)) for each in figures.days))
        caption = Caption(f"volume-{number}", f"{name} over time", unit)
        yield Volume(name, sum(map(count, figures.days)), bars, draw_bars(caption, bars))


def _draw_late(figures: AppFigures) -> Volume:
    late = [(each.day, each.records - each.within_day) for each in figures.late_days]
    bars = make_bars(figures.period, figures.today, late)
    plot = draw_bars(Caption("late", "Records that landed more than a day late, over time", "records"), bars)
    return Volume("Late", sum(count for _, count in late), bars, plot)


def _share_late(figures: AppFigures) -> tuple[tuple[str, int], ...]:
    """Share records out by how late they landed."""
    records = sum(each.records for each in figures.late_days)
    hour = sum(each.within_hour for each in figures.late_days)
    day = sum(each.within_day for each in figures.late_days)
    return ("within an hour", hour), ("within a day", day - hour), ("later", records - day)


def _judge_due(figures: AppFigures, due: date) -> State:
    left = (due - figures.generated_at.date()).days
    if left < 0:
        return State.FAILED
    return State.ADVISORY if left <= figures.alert_days else State.PASSED
