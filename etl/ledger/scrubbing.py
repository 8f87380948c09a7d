"""Let what left the ledger's rows leave its files, too.

A row that was changed or deleted leaves its old bytes where they were: in the free space of pages, and in the
write-ahead log. Here the tables that held ids of people are written anew, and the log is emptied as far as
that is the ledger's own. What a server's archive of its log, a replica or a backup keeps is not reached.
"""

import sqlite3
from typing import Final

from sqlalchemy import Connection, text

from etl.errors import LedgerError, LedgerUnavailable
from etl.ledger.database import BUSY_SECONDS, Ledger, explaining
from etl.ledger.facts import read_fact, write_fact

_FACT: Final = "scrubbing"
_DUE, _DONE = "due", "done"
# The tables that hold ids of people, and for how long each may wait for those who use it.
_TABLES: Final = ("opt_out_requests", "postbacks")
_LOCK_TIMEOUT: Final = "10s"
_BUSY_MILLISECONDS: Final = 2_000
_PASSING: Final = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL")


def note_scrubbing(ledger: Ledger) -> None:
    """Note, before ids leave the ledger, that its files have to be scrubbed: a kill does not undo that."""
    write_fact(ledger, _FACT, _DUE)


def scrub_if_noted(ledger: Ledger) -> bool:
    """Scrub the ledger's files where that is noted; tells whether nothing is left to do.

    A ledger that others use all the time stays noted, for the next time.
    """
    if read_fact(ledger, _FACT) != _DUE:
        return True
    try:
        is_done = scrub_ledger(ledger)
    except LedgerUnavailable:
        return False
    if is_done:
        write_fact(ledger, _FACT, _DONE)
    return is_done


def scrub_ledger(ledger: Ledger) -> bool:
    """Write the ledger's pages anew and empty its log; tells whether all of that was done.

    Others wait meanwhile: a second for some hundred thousand rows. Raises LedgerUnavailable where they do not
    let it.
    """
    with explaining(ledger), ledger.engine.connect() as connection:
        if ledger.is_sqlite:
            return _scrub_sqlite(connection)
        return _scrub_postgres(connection)


def _scrub_sqlite(connection: Connection) -> bool:
    """Vacuum, and empty the write-ahead log; not done where others do not let go or the disk is full."""
    # SQLAlchemy begins a transaction with its first statement, and these are possible outside of one alone.
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - of a SQLite ledger
    try:
        driver.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}").close()
        driver.execute("VACUUM").close()
        is_busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(_PASSING):
            return False
        raise LedgerError(f"The ledger's file cannot be written anew ({error.sqlite_errorname}).") from None
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}").close()
    return not is_busy


def _scrub_postgres(connection: Connection) -> bool:
    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    try:
        for name in _TABLES:
            # A plain one leaves the bytes in the free space of pages; ANALYZE takes values from statistics.
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {name}"))
    finally:
        connection.execute(text("RESET lock_timeout"))
    return True
