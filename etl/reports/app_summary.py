"""An app's page's first words: how the app stands, and the figures that say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from etl.reports.app_figures import AppFigures
from etl.reports.figures import QualityFigures
from etl.reports.funnel import sum_fates
from etl.reports.plots import shorten
from etl.reports.rendering import spell_amount, spell_share
from etl.reports.sales import Till, sum_tills
from etl.reports.summary import Summary, Tile, count_of
from etl.reports.verdicts import Row, State, lay_out_verdicts

_TEN_MILLION: Final = 10_000_000


def lay_out_checks(figures: AppFigures) -> tuple[Row, ...]:
    """Lay out the verdicts on the app as the quality page does."""
    checked = QualityFigures(
        figures.period, figures.generated_at, chosen_apps=(figures.app_id,), tallies=figures.tallies
    )
    return lay_out_verdicts(checked)


def summarize_app(figures: AppFigures, rows: Sequence[Row]) -> Summary:
    """Say how the app stands: what people must act on comes before what they should look at."""
    state, headline = _judge(figures, rows)
    return Summary(state, headline, tuple(_tell(figures)))


def _judge(figures: AppFigures, rows: Sequence[Row]) -> tuple[State, str]:
    urgent = _find_urgent(figures, rows)
    if urgent:
        return State.FAILED, urgent
    doubtful = _find_doubtful(figures, rows)
    if doubtful:
        return State.ADVISORY, doubtful
    if not figures.records:
        return State.NONE, "There are no events of this app in this period"
    return State.PASSED, "Nothing needs attention"


def _find_urgent(figures: AppFigures, rows: Sequence[Row]) -> str | None:
    missing = sum(abs(each.missing) for each in figures.loads)
    overdue = count_due(figures, figures.generated_at.date(), is_over=True)
    if missing:
        return f"{count_of(missing, 'message')} unaccounted for: report it"
    if overdue:
        return f"{count_of(overdue, 'opt-out request is', 'opt-out requests are')} past the deadline"
    if figures.held:
        return f"{count_of(len(figures.held), 'batch is', 'batches are')} held back"
    if any(row.last is State.FAILED for row in rows):
        return "A required check of this app fails"
    return None


def _find_doubtful(figures: AppFigures, rows: Sequence[Row]) -> str | None:
    unknown = sum_fates(figures).unknown
    near = count_due(figures, figures.generated_at.date(), is_over=False)
    if near:
        due = count_of(near, "opt-out request comes", "opt-out requests come")
        return f"{due} due within {figures.alert_days:g} days"
    if unknown:
        said = count_of(unknown, "postback was", "postbacks were")
        return f"{said} asked and never answered: decide about them"
    if any(row.last is State.ADVISORY for row in rows):
        return "Nothing is held back; an advisory check of this app fails"
    if any(each.overdue_files for each in figures.tables):
        return "Upkeep is behind: files are past their grace"
    return None


def count_due(figures: AppFigures, today: date, *, is_over: bool) -> int:
    """Count requests whose UTC day is over, or the others that come due within the days of an alert."""
    days = [((each.due - today).days, each.requests) for each in figures.deadlines]
    if is_over:
        return sum(requests for left, requests in days if left < 0)
    return sum(requests for left, requests in days if 0 <= left <= figures.alert_days)


def _tell(figures: AppFigures) -> list[Tile]:
    fate = sum_fates(figures)
    late = sum(each.records for each in figures.late_days)
    soon = sum(each.within_hour for each in figures.late_days)
    doubted = figures.doubted_records
    open_requests = sum(each.requests for each in figures.deadlines)
    installs = sum(each.installs for each in figures.days)
    days = count_of(len(figures.period.days), "day")
    return [
        Tile("Events", _spell_large(figures.occurrences), f"each thing once, on {days}"),
        Tile("Installs", _spell_large(installs), "first ones, organic included"),
        _tell_sales(sum_tills(figures)),
        Tile(
            "Accepted by Liftoff",
            _spell_large(fate.accepted),
            f"{spell_share(fate.accepted, fate.sent)} of {_spell_large(fate.sent)} sent"
            if fate.sent
            else "none sent",
        ),
        Tile("Within an hour", spell_share(soon, late), "landed, of all records"),
        Tile(
            "Clock issues",
            _spell_large(doubted),
            f"{spell_share(doubted, figures.records)} of records" if doubted else "",
        ),
        Tile("Opt-outs open", f"{open_requests:,}", "of this or every app", _judge_requests(figures)),
    ]


def _judge_requests(figures: AppFigures) -> State:
    today = figures.generated_at.date()
    if count_due(figures, today, is_over=True):
        return State.FAILED
    return State.ADVISORY if count_due(figures, today, is_over=False) else State.NONE


def _tell_sales(tills: Sequence[Till]) -> Tile:
    if not tills:
        return Tile("Revenue", "none", "nothing was sold")
    till, more = tills[0], len(tills) - 1
    others = f"; {count_of(more, 'currency', 'currencies')} more below" if more else ""
    name = f"Revenue, {till.name}"
    return Tile(name, _spell_money(till.revenue), f"{count_of(till.purchases, 'purchase')}{others}")


def _spell_large(count: int) -> str:
    """Spell a count within a tile's width: above ten millions to three digits."""
    return f"{count:,}" if count < _TEN_MILLION else shorten(count)


def _spell_money(amount: Decimal) -> str:
    """Spell an amount within a tile's width: above ten thousand without its cents."""
    return spell_amount(amount) if abs(amount) < 10_000 else _spell_large(round(amount))  # noqa: PLR2004 - eight signs
