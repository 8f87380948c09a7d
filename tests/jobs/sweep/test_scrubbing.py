"""What leaves the ledger's rows leaves its files: read as bytes, they hold nobody who was erased."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.reconciling import forget_personal_values
from etl.jobs.sweep.describing import describe_sweep
from etl.ledger.database import begin_write
from etl.ledger.postback_tables import postbacks
from etl.ledger.scrubbing import note_scrubbing
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App
from tests.jobs.planning.test_first_events import TODAY, event
from tests.jobs.sweep.offices import APP, drop, make_secrets, open_ledger_of, run
from tests.services.postgres import PostgresServer
from tests.services.worlds import World

ERASED, STAYING = range(1, 120), range(120, 150)


def idfv_of(person: int) -> str:
    """Give a person's id."""
    return f"6F9619FF-8B86-4011-A42D-{person:012X}"


def read_sqlite(world: World) -> bytes:
    """Read a SQLite ledger's file and its log."""
    path = Path(world.settings.storage.ledger.removeprefix("sqlite:///"))
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def read_postgres(server: PostgresServer, url: str) -> bytes:
    """Read all files of a database of a Postgres."""
    name = url.partition("?")[0].rpartition("/")[2]
    server.run("CHECKPOINT")
    with psycopg.connect(host=str(server.folder), user="postgres", autocommit=True) as connection:
        row = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", [name]).fetchone()
    assert row is not None
    folder = server.folder / "data" / "base" / str(row[0])
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, world: World) -> tuple[World, Callable[[], bytes]]:
    """Give a world with a ledger of each kind, and the reader of the ledger's bytes."""
    app = App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})
    settings = world.settings.model_copy(update={"apps": {APP: app}})
    if request.param == "sqlite":
        found = replace(world, settings=settings)
        return found, lambda: read_sqlite(found)
    url: str = request.getfixturevalue("postgres_url")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    storage = settings.storage.model_copy(update={"ledger": url})
    return replace(world, settings=settings.model_copy(update={"storage": storage})), lambda: read_postgres(
        server, url
    )


def plan_for_everybody(world: World, sandbox: SandboxProcess) -> None:
    """Queue a postback for each of many people."""
    people = [*ERASED, *STAYING]
    world.land([event(n, 2, installed=5, person=n, idfv=idfv_of(n), idfa=str(uuid.uuid4())) for n in people])
    world.ingest()
    day = TODAY.fromordinal(TODAY.toordinal() - 2)
    assert make_plan(world.settings, PlanRequest(APP, day, day), secrets=make_secrets(sandbox)).queued == 149


def test_no_byte_of_the_ledger_names_who_was_erased(
    kept: tuple[World, Callable[[], bytes]], sandbox: SandboxProcess
) -> None:
    """Neither by a plan's rows nor by the requests; who was not erased stays planned."""
    world, read = kept
    plan_for_everybody(world, sandbox)
    drop(world, "a.csv", "idfv\n" + "".join(f"{idfv_of(n)}\n" for n in ERASED))
    assert sum(idfv_of(n).encode() in read().upper() for n in ERASED) == len(ERASED)

    report = run(world, sandbox)

    assert report.is_scrubbed
    data = read().upper()
    assert [n for n in ERASED if idfv_of(n).encode() in data] == []
    assert [n for n in STAYING if idfv_of(n).encode() not in data] == []


def test_a_ledger_in_use_is_scrubbed_later(world: World, sandbox: SandboxProcess) -> None:
    """A reader that does not end keeps the log; the sweep says so, and the next one does it."""
    world.land([event(1, 2, installed=5, idfv=idfv_of(1))])
    world.ingest()
    drop(world, "a.csv", f"idfv\n{idfv_of(1)}\n")
    path = world.settings.storage.ledger.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM facts").fetchall()
        report = run(world, sandbox)
    said = list(describe_sweep(report))

    assert not report.is_scrubbed
    assert any("the next sweep scrubs them" in line for line in said)
    assert run(world, sandbox).is_scrubbed
    assert idfv_of(1).encode() not in read_sqlite(world).upper()


def test_nothing_left_needs_no_scrubbing(world: World, sandbox: SandboxProcess) -> None:
    """A sweep of nobody writes nothing anew; one that is noted, as before a kill, is made up for."""
    drop(world, "a.csv", "nothing\n").unlink()
    ledger = open_ledger_of(world)
    path = world.settings.storage.ledger.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("CREATE TABLE filled AS SELECT zeroblob(100000)")
        other.execute("DROP TABLE filled")

        run(world, sandbox)
        assert other.execute("PRAGMA freelist_count").fetchone()[0] > 0

        note_scrubbing(ledger)
        run(world, sandbox)
        assert other.execute("PRAGMA freelist_count").fetchone()[0] == 0


def test_values_that_are_old_enough_leave_the_files_too(world: World, sandbox: SandboxProcess) -> None:
    """Upkeep of the ledger takes them from rows that are settled."""
    app = App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})
    world = replace(world, settings=world.settings.model_copy(update={"apps": {APP: app}}))
    plan_for_everybody(world, sandbox)
    with begin_write(open_ledger_of(world)) as connection:
        settled = {"state": "excluded", "code": "suppressed", "settled_at": datetime(2026, 1, 1, tzinfo=UTC)}
        connection.execute(update(postbacks).values(**settled))

    assert forget_personal_values(world.settings) == 149

    data = read_sqlite(world).upper()
    assert [n for n in STAYING if idfv_of(n).encode() in data] == []
