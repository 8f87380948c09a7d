"""Registered exports: copies of the lake elsewhere, which erasure must reach as well.

An export is registered before its first byte is written, so that none is ever unknown.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, delete, select, update

from etl.errors import LedgerError
from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.schema import exports

ExportState = Literal["writing", "finished"]


@dataclass(frozen=True, slots=True)
class Export:
    """An export: where it is, what of `events` it holds (`selection`, for people), which version, how much.

    One that is `writing` may hold files of an older export at the same target, or only a part of its own.
    """

    target: str
    state: ExportState
    selection: str
    events_version: int
    files: int
    rows: int
    started_at: datetime
    finished_at: datetime | None


def begin_export(ledger: Ledger, target: str, selection: str, events_version: int) -> None:
    """Register an export, or one that takes the place of an older one at the same target."""
    with begin_write(ledger) as connection:
        row = {
            "state": "writing",
            "selection": selection,
            "events_version": events_version,
            "files": 0,
            "rows": 0,
            "started_at": ledger.clock(connection),
            "finished_at": None,
        }
        statement = insert_into(connection, exports).values(target=target, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=["target"], set_=row))


def finish_export(ledger: Ledger, target: str, *, files: int, rows: int) -> None:
    """Mark an export whole; raises LedgerError for one that was never registered."""
    with begin_write(ledger) as connection:
        values = {"state": "finished", "files": files, "rows": rows, "finished_at": ledger.clock(connection)}
        statement = update(exports).values(**values).where(exports.c.target == target)
        if not connection.execute(statement).rowcount:
            raise LedgerError(f"The export {target} is not registered: export it again.")


def find_export(ledger: Ledger, target: str) -> Export | None:
    """Find the export at a target."""
    with begin_read(ledger) as connection:
        row = connection.execute(_select().where(exports.c.target == target)).one_or_none()
    return None if row is None else Export(*row)


def list_exports(ledger: Ledger) -> list[Export]:
    """List all exports, whole or not, by target."""
    with begin_read(ledger) as connection:
        return [Export(*row) for row in connection.execute(_select())]


def forget_export(ledger: Ledger, target: str) -> bool:
    """Forget an export whose files are gone; tells whether there was one."""
    with begin_write(ledger) as connection:
        return connection.execute(delete(exports).where(exports.c.target == target)).rowcount > 0


def _select() -> Select[str, ExportState, str, int, int, int, datetime, datetime | None]:
    table = exports.c
    return select(
        table.target,
        table.state,
        table.selection,
        table.events_version,
        table.files,
        table.rows,
        table.started_at,
        table.finished_at,
    ).order_by(table.target)
