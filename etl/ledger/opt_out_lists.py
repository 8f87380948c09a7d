"""Opt-out lists as they came: known by a keyed hash of their bytes, and settled once all ids are recorded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select, update

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.opt_out_tables import opt_out_lists


@dataclass(frozen=True, slots=True)
class OptOutListRecord:
    """A list: a keyed hash of its bytes, its form, and its ids by what became of them; settled in the end."""

    id: str
    content_hash: str
    form: str
    received_at: datetime
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    settled_at: datetime | None = None


def find_list(ledger: Ledger, content_hash: str) -> OptOutListRecord | None:
    """Find a list by the keyed hash of its bytes."""
    columns = [opt_out_lists.c[each.name] for each in fields(OptOutListRecord)]
    query = select(*columns).where(opt_out_lists.c.content_hash == content_hash)
    with begin_read(ledger) as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else OptOutListRecord(*row)


def list_ids(ledger: Ledger) -> set[str]:
    """List the ids of all lists."""
    with begin_read(ledger) as connection:
        return set(connection.scalars(select(opt_out_lists.c.id)))


def add_list(ledger: Ledger, found: OptOutListRecord) -> None:
    """Record a list before its requests; of one that is there already, the counts are those of now."""
    row = {each.name: getattr(found, each.name) for each in fields(OptOutListRecord)}
    counts = {name: row[name] for name in ("accepted", "duplicates", "rejected")}
    with begin_write(ledger) as connection:
        statement = insert_into(connection, opt_out_lists).values(**row)
        connection.execute(statement.on_conflict_do_update(index_elements=["content_hash"], set_=counts))


def settle_list(ledger: Ledger, list_id: str) -> None:
    """Note that all ids of a list are recorded."""
    with begin_write(ledger) as connection:
        statement = update(opt_out_lists).values(settled_at=ledger.clock(connection))
        connection.execute(statement.where(opt_out_lists.c.id == list_id))
