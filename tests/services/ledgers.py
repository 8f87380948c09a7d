"""New ledgers without the migrations' machinery, which takes ten times as long as what it executes.

The first ledger of each kind that a process makes is migrated, and what was executed is kept: the next ones
are made of the same statements, in the same transaction. Tests of the machinery ask for `real_migrations`.
"""

from typing import Any, Final

import pytest
from sqlalchemy import Connection, event

from etl.ledger import upgrade
from etl.ledger.schema import SCHEMA_REVISION

REALLY_MIGRATE: Final = upgrade.run_migrations
# By dialect, what makes a ledger where there is none.
STATEMENTS: Final[dict[str, list[str]]] = {}
# What the machinery asks about the place in which the ledger comes to lie.
QUESTIONS: Final = ("SELECT", "PRAGMA")


@pytest.fixture(autouse=True, scope="session")
def _migrate_once() -> None:
    """Take the short way, except where a test asks for the long one; whoever forks takes it along."""
    upgrade.run_migrations = migrate


@pytest.fixture
def real_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the migrations themselves."""
    monkeypatch.setattr(upgrade, "run_migrations", REALLY_MIGRATE)


def migrate(connection: Connection) -> None:
    """Do what the migrations do: an older ledger is left to them, and a current one is left alone."""
    revision = upgrade.find_revision(connection)
    known = STATEMENTS.get(connection.dialect.name)
    if revision == SCHEMA_REVISION:
        return
    if revision is not None:
        REALLY_MIGRATE(connection)
    elif known is None:
        STATEMENTS[connection.dialect.name] = migrate_and_record(connection)
    elif connection.dialect.name == "sqlite":
        for statement in known:
            connection.exec_driver_sql(statement).close()
    else:
        connection.exec_driver_sql(";".join(known)).close()


def migrate_and_record(connection: Connection) -> list[str]:
    """Run the migrations; gives what they executed."""
    executed: list[str] = []

    def record(_connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:  # noqa: ANN401 - the driver's
        if not statement.lstrip().startswith(QUESTIONS):
            assert not values, "A migration with parameters: keep them as well."
            executed.append(statement)

    event.listen(connection, "before_cursor_execute", record)
    try:
        REALLY_MIGRATE(connection)
    finally:
        event.remove(connection, "before_cursor_execute", record)
    return executed
