from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from etl.errors import ObjectVanished, UsageError
from etl.jobs import ingest
from etl.jobs.handover import load_audited, load_settled, save_audited, save_settled
from etl.jobs.runs import load_run, name_run, save_run
from etl.lake.plans import read_plan, write_plan
from tests.services.worlds import World, message

NOW = datetime(2026, 9, 1, 15, 30, tzinfo=timezone(timedelta(hours=2)))


def test_runs_that_start_together_have_different_names() -> None:
    """A name begins with the start in UTC, so that names sort by time."""
    names = {name_run(NOW) for _ in range(50)}

    assert len(names) > 45
    assert all(name.startswith("20260901T133000Z-") for name in names)


def test_a_run_is_read_as_it_was_kept(world: World) -> None:
    """Objects, chunks, instants and the order to reprocess survive the way through scratch."""
    world.land([message(1)])
    world.land([message(2)], "no date at all.json")
    run = replace(world.discover(chunks=2), is_reprocess=True, started_at=NOW.astimezone(UTC))

    save_run(world.scratch, run)

    assert load_run(world.scratch, run.id) == run


def test_a_run_that_is_gone_is_said_to_be(local_world: World) -> None:
    """Scratch is dropped after a run."""
    with pytest.raises(ObjectVanished):
        load_run(local_world.scratch, "20260901T133000Z-abcdef")


def test_a_settled_run_is_read_as_it_was_kept(local_world: World) -> None:
    """What a later task publishes and reports is what settling decided."""
    local_world.land([message(1), b"no json", b"<html>"])
    run = local_world.discover()
    settled = ingest.settle(local_world.settings, run, local_world.normalize(run), local_world.encode)
    audited = ingest.audit(local_world.settings, run, settled)

    save_settled(local_world.scratch, run.id, settled)
    save_audited(local_world.scratch, run.id, settled, audited)

    assert load_settled(local_world.scratch, run.id) == settled
    assert load_audited(local_world.scratch, run.id, settled) == audited
    assert read_plan(write_plan(audited.plan)) == audited.plan


def test_a_verdict_is_that_of_one_settling(local_world: World) -> None:
    """A run that settles again, for whatever reason, has no verdict until it is audited again."""
    local_world.land([message(1)])
    run = local_world.discover()
    outcomes = local_world.normalize(run)
    first, second = (ingest.settle(local_world.settings, run, outcomes, local_world.encode) for _ in range(2))
    save_audited(local_world.scratch, run.id, first, ingest.audit(local_world.settings, run, first))

    with pytest.raises(UsageError, match="has no verdict"):
        load_audited(local_world.scratch, run.id, second)


def test_load_ids_and_chunks_are_named_by_their_place(local_world: World) -> None:
    """Objects have one load each, whatever chunk they are in."""
    local_world.land([message(1)])
    run = local_world.discover()

    assert (run.load_id(3), run.chunk_name(2)) == (f"{run.id}-000003", f"{run.id}/chunk-0002")
