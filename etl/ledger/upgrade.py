"""Whether the ledger's schema is the one that this version works with, and how it gets there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, func, inspect, select, table

from etl.errors import LedgerError, LedgerUpgradeNeeded
from etl.ledger.database import Ledger, begin_read, begin_write, open_ledger
from etl.ledger.schema import SCHEMA_REVISION, VERSION_TABLE

# Any constant will do: it keeps two upgrades of one Postgres database apart.
UPGRADE_LOCK_KEY: Final = 7_083_325_001


@dataclass(frozen=True, slots=True)
class LedgerStatus:
    """The ledger's revision beside the one that this version works with."""

    current: str | None
    head: str
    needs_upgrade: bool
    exists: bool


def open_current_ledger(url: str) -> Ledger:
    """Open a ledger that is ready for use, and create it where there is none.

    Raises LedgerUpgradeNeeded for an older schema and LedgerError for a newer one.
    """
    status = ledger_status(url)
    if not status.exists:
        return upgrade_ledger(url)
    if status.needs_upgrade:
        raise LedgerUpgradeNeeded(
            f"The ledger is at revision {status.current} and this version needs {status.head}: "
            "back it up, then run `pushlift ledger upgrade`."
        )
    return open_ledger(url)


def ledger_status(url: str) -> LedgerStatus:
    """Read a ledger's revision; a SQLite file that is not there is not created.

    Raises LedgerError when the database does not answer, or was written by a newer version.
    """
    ledger = open_ledger(url)
    current = read_revision(ledger) if has_database(ledger) else None
    ledger.engine.dispose()
    refuse_newer(ledger, current)
    return LedgerStatus(current, SCHEMA_REVISION, current != SCHEMA_REVISION, current is not None)


def upgrade_ledger(url: str) -> Ledger:
    """Create the ledger or bring it to this version's schema, in one transaction, and open it.

    Safe to call twice at once and at any revision; a failed upgrade leaves the old schema.
    """
    ledger = open_ledger(url)
    create_ledger_folder(ledger)
    with begin_write(ledger) as connection:
        lock_upgrades(connection)
        refuse_newer(ledger, find_revision(connection))
        run_migrations(connection)
    return ledger


def read_revision(ledger: Ledger) -> str | None:
    """Read the revision in a transaction of its own."""
    with begin_read(ledger) as connection:
        return find_revision(connection)


def find_revision(connection: Connection) -> str | None:
    """Find the revision, or None where no ledger has been created."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    versions = table(VERSION_TABLE, column("version_num"))
    return connection.execute(select(versions.c.version_num)).scalar_one_or_none()


def refuse_newer(ledger: Ledger, current: str | None) -> None:
    """Raise LedgerError for a revision that this version does not know."""
    if current is not None and current > SCHEMA_REVISION:
        raise LedgerError(
            f"The ledger {ledger.name} is at revision {current} and this version knows only "
            f"{SCHEMA_REVISION}: install the newer version of pushlift that upgraded it."
        )


def has_database(ledger: Ledger) -> bool:
    """Whether there is something to connect to, which for SQLite is a file."""
    return not ledger.is_sqlite or Path(ledger.name).exists()


def create_ledger_folder(ledger: Ledger) -> None:
    """Create the folder of a SQLite ledger."""
    if not ledger.is_sqlite:
        return
    try:
        Path(ledger.name).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The ledger's folder {Path(ledger.name).parent} cannot be created"
            f" ({error.strerror}): choose another place in storage.ledger."
        ) from error


def lock_upgrades(connection: Connection) -> None:
    """Wait for another upgrade; SQLite's write transaction has done so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK_KEY)))


def run_migrations(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction."""
    # Alembic takes as long to import as SQLAlchemy, and hardly any run has something to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "etl.ledger:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA_REVISION)
