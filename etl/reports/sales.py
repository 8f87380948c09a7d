"""What was sold, a till a currency: amounts of different currencies are never added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from etl.reports.app_figures import AppFigures, SalesDay
from etl.reports.plots import Bar, Caption, draw_bars
from etl.reports.volumes import make_bars

# Each has a plot; further currencies are in the table alone.
MOST_PLOTS: Final = 6


@dataclass(frozen=True, slots=True)
class Till:
    """A currency's sums over the period; None where rows name no currency."""

    currency: str | None
    purchases: int
    refunds: int
    sold: Decimal
    refunded: Decimal
    revenue: Decimal
    usd: Decimal
    without_usd: int

    @property
    def name(self) -> str:
        """The currency, for people."""
        return self.currency or "no currency"


@dataclass(frozen=True, slots=True)
class TillPlot:
    """A currency over time, before refunds."""

    till: Till
    bars: tuple[Bar, ...]
    plot: Markup


def sum_tills(figures: AppFigures) -> tuple[Till, ...]:
    """Sum up by currency, most purchases first."""
    by_currency = _share(figures)
    tills = [_sum(currency, days) for currency, days in by_currency.items()]
    return tuple(sorted(tills, key=lambda till: (-till.purchases, till.name)))


def draw_tills(figures: AppFigures) -> Iterator[TillPlot]:
    """Draw what was sold in each of the foremost currencies."""
    by_currency = _share(figures)
    for number, till in enumerate(sum_tills(figures)[:MOST_PLOTS]):
        sold = ((each.day, each.sold) for each in by_currency[till.currency])
        bars = make_bars(figures.period, figures.today, sold)
        caption = Caption(f"sold-{number}", f"Sold in {till.name} over time, before refunds", till.name)
        yield TillPlot(till, bars, draw_bars(caption, bars))


def _share(figures: AppFigures) -> dict[str | None, list[SalesDay]]:
    by_currency = defaultdict[str | None, list[SalesDay]](list)
    for each in figures.sales:
        by_currency[each.currency].append(each)
    return by_currency


def _sum(currency: str | None, days: list[SalesDay]) -> Till:
    return Till(
        currency,
        purchases=sum(each.purchases for each in days),
        refunds=sum(each.refunds for each in days),
        sold=sum((each.sold for each in days), Decimal(0)),
        refunded=sum((each.refunded for each in days), Decimal(0)),
        revenue=sum((each.revenue for each in days), Decimal(0)),
        usd=sum((each.usd for each in days), Decimal(0)),
        without_usd=sum(each.without_usd for each in days),
    )
