"""The index of apps' pages: one line an app, with the figures that say where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.reports.app_figures import AppFigures
from etl.reports.app_summary import lay_out_checks, summarize_app
from etl.reports.funnel import sum_fates
from etl.reports.rendering import render
from etl.reports.sales import sum_tills
from etl.reports.verdicts import WORST_FIRST


@dataclass(frozen=True, slots=True)
class IndexLine:
    """An app's figures, and the name of its page in the same folder."""

    figures: AppFigures
    page: str


def render_index(lines: Sequence[IndexLine]) -> str:
    """Render the index, apps that need attention first: one HTML text that asks for nothing else."""
    told = [(line, summarize_app(line.figures, lay_out_checks(line.figures))) for line in lines]
    ranked = sorted(told, key=lambda each: (WORST_FIRST.index(each[1].state), each[0].figures.app_id))
    figures = lines[0].figures
    return render(
        "app_index.html.j2",
        period=figures.period,
        generated_at=figures.generated_at,
        lines=[(line, summary, sum_fates(line.figures), sum_tills(line.figures)) for line, summary in ranked],
    )
