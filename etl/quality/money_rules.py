"""Rules on revenue and currencies."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from etl.appsflyer.normalize import TypedBatch
from etl.quality.columns import Finding, mark_among, mark_present, mark_values
from etl.quality.iso_codes import currency_codes

_CURRENCY_FIELDS = ("event_revenue_currency", "af_cost_currency")
# More than one event ever earned: in currencies of which a unit is worth about a dollar, and in any.
_MOST_IN_MAJOR, _MOST = 1e6, 1e9
_MAJOR = frozenset({"USD", "EUR", "GBP"})
_TELLS_REFUND = re.compile(r"refund|cancel|return|charge.?back|revers|revo[ck]|void", re.IGNORECASE)


def find_odd_money(batch: TypedBatch) -> Iterator[Finding]:
    """Find revenue and currencies that cannot be right."""
    for name in _CURRENCY_FIELDS:
        yield f"unknown_currency:{name}", mark_values(batch, name, _is_unknown_currency)
    revenue = batch.columns.get("event_revenue")
    rows = np.flatnonzero(mark_present(revenue, batch.rows))
    if revenue is None or not len(rows):
        return
    amounts = revenue.take(pa.array(rows)).cast(pa.float64()).to_numpy(zero_copy_only=False)
    has_currency = mark_present(batch.texts.get("event_revenue_currency"), batch.rows)[rows]
    yield "revenue_without_currency", mark_among(rows, (amounts != 0) & ~has_currency, batch.rows)
    if (amounts < 0).any():
        is_refund = mark_values(batch, "event_name", lambda name: bool(_TELLS_REFUND.search(name)))
        yield "negative_revenue", mark_among(rows, (amounts < 0) & ~is_refund[rows], batch.rows)
    if (abs(amounts) > _MOST_IN_MAJOR).any():
        is_major = mark_values(batch, "event_revenue_currency", _MAJOR.__contains__)
        most = np.where(is_major[rows], _MOST_IN_MAJOR, _MOST)
        yield "implausible_revenue", mark_among(rows, abs(amounts) > most, batch.rows)


def _is_unknown_currency(code: str) -> bool:
    return code not in currency_codes()
