"""Small facts that the ledger keeps for good, by key."""

from datetime import datetime

from sqlalchemy import Connection, select

from etl.ledger.database import Ledger, begin_read, begin_write
from etl.ledger.dialects import insert_into
from etl.ledger.schema import facts


def read_fact(ledger: Ledger, key: str) -> str | None:
    """Read a fact, or None where it was never written."""
    with begin_read(ledger) as connection:
        return find_fact(connection, key)


def write_fact(ledger: Ledger, key: str, value: str) -> None:
    """Write a fact over whatever was there."""
    with begin_write(ledger) as connection:
        set_fact(connection, key, value, ledger.clock(connection))


def set_fact(connection: Connection, key: str, value: str, now: datetime) -> None:
    """Do as `write_fact` does, within the caller's transaction."""
    row = {"value": value, "updated_at": now}
    statement = insert_into(connection, facts).values(key=key, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row))


def claim_fact(ledger: Ledger, key: str, value: str) -> str:
    """Write a fact unless it is there, and return what is: of two claims at once, one stands."""
    with begin_write(ledger) as connection:
        row = {"key": key, "value": value, "updated_at": ledger.clock(connection)}
        statement = insert_into(connection, facts).values(**row)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
        found = find_fact(connection, key)
        return value if found is None else found


def find_fact(connection: Connection, key: str) -> str | None:
    """Find a fact within the caller's transaction."""
    query = select(facts.c.value).where(facts.c.key == key)
    return connection.execute(query).scalar_one_or_none()
