"""Rows that wait for a decision are erased like published ones, and the batch can still be released."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from etl.jobs.erasing import erase_people
from etl.jobs.holding import release_batch
from etl.lake import erase_held
from etl.lake.erase import Policy
from etl.ledger.drafts import known_draft_paths
from etl.ledger.held import HeldBatch, list_batches
from etl.settings import Settings
from tests.jobs.killers import die_after, run_to_death
from tests.lake.erasing import device_of, event_of, holds, wanted_of
from tests.services.suites import BAD, PLANTED, audited_by, held_batch_of, write_suites
from tests.services.worlds import World

STEPS = {
    "rewritten": lambda: die_after(erase_held, "_rewrite_file"),
    "replaced": lambda: die_after(erase_held, "replace_held_drafts"),
    "deleted": lambda: die_after(erase_held, "delete_object"),
}


def hold(world: World, suites: Path) -> tuple[World, str]:
    """Have four people's events held, over two days."""
    world = audited_by(world, write_suites(suites))
    days = [{}, {"event_time": "2026-09-02 12:00:00.000", "event_time_selected_timezone": None}]
    world.land(
        [event_of(person, person, app_id=BAD, event_name=PLANTED, **days[person == 3]) for person in range(4)]
    )
    return world, held_batch_of(world.ingest())


def batch_of(world: World) -> HeldBatch:
    """Give the one batch that is held."""
    (batch,) = list_batches(world.open_ledger())
    return batch


def spell_held(world: World) -> str:
    """Spell what the files of the held batch hold."""
    paths = [Path(world.lake.root) / draft.path for draft in batch_of(world).drafts]
    return repr([pq.read_table(path).to_pylist() for path in paths]).casefold()


@pytest.mark.parametrize("policy", ["rows", "identifiers"])
def test_held_rows_are_erased(local_world: World, tmp_path: Path, policy: Policy) -> None:
    """No held file holds the person, the old files are gone, and a release publishes the rest."""
    world, batch_id = hold(local_world, tmp_path / "suites")
    old = {draft.path for draft in batch_of(world).drafts}

    report = erase_people(world.settings, wanted_of([1, 3]), policy, is_dry_run=False)

    assert (report.held.files_rewritten, report.held.rows_found) == (2, 2)
    batch, left = batch_of(world), 2 if policy == "rows" else 4
    assert [device_of(person) in spell_held(world) for person in range(4)] == [True, False, True, False]
    assert batch.rows == left
    assert not old & {draft.path for draft in batch.drafts}
    assert not any((Path(world.lake.root) / path).exists() for path in old)
    assert {draft.path for draft in batch.drafts} <= known_draft_paths(world.open_ledger(), ["held"])
    assert release_batch(world.settings, batch_id, "for a test").published == left
    assert [holds(world, person) for person in range(4)] == [True, False, True, False]


def test_a_dry_run(local_world: World, tmp_path: Path) -> None:
    """A dry run tells what is held of the person, and changes nothing."""
    world, _ = hold(local_world, tmp_path / "suites")
    before = batch_of(world)

    report = erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=True)

    assert report.held.rows_found == 1
    assert batch_of(world) == before


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(local_world: World, tmp_path: Path, step: str) -> None:
    """The batch has all of its files at every step, and the next erasure ends what was begun."""
    world, batch_id = hold(local_world, tmp_path / "suites")

    run_to_death(erase_and_die, step, world.settings, step)
    assert device_of(2) in spell_held(world)
    erase_people(world.settings, wanted_of([1]), "rows", is_dry_run=False)

    assert device_of(1) not in spell_held(world)
    assert release_batch(world.settings, batch_id, "for a test").published == 3


def erase_and_die(settings: Settings, step: str) -> None:
    """Erase a person, and be killed after a step."""
    STEPS[step]()
    erase_people(settings, wanted_of([1]), "rows", is_dry_run=False)
