"""Postgres ledgers that tests use one after the other: a database is slow to make and to drop.

In between, whoever is still connected is thrown out and all tables are emptied. A database of which anything
but the rows was changed is dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import psycopg
import pytest
from psycopg import sql

from etl.ledger.schema import VERSION_TABLE
from etl.ledger.upgrade import upgrade_ledger
from tests.services.postgres import PostgresServer, name_database

THROW_OUT: Final = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
RESTART: Final = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"
FIRST_OF_OURS: Final = 16_384
# Of each thing that makes a schema, what a change of it changes.
SHAPE: Final[tuple[LiteralString, ...]] = (
    "SELECT oid::int, relname, relkind, relowner::int FROM pg_class WHERE oid >= %s AND relkind <> 't'",
    "SELECT attrelid::int, attname, attnum, atttypid::int, attnotnull FROM pg_attribute WHERE attrelid >= %s",
    "SELECT conname, conrelid::int, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid >= %s",
    "SELECT indexrelid::int, pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indexrelid >= %s",
    "SELECT adrelid::int, adnum, pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid >= %s",
    "SELECT tgname, tgrelid::int FROM pg_trigger WHERE oid >= %s",
    "SELECT proname FROM pg_proc WHERE oid >= %s",
    "SELECT nspname FROM pg_namespace WHERE oid >= %s",
    "SELECT rolname FROM pg_roles WHERE oid >= %s",
    "SELECT setdatabase::int, setconfig FROM pg_db_role_setting WHERE setdatabase >= %s",
    "SELECT datname, datconnlimit FROM pg_database WHERE oid >= %s AND datname = current_database()",
    "SELECT version_num FROM ledger_version WHERE %s > 0",
)


@dataclass(slots=True)
class EmptyLedgers:
    """A server's ledgers that nobody uses now, each with the shape that it must have."""

    server: PostgresServer
    free: list[tuple[str, list[Any]]] = field(default_factory=list)

    def take(self) -> tuple[str, list[Any]]:
        """Take one that is free, or make one."""
        return self.free.pop() if self.free else self.make()

    def make(self) -> tuple[str, list[Any]]:
        """Make one."""
        name = name_database()
        self.server.run(f"CREATE DATABASE {name} STRATEGY file_copy")
        upgrade_ledger(self.server.url(name)).engine.dispose()
        with self.connect(name) as connection:
            return name, read_shape(connection)

    def give_back(self, name: str, shape: list[Any]) -> None:
        """Empty one, or drop it where it is not what it was."""
        try:
            with self.connect(name) as connection:
                connection.execute(THROW_OUT)
                is_same = read_shape(connection) == shape
                if is_same:
                    empty(connection)
        except psycopg.Error:
            is_same = False
        if is_same:
            self.free.append((name, shape))
        else:
            self.server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def connect(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect to one."""
        return psycopg.connect(host=str(self.server.folder), user="postgres", dbname=name, autocommit=True)


def read_shape(connection: psycopg.Connection[tuple[Any, ...]]) -> list[Any]:
    """Read all of a database but its rows."""
    return [sorted(connection.execute(question, [FIRST_OF_OURS]), key=repr) for question in SHAPE]


def empty(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Empty all tables but the one of the ledger's revision, and count from the beginning again."""
    tables = [sql.Identifier(name) for (name,) in connection.execute(TABLES) if name != VERSION_TABLE]
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(table.as_string(), table)
        for table in tables
    ]
    filled = [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked))]
    if filled:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.SQL, filled))))
    connection.execute(RESTART)


@pytest.fixture(scope="session")
def empty_ledgers(postgres_server: PostgresServer) -> EmptyLedgers:
    """Keep the server's ledgers."""
    return EmptyLedgers(postgres_server)


@pytest.fixture
def ready_postgres_url(empty_ledgers: EmptyLedgers) -> Iterator[str]:
    """Give the URL of a ledger with today's schema, without a row and this test's own."""
    name, shape = empty_ledgers.take()
    yield empty_ledgers.server.url(name)
    empty_ledgers.give_back(name, shape)
