"""A copy of the ledger, taken while it is in use."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from etl.errors import LedgerError
from etl.ledger.database import Ledger, explaining


def backup_ledger(ledger: Ledger, target: Path) -> Path:
    """Copy a SQLite ledger to a new file, through SQLite's online backup, and return its path.

    The copy is one consistent state and appears whole or not at all. Raises LedgerError for
    Postgres, which has its own tools, and for a target that exists.
    """
    if not ledger.is_sqlite:
        raise LedgerError(
            f"The ledger {ledger.name} is backed up by Postgres's own tools: run"
            " `pg_dump --format=custom --file=ledger.dump` against it."
        )
    if target.exists():
        raise LedgerError(f"The backup {target} exists already: name another file.")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        copy_database(ledger, partial)
        partial.replace(target)
    finally:
        with suppress(OSError):
            partial.unlink()
    return target


def copy_database(ledger: Ledger, target: Path) -> None:
    """Copy every page to a file of this name, and force it to the disk."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(target)) as copy, explaining(ledger):
            copy_pages(ledger, copy)
        with target.open("rb") as written:
            os.fsync(written.fileno())
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(
            f"The backup cannot be written to {target.parent} ({error}): make room there,"
            " or choose another place."
        ) from error


def copy_pages(ledger: Ledger, copy: sqlite3.Connection) -> None:
    """Copy the pages, and leave write-ahead logging so that the copy is one file."""
    source = ledger.engine.raw_connection()
    try:
        driver_connection = source.driver_connection
        if not isinstance(driver_connection, sqlite3.Connection):
            raise LedgerError(f"The ledger {ledger.name} is no SQLite file.")
        driver_connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").close()
    finally:
        source.close()
