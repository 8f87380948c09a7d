"""The same ledger on SQLite and on a real Postgres: each test that asks for one runs on both."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from etl.ledger.database import Ledger, open_ledger
from etl.ledger.upgrade import upgrade_ledger

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """A clock that moves when a test says so."""

    now: datetime = START

    def __call__(self, connection: Connection) -> datetime:
        """Tell the instant."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a SQLite ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a database of each kind in turn.

    There is nothing in it, unless it is on Postgres and the test asks for a ledger in it as well.
    """
    asked = request.fixturenames
    is_ready = request.param == "postgres" and "ledger" in asked and "real_migrations" not in asked
    url: str = request.getfixturevalue("ready_postgres_url" if is_ready else f"{request.param}_url")
    return url


@pytest.fixture
def clock() -> HandClock:
    """Give the ledger's clock into the test's hand."""
    return HandClock()


@pytest.fixture
def ledger(ledger_url: str, clock: HandClock) -> Iterator[Ledger]:
    """Give an empty ledger with today's schema."""
    upgrade_ledger(ledger_url).engine.dispose()
    ledger = open_ledger(ledger_url, clock)
    yield ledger
    ledger.engine.dispose()
