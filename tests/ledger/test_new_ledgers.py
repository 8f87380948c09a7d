"""Ledgers that tests are given are those that the migrations make."""

import pytest
from psycopg import Connection, Error, connect
from sqlalchemy import text

from etl.ledger.database import Ledger, begin_read, begin_write, open_ledger
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.upgrade import open_current_ledger, upgrade_ledger
from tests.services.ledgers import STATEMENTS, migrate_and_record
from tests.services.postgres import PostgresServer, name_database
from tests.services.postgres_ledgers import EmptyLedgers

CHANGES = (
    "ALTER TABLE facts ADD COLUMN x int",
    "ALTER TABLE facts ALTER COLUMN value DROP NOT NULL",
    "ALTER TABLE facts ALTER COLUMN value SET DEFAULT 'x'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE INDEX facts_by_value ON facts (value)",
    "CREATE SCHEMA another",
    "CREATE TABLE another (x int)",
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off'; END $$",
    "DROP TABLE facts",
    "UPDATE ledger_version SET version_num = '9001'",
)


SHAPE = {
    "sqlite": ["SELECT name, sql FROM sqlite_master", "SELECT * FROM ledger_version"],
    "postgresql": [
        """
        SELECT relname, attnum, attname, format_type(atttypid, atttypmod), attnotnull
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
        """,
        "SELECT adrelid::regclass::text, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint",
        "SELECT sequencename, data_type::text, start_value FROM pg_sequences",
        "SELECT * FROM ledger_version",
    ],
}


def describe(ledger: Ledger) -> list[list[str]]:
    """Describe all that a ledger consists of."""
    with begin_read(ledger) as connection:
        questions = SHAPE[connection.dialect.name]
        return [sorted(map(repr, connection.execute(text(question)))) for question in questions]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_short_way_leads_to_the_same(
    kind: str,
    postgres_server: PostgresServer,
    sqlite_url: str,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A ledger made of what the migrations executed is like the one that they made."""
    other = name_database()
    postgres_server.run(f"CREATE DATABASE {other}")
    long = open_ledger(f"{sqlite_url}.long" if kind == "sqlite" else postgres_server.url(other))
    with begin_write(long) as connection:
        monkeypatch.setitem(STATEMENTS, connection.dialect.name, migrate_and_record(connection))

    short = upgrade_ledger(sqlite_url if kind == "sqlite" else postgres_url)

    described = describe(short)
    assert all(described)
    assert described == describe(long)
    postgres_server.run(f"DROP DATABASE {other} WITH (FORCE)")


def connect_to(url: str) -> Connection:
    """Connect without the ledger's machinery."""
    return connect(url.replace("+psycopg", ""), autocommit=True)


def test_the_next_test_finds_nothing(empty_ledgers: EmptyLedgers) -> None:
    """No row, no number that was counted up, and nobody who is still connected."""
    name, shape = empty_ledgers.take()
    url = empty_ledgers.server.url(name)
    write_fact(open_current_ledger(url), "key", "kept")
    left = connect_to(url)
    left.execute("SELECT pg_advisory_lock(1), nextval('publishes_id_seq')")
    empty_ledgers.give_back(name, shape)

    assert empty_ledgers.take() == (name, shape)
    with pytest.raises(Error):
        left.execute("SELECT 1")
    assert read_fact(open_current_ledger(url), "key") is None
    with connect_to(url) as connection:
        found = connection.execute("SELECT nextval('publishes_id_seq'), pg_try_advisory_lock(1)")
        assert found.fetchone() == (1, True)
    empty_ledgers.give_back(name, shape)


@pytest.mark.parametrize("change", CHANGES)
def test_a_ledger_that_was_changed_is_dropped(change: str, empty_ledgers: EmptyLedgers) -> None:
    """Whatever of it was."""
    name, shape = empty_ledgers.take()
    with connect_to(empty_ledgers.server.url(name)) as connection:
        connection.execute(change.encode())
    empty_ledgers.give_back(name, shape)
    assert name not in dict(empty_ledgers.free)
