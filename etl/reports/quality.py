"""The quality page: its figures in, one HTML file out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from etl.reports.buckets import list_buckets
from etl.reports.diary import write_diary
from etl.reports.figures import FailedCheck, QualityFigures
from etl.reports.naming import present_detail, present_subject
from etl.reports.rendering import render
from etl.reports.summary import summarize
from etl.reports.verdicts import LABELS, MARKS, State, judge_state, lay_out_verdicts
from etl.reports.volumes import draw_reasons, draw_volumes

# A person reads no more; the lake's table has all of them.
MOST_FAILURES: Final = 200


def render_quality_page(figures: QualityFigures) -> str:
    """Render the page: one HTML text that asks for nothing else.

    Names of apps, fields and codes may hold anything. Names of events that only few share, or that look like
    ids, are not shown.
    """
    rows = lay_out_verdicts(figures)
    failures = [present_failure(check) for check in figures.failures[:MOST_FAILURES]]
    diary = write_diary(figures)
    return render(
        "quality.html.j2",
        figures=figures,
        summary=summarize(figures, rows),
        buckets=list_buckets(figures.period),
        verdicts=rows,
        states=[(state, MARKS[state], LABELS[state]) for state in State],
        failures=failures,
        more_failures=len(figures.failures) - len(failures),
        volumes=list(draw_volumes(figures)),
        reasons=draw_reasons(figures),
        diary=diary,
        more_entries=len(figures.sightings) - len(diary),
        judge_state=judge_state,
    )


def present_failure(check: FailedCheck) -> FailedCheck:
    """Give a failed check as the page may show it."""
    return replace(
        check, subject=present_subject(check.subject), detail=present_detail(check.detail, check.subject)
    )
