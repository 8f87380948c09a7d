import threading
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, make_url, select, text

from etl.errors import LedgerError, LedgerUnavailable
from etl.ledger.database import Ledger, begin_read, begin_write, explaining, open_ledger, read_clock
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.schema import facts, landed_objects
from etl.ledger.upgrade import ledger_status, upgrade_ledger
from tests.ledger.conftest import START, HandClock
from tests.ledger.racers import count_in_transactions, race

SECRET = "hunter2-secret"
# Port 1 answers nobody.
DEAD_POSTGRES = f"postgresql+psycopg://ann:{SECRET}@127.0.0.1:1/ledger"


def fact_row(clock: HandClock, key: str) -> dict[str, object]:
    """Describe a fact."""
    return {"key": key, "value": "1", "updated_at": clock.now}


def ask(connection: Connection, pragma: str) -> object:
    """Ask SQLite for a setting."""
    return connection.execute(text(f"PRAGMA {pragma}")).scalar_one()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("secure_delete", 1),
        ("foreign_keys", 1),
        ("busy_timeout", 30_000),
    ],
)
def test_a_sqlite_ledger_is_durable(sqlite_url: str, pragma: str, value: object) -> None:
    """Write-ahead log, full synchronization, overwritten deletions, foreign keys, patience."""
    with begin_read(open_ledger(sqlite_url)) as connection:
        assert ask(connection, pragma) == value


@pytest.mark.parametrize(("default", "kept"), [("off", "on"), ("remote_write", "remote_write")])
def test_a_postgres_ledger_is_durable(postgres_url: str, default: str, kept: str) -> None:
    """A server that commits asynchronously by default does not for the ledger; no other choice is touched."""
    name = make_url(postgres_url).database
    with begin_write(open_ledger(postgres_url)) as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = {default}"))
    with begin_read(open_ledger(postgres_url)) as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == kept


def test_what_is_deleted_is_overwritten(sqlite_url: str, tmp_path: Path) -> None:
    """After a delete and a checkpoint, the file holds the value nowhere."""
    ledger = upgrade_ledger(sqlite_url)
    write_fact(ledger, "key", SECRET)
    with begin_write(ledger) as connection:
        connection.execute(facts.delete())
    ledger.engine.dispose()
    assert SECRET.encode() not in (tmp_path / "ledger.db").read_bytes()


def test_a_failed_transaction_leaves_no_trace(ledger: Ledger, clock: HandClock) -> None:
    """Any error undoes all of it."""
    with pytest.raises(ZeroDivisionError):
        write_and_fail(ledger, clock)
    assert read_fact(ledger, "key") is None


def write_and_fail(ledger: Ledger, clock: HandClock) -> None:
    """Raise after the write, within its transaction."""
    with begin_write(ledger) as connection:
        connection.execute(insert(facts), fact_row(clock, "key"))
        raise ZeroDivisionError


def test_reading_does_not_wait_for_a_writer(ledger: Ledger, clock: HandClock) -> None:
    """A reader beside an open write transaction sees what was committed before."""
    with begin_write(ledger) as connection:
        connection.execute(insert(facts), fact_row(clock, "key"))
        assert read_fact(ledger, "key") is None
    assert read_fact(ledger, "key") == "1"


def test_a_read_transaction_of_postgres_writes_nothing(postgres_url: str, clock: HandClock) -> None:
    """A write in the wrong kind of transaction is an error, and the next one may write."""
    ledger = upgrade_ledger(postgres_url)
    with pytest.raises(LedgerError, match="SQLSTATE 25006"), begin_read(ledger) as connection:
        connection.execute(insert(facts), fact_row(clock, "key"))
    write_fact(ledger, "key", "1")


def test_concurrent_writers_take_turns(ledger: Ledger, ledger_url: str) -> None:
    """On SQLite, transactions that read and then write wait for each other: none fails, none is lost."""
    write_fact(ledger, "count", "0")
    turns = race(count_in_transactions, ledger_url, 3, 20)
    if ledger.is_sqlite:
        assert read_fact(ledger, "count") == str(sum(turns))


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    """Each thread gets a connection of its own."""
    threads = [
        threading.Thread(target=write_fact, args=(ledger, f"key-{number}", "1")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with begin_read(ledger) as connection:
        assert len(connection.execute(select(facts.c.key)).all()) == 8


def test_instants_come_back_in_utc(ledger: Ledger, clock: HandClock) -> None:
    """To the microsecond, and aware, whatever the zone they were given in."""
    clock.advance(0.000001)
    clock.now = clock.now.astimezone(timezone(timedelta(hours=5, minutes=30)))
    write_fact(ledger, "key", "1")
    with begin_read(ledger) as connection:
        assert connection.execute(select(facts.c.updated_at)).scalar_one().isoformat() == (
            "2026-03-01T12:00:00.000001+00:00"
        )


def test_naive_instants_are_refused(ledger: Ledger, clock: HandClock) -> None:
    """A datetime without a zone could mean any of forty instants."""
    clock.now = START.replace(tzinfo=None)
    with pytest.raises(Exception, match="aware datetimes only"):
        write_fact(ledger, "key", "1")


def test_the_clock_tells_an_aware_instant(ledger: Ledger) -> None:
    """Postgres's clock moves within a transaction, as this machine's does."""
    with begin_write(ledger) as connection:
        first, second = read_clock(connection), read_clock(connection)
    assert first.utcoffset() is not None
    assert second > first


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://ann:{SECRET}@host/db",
        f"sqlite+aiosqlite:///{SECRET}.db",
        f"postgresql+psycopg://ann:{SECRET}@host:port/db",
        f"ledger.db?{SECRET}",
        f"sqlite://?password={SECRET}",
        f"sqlite:///:memory:?password={SECRET}",
        f"sqlite:///file:{SECRET}?uri=true",
    ],
)
def test_only_a_file_or_postgres_will_do(url: str) -> None:
    """Anything else is refused, with an example and without the URL."""
    with pytest.raises(LedgerError, match=r"sqlite:///ledger\.db") as raised:
        open_ledger(url)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "url", [DEAD_POSTGRES, f"postgresql://127.0.0.1:1/ledger?user=ann&password={SECRET}"]
)
def test_a_password_is_never_shown(url: str) -> None:
    """Neither by the ledger's repr nor by the error of a server that does not answer."""
    ledger = open_ledger(url)
    assert repr(ledger) == "Ledger(name='postgresql://127.0.0.1:1/ledger')"
    with pytest.raises(LedgerUnavailable, match=r"postgresql://127\.0\.0\.1:1/ledger") as raised:
        ledger_status(url)
    assert SECRET not in str(raised.value)


def test_a_server_that_does_not_answer_may_answer_later() -> None:
    """That error is retried; a wrong URL is not."""
    with pytest.raises(LedgerUnavailable) as raised:
        ledger_status(DEAD_POSTGRES)
    assert raised.value.is_retryable
    assert not LedgerError.is_retryable


def test_errors_quote_no_values(ledger: Ledger, clock: HandClock) -> None:
    """A refused row's values are neither in the error nor in what it chains, though Postgres quotes them."""
    with begin_write(ledger) as connection:
        connection.execute(insert(facts), fact_row(clock, SECRET))
    with pytest.raises(LedgerError) as raised, begin_write(ledger) as connection:
        connection.execute(insert(facts), fact_row(clock, SECRET))
    assert SECRET not in str(raised.value)
    assert raised.value.__suppress_context__


def test_a_missing_table_asks_for_an_upgrade(ledger_url: str) -> None:
    """The error names the command."""
    ledger = open_ledger(ledger_url)
    with pytest.raises(LedgerError, match="run `pushlift ledger upgrade`"), begin_read(ledger) as connection:
        connection.execute(select(landed_objects.c.uri))


def test_a_file_that_is_no_database_is_named(sqlite_url: str, tmp_path: Path) -> None:
    """The error gives the path and the way out."""
    (tmp_path / "ledger.db").write_text("Dear diary, " * 100)
    with pytest.raises(LedgerError, match=r"ledger\.db.*no SQLite database"):
        ledger_status(sqlite_url)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """Opening creates no folders."""
    with pytest.raises(LedgerError, match="check that its folder exists"):
        write_fact(open_ledger(f"sqlite:///{tmp_path}/missing/ledger.db"), "key", "1")


def test_a_busy_ledger_is_retryable(sqlite_url: str) -> None:
    """A writer that stays too long makes others give up, retryably, and their pool stays whole."""
    ledger = upgrade_ledger(sqlite_url)
    with begin_write(ledger), pytest.raises(LedgerUnavailable, match="stayed busy"):
        hurry_write(ledger)
    write_fact(ledger, "key", "1")


def hurry_write(ledger: Ledger) -> None:
    """Open a write transaction without patience."""
    with ledger.engine.connect() as connection:
        driver_connection = connection.connection.driver_connection
        assert driver_connection is not None
        driver_connection.execute("PRAGMA busy_timeout = 0")
    write_fact(ledger, "key", "1")


def test_what_keeps_a_writer_from_beginning_is_explained(sqlite_url: str) -> None:
    """The lock is asked for at the driver, whose own errors must not be met: here one not about waiting."""
    ledger = open_ledger(sqlite_url)
    with ledger.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().execute("BEGIN")
        with pytest.raises(LedgerError), explaining(ledger):
            connection.execute(text("SELECT 1"))
