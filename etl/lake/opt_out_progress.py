"""How far opt-out requests are, as counts by app and day: what analysts may see of the ledger."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from etl.ledger.opt_out_counts import count_progress
from etl.ledger.upgrade import ledger_status, open_current_ledger

PROGRESS: Final = pa.schema(
    [
        ("app_id", pa.string()),
        ("kind", pa.string()),
        ("state", pa.string()),
        ("submission", pa.string()),
        ("erasure", pa.string()),
        ("received_date", pa.date32()),
        ("deadline_date", pa.date32()),
        ("requests", pa.int64()),
    ]
)


def read_progress(ledger: str) -> pa.Table:
    """Count the requests of a ledger; a ledger that is not there has none, and is not made."""
    if not ledger_status(ledger).exists:
        return PROGRESS.empty_table()
    counted = count_progress(open_current_ledger(ledger))
    rows = [dict(zip(PROGRESS.names, row, strict=True)) for row in counted]
    return pa.Table.from_pylist(rows, PROGRESS)
