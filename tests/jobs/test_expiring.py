"""What is past its retention goes with upkeep, and nothing else; what was replaced goes past its grace."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from etl.jobs import expiring, maintain
from etl.jobs.erasing import erase_people
from etl.jobs.maintain import describe_upkeep, maintain_lake
from etl.lake.tables import EVENTS, QUARANTINE, Table
from etl.ledger.held import list_batches
from etl.ledger.publishes import unfinished_publishes
from etl.settings import Retention, Settings
from etl.stores import list_objects, write_object
from tests.jobs.killers import STEPS as PUBLISH_STEPS
from tests.jobs.killers import die_after, run_to_death
from tests.lake.erasing import device_of, events_of, everything_of, wanted_of
from tests.services.files import read_all
from tests.services.suites import PLANTED, audited_by, write_suites
from tests.services.worlds import World, check_conservation, message, messages, write_lines

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
OLD, NEW = "push/2026/09/01/13/a.json.gz", "push/2026/09/18/13/b.json.gz"


def keeping(world: World, **days: int) -> World:
    """Configure what a world keeps, and how long."""
    retention = Retention.model_validate(days)
    return replace(world, settings=world.settings.model_copy(update={"retention": retention}))


def at(day: int) -> dict[str, str]:
    """Give the times of an event on a day of September."""
    time = f"2026-09-{day:02d} 12:00:00.000"
    return {"event_time": time, "event_time_selected_timezone": f"{time}+0000"}


def fill(world: World) -> None:
    """Land events of two days, and a broken message in each object."""
    world.land([*messages(range(3), **at(1)), b"old and broken"], OLD)
    world.land([*messages(range(4), **at(18)), b"new and broken"], NEW)
    world.ingest()


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_each_kind_goes_when_it_is_configured(local_world: World, *, is_dry_run: bool) -> None:
    """Days of events, messages in quarantine, and landed objects; a dry run counts the same."""
    world = keeping(local_world, events_days=5, quarantine_days=5, landing_days=5)
    fill(world)

    report = maintain_lake(world.settings, is_dry_run=is_dry_run, now=NOW)

    assert (report.outdated.events, report.outdated.event_files, report.outdated.quarantine) == (3, 1, 1)
    assert report.outdated.landed == 1
    assert any("3  events" in line for line in describe_upkeep(report))
    left = (len(world.events()), len(world.quarantine()), Path(world.landing.path_of(OLD)).exists())
    assert left == ((7, 2, True) if is_dry_run else (4, 1, False))
    assert {row["source_uri"] for row in world.quarantine()} >= {world.landing.uri_of(NEW)}


def test_nothing_goes_by_default(local_world: World) -> None:
    """However old it is."""
    fill(local_world)
    contents = local_world.contents()

    report = maintain_lake(local_world.settings, is_dry_run=False, now=NOW + timedelta(days=4000))

    assert (report.outdated.events, report.outdated.quarantine, report.outdated.landed) == (0, 0, 0)
    assert local_world.contents() == contents
    check_conservation(local_world)


def test_what_nobody_has_read_stays(local_world: World) -> None:
    """It would be lost."""
    world = keeping(local_world, landing_days=5)
    world.land(messages(range(3)), OLD)

    maintain_lake(world.settings, is_dry_run=False, now=NOW)

    assert world.ingest().published == 3


def test_what_is_held_of_an_object_keeps_it(local_world: World, tmp_path: Path) -> None:
    """A reprocessing after a fix needs it."""
    world = keeping(audited_by(local_world, write_suites(tmp_path / "suites")), landing_days=5)
    world.land([message(1, event_name=PLANTED)], OLD)
    world.ingest()
    assert len(list_batches(world.open_ledger())) == 1

    assert maintain_lake(world.settings, is_dry_run=False, now=NOW).outdated.landed == 0


def test_twice(local_world: World) -> None:
    """The second time there is nothing to do."""
    world = keeping(local_world, events_days=5, quarantine_days=5, landing_days=5)
    fill(world)
    maintain_lake(world.settings, is_dry_run=False, now=NOW)
    versions = world.versions()

    report = maintain_lake(world.settings, is_dry_run=False, now=NOW)

    assert (report.outdated.events, report.outdated.quarantine, report.outdated.landed) == (0, 0, 0)
    assert world.versions() == versions
    assert world.ingest().run_id is None


def read_version(world: World, table: Table, version: int) -> pa.Table:
    """Read an older version of a table."""
    return DeltaTable(world.lake.uri_of(table.name), version=version).to_pyarrow_dataset().to_table()


def erase_some_days_ago(world: World, days: int) -> dict[Table, int]:
    """Erase a person as if some days ago; gives the versions before that."""
    world.land([*everything_of(1), *events_of(2)])
    world.ingest()
    then = datetime.now(UTC) - timedelta(days=days)
    versions = {table: DeltaTable(world.lake.uri_of(table.name)).version() for table in (EVENTS, QUARANTINE)}
    erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False, now=then)
    for path in Path(world.lake.root).rglob("_delta_log/*.json"):
        os.utime(path, (then.timestamp(), then.timestamp()))
    return versions


def test_within_the_grace_readers_are_undisturbed(local_world: World) -> None:
    """They read the version that they have opened, upkeep or not."""
    versions = erase_some_days_ago(local_world, 6)

    maintain_lake(local_world.settings, is_dry_run=False)

    old = {table: read_version(local_world, table, version) for table, version in versions.items()}
    assert (len(old[EVENTS]), len(old[QUARANTINE])) == (4, 3)
    assert device_of(1) in repr(old[EVENTS].to_pylist()).casefold()


def test_past_the_grace_an_older_version_cannot_be_read(local_world: World) -> None:
    """No file is left but the live ones, and no log tells of a person."""
    world = local_world
    versions = erase_some_days_ago(world, 8)

    report = maintain_lake(world.settings, is_dry_run=False)

    assert (report.expired["events"], report.expired["quarantine"]) == (1, 1)
    for table, version in versions.items():
        with pytest.raises((DeltaError, OSError)):
            read_version(world, table, version)
    assert {str(path) for path in Path(world.lake.root, "events").rglob("app_id*/**/*.parquet")} == {
        uri.removeprefix("file://") for uri in world.live_paths()
    }
    assert len(world.events()) == 2
    kept = read_all(Path(world.lake.root))
    assert device_of(1).encode() not in kept.lower()


def test_another_grace_is_the_tables_own(local_world: World) -> None:
    """So that other tools keep to it; it is set once."""
    world = keeping(local_world, replaced_hours=30)
    fill(world)

    maintain_lake(world.settings, is_dry_run=False, now=NOW)
    versions = world.versions()
    maintain_lake(world.settings, is_dry_run=False, now=NOW)

    configuration = DeltaTable(world.lake.uri_of("events")).metadata().configuration
    assert configuration["delta.deletedFileRetentionDuration"] == "interval 30 hours"
    assert configuration["delta.logRetentionDuration"] == "interval 30 hours"
    assert world.versions() == versions


STEPS: Final[dict[str, Callable[[], None]]] = {
    "recorded": PUBLISH_STEPS["recorded"],
    "events committed": PUBLISH_STEPS["events committed"],
    "published": lambda: die_after(expiring, "publish_drafts"),
    "a landed object gone": lambda: die_after(expiring, "delete_object"),
    "a table vacuumed": lambda: die_after(maintain, "expire_history"),
}


def maintain_and_die(settings: Settings, step: str) -> None:
    """Do upkeep, and be killed after a step."""
    STEPS[step]()
    maintain_lake(settings, is_dry_run=False, now=NOW)


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(local_world: World, step: str) -> None:
    """The next upkeep ends it, and what has not expired is as it was."""
    world = keeping(local_world, events_days=5, quarantine_days=5, landing_days=5)
    fill(world)
    write_object(world.landing, "push/2026/09/02/13/c.json.gz", write_lines(messages(range(7, 9), **at(2))))
    world.ingest()

    run_to_death(maintain_and_die, step, world.settings, step)
    maintain_lake(world.settings, is_dry_run=False, now=NOW)

    assert (len(world.events()), len(world.quarantine())) == (4, 1)
    assert [each.key for each in list_objects(world.landing)] == [NEW]
    assert unfinished_publishes(world.open_ledger()) == []
