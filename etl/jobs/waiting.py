"""What the ledger holds back now, as pages tell of it."""

from __future__ import annotations

from etl.ledger.database import Ledger
from etl.ledger.held import list_batches
from etl.reports.figures import HeldBatch


def describe_waiting(ledger: Ledger) -> tuple[HeldBatch, ...]:
    """Describe the held batches, oldest first."""
    return tuple(
        HeldBatch(
            batch_id=batch.id,
            app_id=batch.app_id,
            created_at=batch.created_at,
            rows=batch.rows,
            failed_rules=tuple(sorted({str(check["rule_id"]) for check in batch.failed})),
        )
        for batch in list_batches(ledger)
    )
