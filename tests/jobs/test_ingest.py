"""Ingest end to end, on folders with SQLite and on a real S3 server with a real Postgres."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from etl.appsflyer.formats.framing import read_blocks
from etl.appsflyer.messages import Block
from etl.errors import ObjectChanged
from etl.jobs import normalizing
from etl.jobs.discovery import Window
from etl.jobs.ingest import IngestOptions
from etl.lake.tables import EVENTS
from etl.stores import delete_object
from tests.services.worlds import World, check_conservation, message, messages

OTHER = "push/2026/09/01/14/b.json.gz"


def test_what_landed_is_published(world: World) -> None:
    """Every message becomes an event, a duplicate or a quarantined message, and the report says which."""
    world.land([*messages(range(5)), message(1), b"no json"])

    report = world.ingest()

    assert (report.messages, report.published, report.duplicates, report.quarantined) == (7, 5, 1, 1)
    assert report.reasons == {"invalid_json": 1}
    assert report.exit_code == 0
    assert len(world.events()) == 5
    check_conservation(world)


def test_ingesting_again_changes_nothing(world: World) -> None:
    """An unchanged object is never read again, and no table gets a new version."""
    world.land(messages(range(3)))
    world.ingest()
    before, versions = world.contents(), world.versions()

    assert world.ingest().run_id is None
    assert (world.contents(), world.versions()) == (before, versions)


def test_a_changed_object_is_read_again(world: World) -> None:
    """What is new in it is added, what is known is a duplicate, and each version has its load."""
    world.land(messages(range(3)))
    world.ingest()
    world.land([*messages(range(4)), b"no json"])

    report = world.ingest()

    assert (report.published, report.duplicates, report.quarantined) == (1, 3, 1)
    assert len(world.loads()) == 2
    check_conservation(world)


def test_late_and_repeated_data_over_several_runs(world: World, tmp_path: Path) -> None:
    """In however many runs a landing is ingested, the events are those of one run."""
    for number in range(4):
        rows = [
            *messages(range(number * 2, number * 2 + 4)),
            message(0, event_time=f"2026-08-{28 + number} 01:00:00.000"),
            message(99, event_time="2026-08-01 01:00:00.000"),
        ]
        world.land(rows, f"push/2026/09/0{number + 1}/00/late.json.gz")
        world.ingest()
    whole = world.twin(tmp_path / "whole")
    whole.ingest()

    assert world.contents()["events"] == whole.contents()["events"]
    check_conservation(world)


def test_many_apps_and_days_in_one_run(world: World) -> None:
    """Each app and UTC day is a partition, and one commit shows them all."""
    rows = [
        message(day, app_id=f"com.app{app}", event_time=f"2026-08-{day:02d} 23:59:59.999")
        for app in range(12)
        for day in range(1, 11)
    ]
    world.land(rows)

    report = world.ingest()

    assert len(report.partitions) == 120
    assert len(world.live_paths()) == 120
    assert world.versions()["events"] == 1
    check_conservation(world)


def test_more_partitions_than_files_may_be_open(local_world: World) -> None:
    """A year of an app is written a few drafts at a time, each row once."""
    days = [f"2025-{month:02d}-{day:02d} 01:00:00.000" for month in range(1, 13) for day in range(1, 29)]
    local_world.land([message(number, event_time=day) for number, day in enumerate(days)] * 2)

    report = local_world.ingest(chunks=1)

    assert (report.published, report.duplicates) == (336, 336)
    assert len(local_world.live_paths()) == 336


def test_a_window_chooses_by_landed_time(world: World) -> None:
    """`since` is inside, `until` is outside; what is left out stays unfinished."""
    world.land([message(1)])
    world.land([message(2)], OTHER)
    thirteen, fourteen = (each.landed_at for each in world.discover().objects)

    run = world.discover(IngestOptions(Window(thirteen, fourteen)))

    assert [each.landed_at for each in run.objects] == [thirteen]
    assert world.ingest().published == 2


def test_two_objects_in_two_chunks_are_settled_together(world: World) -> None:
    """A duplicate is found wherever its first copy was read; the object that landed first keeps it."""
    world.land([message(1), message(2)])
    world.land([message(2), message(3)], OTHER)

    world.ingest(chunks=2)

    assert [(load["published"], load["duplicates"]) for load in world.loads()] == [(2, 0), (1, 1)]


def test_a_vanished_object_costs_only_itself(world: World) -> None:
    """The run publishes the rest and ends with exit code 1; the next run has nothing left to do."""
    world.land([message(1)])
    world.land([message(2)], OTHER)
    run = world.discover()
    delete_object(world.landing, OTHER)
    outcomes = world.normalize(run)

    report = world.publish(run, outcomes, world.settle(run, outcomes))

    assert (report.published, report.failed, report.exit_code) == (1, {"vanished": 1}, 1)
    assert [load["error_code"] for load in world.loads("failed")] == ["vanished"]
    assert world.ingest().run_id is None
    check_conservation(world)


def test_an_object_that_changes_is_read_by_the_next_run(world: World) -> None:
    """What was listed is gone; the run publishes the rest, and the next one reads the new version."""
    world.land([message(1)])
    world.land([message(2)], OTHER)
    run = world.discover()
    world.land([message(2), message(3)], OTHER)
    outcomes = world.normalize(run)

    report = world.publish(run, outcomes, world.settle(run, outcomes))

    assert (report.published, report.failed, report.exit_code) == (1, {"changed": 1}, 1)
    assert world.ingest().published == 2
    check_conservation(world)


def test_an_object_that_changes_late_leaves_nothing(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and rejects that were read before the change was noticed are void, and no reason counts them."""
    world = local_world

    def fail_at_the_end(raw: BinaryIO, *, block_bytes: int) -> Iterator[Block]:
        yield from read_blocks(raw, block_bytes=block_bytes)
        raise ObjectChanged("changed")

    world.land([message(1), b"no json", message(2, app_id=None)])
    with monkeypatch.context() as patch:
        patch.setattr(normalizing, "read_blocks", fail_at_the_end)
        report = world.ingest()

    assert (report.messages, report.published, report.quarantined, report.reasons) == (0, 0, 0, {})
    assert (world.events(), world.quarantine()) == ([], [])
    assert world.ingest().published == 1
    check_conservation(world)


def test_a_run_that_quarantines_all_moves_the_lake_on(world: World) -> None:
    """Another run that settled before sees it by the table of loads, and quarantines nothing twice."""
    world.land([b"no json", b"<html>"])
    run = world.discover()
    outcomes = world.normalize(run)
    settled = world.settle(run, outcomes)
    world.ingest()

    report = world.publish(run, outcomes, settled)

    assert report.objects == 0
    check_conservation(world)


@pytest.mark.parametrize("settles_late", [False, True])
def test_a_run_overtaken_by_another_publishes_what_is_left(world: World, *, settles_late: bool) -> None:
    """The objects that the other finished are its own; the rest is settled again, and each is loaded once."""
    world.land(messages(range(4)))
    run = world.discover()
    outcomes = world.normalize(run)
    settled = None if settles_late else world.settle(run, outcomes)
    world.land(messages(range(2, 6)), OTHER)
    world.ingest()

    report = world.publish(run, outcomes, settled or world.settle(run, outcomes))

    assert (report.objects, report.published) == (0, 0)
    assert len(world.events()) == 6
    check_conservation(world)


def test_settled_against_a_version_that_moved_on(world: World, tmp_path: Path) -> None:
    """A run is settled again, under the lock, against what another published meanwhile."""
    world.land(messages(range(4)))
    run = world.discover()
    outcomes = world.normalize(run)
    settled = world.settle(run, outcomes)
    other = world.twin(tmp_path / "other").settings.storage.ledger
    storage = world.settings.storage.model_copy(update={"ledger": other})
    World(world.settings.model_copy(update={"storage": storage})).ingest()

    report = world.publish(run, outcomes, settled)

    assert (report.published, report.duplicates) == (0, 4)
    assert len(world.events()) == 4


def test_published_drafts_are_the_only_files_named(world: World) -> None:
    """Settling shows readers nothing."""
    world.land(messages(range(4)))
    run = world.discover()
    world.settle(run, world.normalize(run))

    assert world.live_paths(EVENTS) == set()
    assert world.events() == []
