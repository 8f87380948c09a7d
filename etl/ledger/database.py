"""The ledger's database: opened, made durable, and spoken to in whole transactions.

SQLite runs in WAL with `synchronous=FULL` and `secure_delete=ON`. Python's driver would begin its
transactions late and upgrade them from read to write, which fails at once under contention instead
of waiting; so transactions are begun here, and those that write take the write lock first.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from sqlite3 import SQLITE_BUSY
from sqlite3 import Connection as SqliteConnection
from sqlite3 import Error as SqliteError
from typing import Any, Final, cast

# Not used here. It registers itself with what SQLAlchemy asks of every value, and Great Expectations imports
# it in a thread, or beside one that renews a lock: a statement built meanwhile would meet a module half made.
import sqlalchemy.orm  # noqa: F401
from sqlalchemy import URL, Connection, Engine, Row, create_engine, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from etl.errors import LedgerError
from etl.ledger.failures import explain_failure

BUSY_SECONDS: Final = 30
EAGER_SECONDS: Final = 5.0
EAGER_STEP: Final = (0.0005, 0.0015)
"""For so long the write lock is asked for after so many seconds each time; then SQLite waits for it."""

CACHE_KIB: Final = 65_536
CHECKPOINT_PAGES: Final = 8_000
"""Pages that the write-ahead log holds before they are copied: many a page is written often in that time."""

SQLITE_DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite"})
POSTGRES_DRIVERS: Final = frozenset({"postgresql", "postgresql+psycopg"})

AnyRow = Row[*tuple[Any, ...]]
"""A row of a query whose columns the type checker need not know."""

LedgerClock = Callable[[Connection], datetime]
"""Tells the instant, in UTC, to a transaction that asks."""


def read_clock(connection: Connection) -> datetime:
    """Tell the instant: Postgres's where workers' clocks may differ, this machine's for SQLite."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger: its engine, a name for it that holds no credentials, and its clock."""

    engine: Engine = field(repr=False)
    name: str
    clock: LedgerClock = field(default=read_clock, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is a file of this machine."""
        return self.engine.dialect.name == "sqlite"


def open_ledger(url: str, clock: LedgerClock = read_clock) -> Ledger:
    """Open the ledger at a SQLAlchemy URL; nothing is read, created or upgraded yet.

    Raises LedgerError for a URL that names neither a SQLite file nor Postgres. Neither the error nor
    the ledger's repr shows the URL's user, password or options.
    """
    parsed = parse_ledger_url(url)
    is_sqlite = parsed.drivername in SQLITE_DRIVERS
    engine = create_sqlite_engine(parsed) if is_sqlite else create_postgres_engine(parsed)
    return Ledger(engine, name_ledger(parsed), clock)


def parse_ledger_url(url: str) -> URL:
    """Parse a ledger's URL, or raise LedgerError, which never quotes it."""
    example = 'Write "sqlite:///ledger.db" or "postgresql+psycopg://user:password@host/database".'
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise LedgerError(f"The ledger's URL cannot be read. {example}") from None
    if parsed.drivername not in SQLITE_DRIVERS | POSTGRES_DRIVERS:
        raise LedgerError(f"The ledger cannot be kept in {parsed.drivername!r}. {example}")
    if parsed.drivername in SQLITE_DRIVERS and is_transient(parsed):
        raise LedgerError(f"The ledger must be a file, not a database in memory. {example}")
    return parsed


def is_transient(url: URL) -> bool:
    """Whether a SQLite URL names a database that dies with its connection, or a `file:` URI."""
    return url.database in (None, "", ":memory:") or str(url.database).startswith("file:")


def name_ledger(url: URL) -> str:
    """Name a ledger for people: its file, or its host and database, and no credentials."""
    if url.drivername in SQLITE_DRIVERS:
        return str(url.database)
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def create_sqlite_engine(url: URL) -> Engine:
    """Create an engine whose connections are durable and whose transactions begin as they should."""
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", prepare_sqlite_connection)
    event.listen(engine, "begin", begin_sqlite_transaction)
    return engine


def prepare_sqlite_connection(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
    """Turn the driver's own transactions off, and durability and secure deletion on."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "foreign_keys = ON",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def begin_sqlite_transaction(connection: Connection) -> None:
    """Begin with the write lock, unless the transaction was opened for reading."""
    if connection.get_execution_options().get("ledger_reads", False):
        connection.exec_driver_sql("BEGIN")
    else:
        _take_write_lock(connection)


def _take_write_lock(connection: Connection) -> None:
    """Begin with the write lock, asking for it often at first.

    SQLite asks ever more seldom, each 100 ms in the end: where several processes write all the time, most
    would wait for a lock that is free.
    """
    driver = cast("SqliteConnection", connection.connection.dbapi_connection)
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    until = time.monotonic() + min(EAGER_SECONDS, patience / 1000)
    driver.execute("PRAGMA busy_timeout = 0").close()
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE").close()
            except SqliteError as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF != SQLITE_BUSY:
                    break  # SQLAlchemy meets it again below, and tells of it as of every other
                time.sleep(random.uniform(*EAGER_STEP))  # noqa: S311 - so that two do not ask in step
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience}").close()
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def create_postgres_engine(url: URL) -> Engine:
    """Create an engine that outlives a restart of the server and never commits asynchronously."""
    try:
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError:
        raise LedgerError('A Postgres ledger needs psycopg: pip install "psycopg[binary]".') from None
    event.listen(engine, "connect", prepare_postgres_connection)
    return engine


def prepare_postgres_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Turn `synchronous_commit` on where the server's default is off; stronger settings stay."""
    cursor = connection.cursor()
    cursor.execute(
        "UPDATE pg_settings SET setting = 'on' WHERE name = 'synchronous_commit' AND setting = 'off'"
    )
    cursor.close()
    connection.commit()


@contextmanager
def begin_read(ledger: Ledger) -> Iterator[Connection]:
    """Open a transaction that only reads: it waits for nobody and nobody waits for it."""
    with explaining(ledger), ledger.engine.connect() as connection:
        yield connection.execution_options(ledger_reads=True, postgresql_readonly=True)


@contextmanager
def begin_write(ledger: Ledger) -> Iterator[Connection]:
    """Open a transaction that commits at the end, or leaves no trace if anything is raised."""
    with explaining(ledger), ledger.engine.begin() as connection:
        yield connection


@contextmanager
def explaining(ledger: Ledger) -> Iterator[None]:
    """Turn the driver's errors into ours; theirs may quote a row's values, so none is chained."""
    try:
        yield
    except DBAPIError as error:
        raise explain_failure(ledger.name, error) from None
