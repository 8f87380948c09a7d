"""Ingest what was planted, as `etl.jobs.ingest.ingest` does, step by step in the test's own process."""

import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from etl.jobs import ingest
from etl.lake.tables import CHECKS, EVENTS, QUARANTINE
from etl.settings import App, Ingest, Settings, Storage
from etl.stores import write_object
from tests.planted.landings import Landing
from tests.services.worlds import EVERYTHING, World

Row = dict[str, Any]


def open_world(folder: Path, apps: Iterable[str]) -> World:
    """Make a world that lets in these apps alone and judges all that it can."""
    places = {name: str(folder / name) for name in ("landing", "lake")}
    (folder / "landing").mkdir(parents=True, exist_ok=True)
    return World(
        Settings(
            storage=Storage(**places, ledger=f"sqlite:///{folder / 'ledger.db'}"),
            ingest=Ingest(workers=1),
            apps={app_id: App() for app_id in apps},
            closed_apps=True,
        )
    )


def copy_world(world: World, folder: Path) -> World:
    """Make another world with the same past, whose landing is empty."""
    storage = world.settings.storage
    shutil.copytree(storage.lake, folder / "lake")
    shutil.copy(Path(storage.lake).parent / "ledger.db", folder / "ledger.db")
    return open_world(folder, world.settings.apps)


def take_in(world: World, landings: Sequence[Landing], now: datetime) -> None:
    """Land objects and ingest them at an instant."""
    for each in landings:
        write_object(world.landing, each.key, each.data)
        # An object cannot have landed before it was written, and this one is told to have.
        os.utime(world.landing.path_of(each.key), (now.timestamp(), now.timestamp()))
    ingest.finish_cut_off(world.settings)
    run = ingest.discover(world.settings, EVERYTHING, now=now)
    assert run is not None
    outcomes = world.normalize(run)
    world.publish(run, outcomes, world.settle(run, outcomes))


def quarantined(world: World) -> list[Row]:
    """Give what was quarantined: reason and object."""
    return list(world.read(QUARANTINE).select(["reason", "source_uri", "raw"]).to_pylist())


def flags(world: World) -> list[Row]:
    """Give the flags of every row that was published, and its object."""
    rows = world.read(EVENTS).select(["quality_flags", "source_uri", "clock_issues"]).to_pylist()
    return [row | {"quality_flags": row["quality_flags"] or []} for row in rows]


def failed_checks(world: World, since: datetime | None = None) -> list[Row]:
    """Give the checks that failed in the runs from an instant on."""
    checks = world.read(CHECKS)
    failed = checks.filter(pc.equal(checks["verdict"], "failed")).to_pylist()
    return [row for row in failed if since is None or row["checked_at"] >= since]
