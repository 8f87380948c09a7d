"""What a database's error means, and the way out of it."""

from typing import Final

from sqlalchemy.exc import DBAPIError

from etl.errors import LedgerError, LedgerUnavailable

SQLITE_BUSY_NAMES: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
# Connection lost, transaction rollback, insufficient resources, lock not available, shutdown.
POSTGRES_PASSING_CLASSES: Final = ("08", "40", "53", "55", "57")

SQLITE_REMEDIES: Final = {
    "SQLITE_FULL": "The disk is full: make room, then run again",
    "SQLITE_CANTOPEN": "The file cannot be opened: check that its folder exists and can be written",
    "SQLITE_READONLY": "The file is read-only: grant the write",
    "SQLITE_CORRUPT": "The file is damaged: restore a backup, or run `pushlift ledger rebuild`",
    "SQLITE_NOTADB": "The file is no SQLite database: point storage.ledger at another one",
}
UPGRADE_REMEDY: Final = "A table is missing: run `pushlift ledger upgrade`"
POSTGRES_REMEDIES: Final = {"42P01": UPGRADE_REMEDY, "53100": "The server's disk is full"}


def explain_failure(name: str, error: DBAPIError) -> LedgerError:
    """Explain a driver's error: the ledger's name, the kind of failure and the way out.

    Postgres's detail, which quotes values, and the parameters are left out.
    """
    sqlite_name = getattr(error.orig, "sqlite_errorname", None)
    if sqlite_name is not None:
        return explain_sqlite_failure(name, sqlite_name, str(error.orig))
    return explain_postgres_failure(name, error)


def explain_sqlite_failure(name: str, kind: str, message: str) -> LedgerError:
    """Explain one of SQLite's errors; its messages name tables and columns, never values."""
    if kind.startswith(SQLITE_BUSY_NAMES):
        return LedgerUnavailable(
            f"The ledger {name} stayed busy ({kind}): wait for the other run, then run again."
        )
    remedy = UPGRADE_REMEDY if message.startswith("no such table") else find_sqlite_remedy(kind)
    return LedgerError(f"The ledger {name} failed. {remedy} ({kind}: {message}).")


def find_sqlite_remedy(kind: str) -> str:
    """Find the remedy for an error name or the one that it extends (SQLITE_READONLY_DIRECTORY)."""
    for base, remedy in SQLITE_REMEDIES.items():
        if kind.startswith(base):
            return remedy
    return "The database refused the statement"


def explain_postgres_failure(name: str, error: DBAPIError) -> LedgerError:
    """Explain one of Postgres's errors; one without an SQLSTATE means that no server answered."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return LedgerUnavailable(
            f"The ledger {name} does not answer ({type(error.orig).__name__}): check that the"
            " server runs, and that the host, the database and the credentials are right."
        )
    remedy = POSTGRES_REMEDIES.get(state, "The database refused the statement")
    message = f"The ledger {name} failed. {remedy} (SQLSTATE {state})."
    is_passing = error.connection_invalidated or state.startswith(POSTGRES_PASSING_CLASSES)
    return LedgerUnavailable(message) if is_passing else LedgerError(message)
