"""What people decided about plans and rates: who, when, why and over how many rows; kept for good."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import decisions


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `subject` is a plan's id or a rate's name, `reason` the person's own words."""

    subject: str
    decision: str
    who: str
    reason: str | None = None
    rows: int = 0
    decided_at: datetime | None = None


def record_decision(ledger: Ledger, connection: Connection, decision: Decision) -> None:
    """Record a decision, made now, within the transaction that carries it out."""
    row = {
        "subject": decision.subject,
        "decision": decision.decision,
        "who": decision.who,
        "reason": decision.reason,
        "rows": decision.rows,
        "decided_at": ledger.clock(connection),
    }
    connection.execute(insert(decisions), row)


def list_decisions(ledger: Ledger, subject: str) -> list[Decision]:
    """List what was decided about a plan or a rate, oldest first."""
    table = decisions.c
    columns = (table.subject, table.decision, table.who, table.reason, table.rows, table.decided_at)
    query = select(*columns).where(table.subject == subject).order_by(table.id)
    with begin_read(ledger) as connection:
        return [Decision(*row) for row in connection.execute(query)]
