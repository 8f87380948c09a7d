"""Requests whose people are erased from everywhere but landing."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.opt_out_tables import opt_out_requests


def count_left_in_landing(ledger: Ledger, id_types: Sequence[str]) -> int:
    """Count those of some types of ids."""
    query = select(func.count()).select_from(opt_out_requests).where(_is_left(id_types))
    with begin_read(ledger) as connection:
        count: int = connection.execute(query).scalar_one()
        return count


def end_landing(ledger: Ledger, id_types: Sequence[str]) -> None:
    """Note that the people of those are gone from landing too."""
    with begin_write(ledger) as connection:
        values = {"erasure": "erased", "erased_at": ledger.clock(connection)}
        connection.execute(update(opt_out_requests).where(_is_left(id_types)).values(**values))


def _is_left(id_types: Sequence[str]) -> ColumnElement[bool]:
    table = opt_out_requests.c
    is_erased = table.state.in_(["open", "done"]) & (table.erasure == "erased_except_landing")
    return is_erased & table.id_type.in_(list(id_types))
