import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.jobs import ingest
from etl.jobs.maintain import UpkeepReport, maintain_lake
from etl.lake.tables import EVENTS, find_table
from etl.ledger.drafts import Draft, count_drafts, register_drafts
from etl.stores import create_object, list_objects, open_store, write_object
from tests.services.worlds import World, check_conservation, message, messages

TOMORROW = timedelta(hours=25)
STRAY = "events/app_id=id1/event_date=2026-09-01/stray.parquet"


def upkeep(world: World, *, after: timedelta = TOMORROW, is_dry_run: bool = False) -> UpkeepReport:
    """Do upkeep some time from now."""
    return maintain_lake(world.settings, is_dry_run=is_dry_run, now=datetime.now(UTC) + after)


def keys_of(world: World) -> set[str]:
    """List the lake's files outside the logs."""
    return {each.key for each in list_objects(world.lake) if "_delta_log" not in each.key}


def test_nothing_of_a_lake_in_order_goes(world: World) -> None:
    """However old it is: every file of every table, of any app's name, is in use."""
    world.land(messages(range(3)))
    world.land(messages(range(3), app_id="com/other x%2F"), "push/2026/09/01/15/c.json.gz")
    world.ingest()
    before, contents = keys_of(world), world.contents()

    report = upkeep(world)

    assert (report.strays, report.scratch_runs, report.dead_runs) == (0, 0, 0)
    assert (keys_of(world), world.contents()) == (before, contents)


def test_what_nobody_knows_goes_when_it_is_old(world: World) -> None:
    """A young file may be somebody's; a dry run only tells."""
    world.land(messages(range(3)))
    world.ingest()
    before = keys_of(world)
    write_object(world.lake, STRAY, b"x" * 10)

    assert upkeep(world, after=timedelta(hours=1)).strays == 0
    assert upkeep(world, is_dry_run=True).strays == 1
    assert STRAY in keys_of(world)
    assert upkeep(world).stray_bytes == 10
    assert keys_of(world) == before


def test_a_file_that_the_ledger_knows_stays(local_world: World) -> None:
    """A draft that waits for its publish, or is held, is no stray, however old."""
    local_world.land(messages(range(3)))
    run = local_world.discover()
    outcomes = local_world.normalize(run)
    settled = local_world.settle(run, outcomes)

    assert upkeep(local_world, after=timedelta(hours=1)).strays == 0
    local_world.publish(run, outcomes, settled)
    assert len(local_world.events()) == 3


def test_upkeep_during_a_run_loses_nothing(local_world: World) -> None:
    """Between any two steps: the run ends as if alone, and readers see its events."""
    local_world.land(messages(range(3)))
    local_world.ingest()
    local_world.land([*messages(range(6)), b"no json"])
    hour = timedelta(hours=1)

    run = local_world.discover()
    upkeep(local_world, after=hour)
    outcomes = local_world.normalize(run)
    upkeep(local_world, after=hour)
    settled = local_world.settle(run, outcomes)
    upkeep(local_world, after=hour)
    report = local_world.publish(run, outcomes, settled)
    upkeep(local_world, after=hour)

    assert (report.published, report.duplicates, report.quarantined) == (3, 3, 1)
    assert len(local_world.events()) == 6
    check_conservation(local_world)


def test_a_dead_run_leaves_nothing(local_world: World) -> None:
    """Its scratch and its drafts go, in the lake and in the ledger; its objects are read by the next run."""
    local_world.land(messages(range(3)))
    run = local_world.discover()
    local_world.settle(run, local_world.normalize(run))
    assert len(keys_of(local_world)) > 2

    report = upkeep(local_world, after=timedelta(days=3))

    assert (report.dead_runs, report.scratch_runs) == (1, 1)
    assert keys_of(local_world) == set()
    assert count_drafts(local_world.open_ledger())["registered"] == 0
    assert local_world.ingest().published == 3


def test_a_run_taken_for_dead_finds_out(local_world: World) -> None:
    """It publishes nothing that is not there, and what it read is read again."""
    local_world.land(messages(range(3)))
    run = local_world.discover()
    outcomes = local_world.normalize(run)
    settled = local_world.settle(run, outcomes)
    upkeep(local_world, after=timedelta(days=3))

    with pytest.raises(Exception, match="gone or has another size"):
        local_world.publish(run, outcomes, settled)
    assert local_world.ingest().published == 3


def test_a_run_with_a_sign_of_life_is_spared(local_world: World) -> None:
    """Old drafts of a run that still writes to scratch are its own."""
    ledger = local_world.open_ledger()
    old = datetime.now(UTC) - timedelta(days=2)
    run_id = "20260901T000000Z-abcdef"
    write_object(local_world.lake, STRAY, b"x")
    os.utime(local_world.lake.path_of(STRAY), (old.timestamp(), old.timestamp()))
    register_drafts(ledger, [Draft(STRAY, "events", run_id, 0, old)])
    scratch = open_store(local_world.settings.storage.scratch_uri)
    (Path(scratch.root) / run_id).mkdir(parents=True)
    create_object(scratch, f"{run_id}/chunk-0000.spill", b"x")

    report = upkeep(local_world, after=timedelta())

    assert (report.dead_runs, report.scratch_runs) == (0, 0)
    assert count_drafts(ledger)["registered"] == 1


def test_unfinished_files_go(local_world: World) -> None:
    """What a killed writer left beside its target."""
    local_world.land(messages(range(3)))
    local_world.ingest()
    left = Path(local_world.lake.path_of("events/.a.parquet.0123.pushlift-tmp"))
    left.touch()

    assert upkeep(local_world).temporaries == 1
    assert not left.exists()


def test_other_folders_in_scratch_are_not_ours(local_world: World) -> None:
    """Scratch may be a place that others use."""
    scratch = Path(local_world.settings.storage.scratch_uri)
    (scratch / "theirs").mkdir(parents=True)
    (scratch / "theirs" / "file").touch()

    assert upkeep(local_world, after=timedelta(days=9)).scratch_runs == 0
    assert (scratch / "theirs" / "file").exists()


def test_superseded_files_outlive_their_version_by_the_retention(local_world: World) -> None:
    """They are known to the log until then: readers of an older version are not disturbed."""
    local_world.land(messages(range(3)))
    local_world.ingest()
    local_world.land([*messages(range(3)), message(9)])
    local_world.ingest(is_reprocess=True)
    before = keys_of(local_world)

    report = upkeep(local_world, after=timedelta(days=2))

    assert report.strays == 0
    assert before == keys_of(local_world)
    assert len(local_world.events()) == 4


def test_a_checkpoint_is_written(local_world: World) -> None:
    """Readers of a long log need not replay it, and the next publish goes on from it."""
    local_world.land(messages(range(3)))
    local_world.ingest()
    upkeep(local_world)

    assert (Path(local_world.lake.path_of("events/_delta_log")) / "_last_checkpoint").exists()
    local_world.land(messages(range(4)))
    assert local_world.ingest().published == 1
    delta = find_table(local_world.lake, EVENTS)
    assert delta is not None
    assert delta.transaction_version("pushlift") == 2


def test_a_cut_off_publish_is_completed_first(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its drafts are no strays but events."""
    local_world.land(messages(range(3)))
    run = local_world.discover()
    outcomes = local_world.normalize(run)
    settled = local_world.settle(run, outcomes)
    with monkeypatch.context() as patched:
        patched.setattr("etl.lake.publish._carry_out", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            local_world.publish(run, outcomes, settled)

    upkeep(local_world, after=timedelta(days=3))

    assert len(local_world.events()) == 3
    assert ingest.finish_cut_off(local_world.settings) == []


def test_old_rows_of_the_ledger_are_forgotten(local_world: World) -> None:
    """Settled drafts and publishes go after a week; which objects are finished is never forgotten."""
    local_world.land(messages(range(3)))
    local_world.ingest()

    assert upkeep(local_world, after=timedelta(days=6)).forgotten == 0
    assert upkeep(local_world, after=timedelta(days=8)).forgotten > 0
    assert local_world.ingest().run_id is None


def test_no_lake_needs_no_upkeep(local_world: World) -> None:
    """Before the first run there is nothing to do, and nothing is made."""
    report = upkeep(local_world)

    assert (report.strays, report.expired) == (0, {})
    assert not Path(local_world.lake.root).exists()
