"""Counts of opt-out requests, from which nobody can be told: by app, state and day."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Final

from sqlalchemy import func, select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.opt_out_tables import opt_out_requests

_KINDS: Final = ("app_id", "kind", "state", "submission", "erasure")


def count_progress(ledger: Ledger) -> list[tuple[str, str, str, str, str, date, date, int]]:
    """Count requests by app, kind, state, submission, erasure, and UTC days of receipt and deadline."""
    table = opt_out_requests.c
    keys = [*(table[name] for name in _KINDS), table.received_at, table.deadline_at]
    counts = Counter[tuple[str, str, str, str, str, date, date]]()
    with begin_read(ledger) as connection:
        for *kinds, received, deadline, requests in connection.execute(
            select(*keys, func.count()).group_by(*keys)
        ):
            app_id, kind, state, submission, erasure = kinds
            key = (app_id, kind, state, submission, erasure, received.date(), deadline.date())
            counts[key] += requests
    return [(*key, requests) for key, requests in sorted(counts.items())]


def count_unaccepted(ledger: Ledger) -> int:
    """Count the requests that Liftoff answered and did not take, but for those that were lifted."""
    table = opt_out_requests.c
    is_unaccepted = table.submission.in_(["refused", "not_processed"]) & (table.state != "lifted")
    with begin_read(ledger) as connection:
        query = select(func.count()).select_from(opt_out_requests).where(is_unaccepted)
        count: int = connection.execute(query).scalar_one()
        return count
