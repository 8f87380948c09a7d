"""`kill -9` at any moment loses and repeats nothing, and the next run converges."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from etl.jobs.holding import release_batch
from etl.jobs.ingest import finish_cut_off
from etl.ledger.held import find_batch, list_batches
from etl.ledger.publishes import unfinished_publishes
from tests.jobs.killers import RELEASE_STEPS, STEPS, expire_locks, kill_after, kill_release_after
from tests.services.suites import BAD, audited_by, held_batch_of, land_bad, write_suites
from tests.services.worlds import (
    World,
    build_settings,
    check_conservation,
    message,
    messages,
    open_local_world,
)

# The rows of each table.
Contents = Mapping[str, list[str]]
LATE = "push/2026/09/01/15/late.json.gz"


def land(world: World) -> None:
    """Land what makes work for every table: duplicates, late events, several partitions, and junk."""
    world.land([*messages(range(6)), message(2), b"no json", message(7, event_time=None)])
    world.land([*messages(range(4, 9), app_id="com.other"), message(3), b"<html>"], LATE)


def check_converged(world: World, undisturbed: Contents) -> None:
    """Check that the lake is as if nothing had happened, and that nothing is left to be done."""
    assert world.contents() == undisturbed
    assert unfinished_publishes(world.open_ledger()) == []
    check_conservation(world)
    assert world.ingest().run_id is None


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world of what `land` lands, ingested without a kill."""
    world = open_local_world(tmp_path_factory.mktemp("undisturbed"))
    land(world)
    world.ingest()
    return world


@pytest.fixture(scope="module")
def undisturbed_held(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same of a landing of which an app is held."""
    folder = tmp_path_factory.mktemp("undisturbed-held")
    world = audited_by(open_local_world(folder), write_suites(folder / "suites"))
    land_bad(world)
    world.ingest()
    return world


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(undisturbed: World, tmp_path: Path, step: str) -> None:
    """After each step, the next run ends with the lake of an undisturbed one."""
    world = undisturbed.twin(tmp_path)
    kill_after(world.settings, step)

    world.ingest()

    check_converged(world, undisturbed.contents())


@pytest.mark.parametrize("step", ["recorded", "events committed", "loads committed"])
def test_killed_with_a_ledger_in_postgres(
    undisturbed: World, tmp_path: Path, postgres_url: str, step: str
) -> None:
    """A ledger on a server tells the next run as much as one in a file."""
    landing = undisturbed.settings.storage.landing
    world = World(build_settings(tmp_path, postgres_url, landing=landing))
    kill_after(world.settings, step)

    world.ingest()

    check_converged(world, undisturbed.contents())


@pytest.mark.parametrize("step", ["recorded", "events committed", "quarantine committed"])
def test_killed_while_replacing(local_world: World, step: str) -> None:
    """A reprocessing run that is cut off in mid-publish is carried out: no row is missing or double."""
    land(local_world)
    local_world.ingest()
    before = local_world.contents()

    kill_after(local_world.settings, step, is_reprocess=True)
    local_world.ingest()

    after = local_world.contents()
    assert (after["events"], after["quarantine"]) == (before["events"], before["quarantine"])
    assert unfinished_publishes(local_world.open_ledger()) == []


@pytest.mark.parametrize("step", STEPS)
def test_killed_with_a_held_app(undisturbed_held: World, tmp_path: Path, step: str) -> None:
    """After each step, the next run ends with what an undisturbed one publishes, and holds the same once."""
    world = undisturbed_held.twin(tmp_path)
    kill_after(world.settings, step)

    world.ingest()

    assert world.contents() == undisturbed_held.contents()
    (batch,) = list_batches(world.open_ledger())
    assert (batch.app_id, batch.rows) == (BAD, 5)
    assert unfinished_publishes(world.open_ledger()) == []
    check_conservation(world)


@pytest.mark.parametrize("step", ["accounts written", "audited"])
def test_killed_between_audit_and_publish(local_world: World, tmp_path: Path, step: str) -> None:
    """Nothing has changed: neither what readers see, nor what is finished, nor what is held."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    world.land(messages(range(3)))
    world.ingest()
    before, versions = world.contents(), world.versions()
    land_bad(world)

    kill_after(world.settings, step)

    assert (world.contents(), world.versions()) == (before, versions)
    assert list_batches(world.open_ledger()) == []
    assert len(world.discover().objects) == 1


@pytest.mark.parametrize("step", ["recorded", "events committed", "checks committed"])
def test_killed_while_superseding(local_world: World, tmp_path: Path, step: str) -> None:
    """A reprocessing after the fix that is cut off brings the held rows in once, and ends the batch."""
    suites = write_suites(tmp_path / "suites")
    world = audited_by(local_world, suites)
    land_bad(world)
    world.ingest()
    write_suites(suites, "warning")

    kill_after(world.settings, step, is_reprocess=True)
    world.ingest()

    assert len(world.events("event_id")) == 13
    assert list_batches(world.open_ledger()) == []
    assert unfinished_publishes(world.open_ledger()) == []


@pytest.mark.parametrize("step", RELEASE_STEPS)
def test_killed_while_releasing(local_world: World, tmp_path: Path, step: str) -> None:
    """The batch is released or held, never both: releasing it again at most completes it."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    land_bad(world)
    batch_id = held_batch_of(world.ingest())

    kill_release_after(world.settings, step, batch_id)
    finish_cut_off(world.settings)
    if list_batches(world.open_ledger()):
        release_batch(world.settings, batch_id, "for a test")

    batch = find_batch(world.open_ledger(), batch_id)
    assert batch is not None
    assert batch.state == "released"
    assert len(world.events("event_id")) == 13
    assert len(world.loads("released")) == 1
    assert unfinished_publishes(world.open_ledger()) == []
    check_conservation(world)


def test_another_run_is_carried_out_before_one_publishes(local_world: World) -> None:
    """A run that settled earlier takes no transaction number that a cut-off one has recorded."""
    world = local_world
    world.land(messages(range(3)))
    run = world.discover()
    outcomes = world.normalize(run)
    settled = world.settle(run, outcomes)
    world.land(messages(range(3, 6)), LATE)
    kill_after(world.settings, "recorded")

    world.publish(run, outcomes, settled)

    assert len(world.events("event_id")) == 6
    check_conservation(world)


def list_processes(marker: str) -> list[int]:
    """List the processes whose environment holds a marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def start_ingest(world: World, marker: str) -> "subprocess.Popen[bytes]":
    """Start a real ingest with its pool of processes."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.killers", world.settings.model_dump_json()],
        env=os.environ | {"MARKER": marker},
        stderr=subprocess.DEVNULL,
    )


def await_processes(marker: str, number: int, seconds: float = 60) -> list[int]:
    """Wait until there are that many processes with a marker: the ingest, its servers and its worker."""
    give_up_at = time.monotonic() + seconds
    while len(found := list_processes(marker)) < number and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return found


def await_end_of(marker: str, seconds: float = 30) -> list[int]:
    """Wait until no process with a marker is left; gives those that are."""
    give_up_at = time.monotonic() + seconds
    while (left := list_processes(marker)) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("seed", [1, 4])
def test_killed_at_any_instant(local_world: World, tmp_path: Path, seed: int) -> None:
    """A real ingest, killed at any instant, leaves no worker behind and no trace in the next run's lake."""
    land(local_world)
    marker = f"killed-{seed}-{tmp_path}"
    process = start_ingest(local_world, marker)
    await_processes(marker, 4)
    time.sleep((seed % 7) / 7)
    process.kill()
    process.wait()

    assert await_end_of(marker) == []
    expire_locks(local_world.open_ledger())
    local_world.ingest()
    alone = local_world.twin(tmp_path / "undisturbed")
    alone.ingest()
    check_converged(local_world, alone.contents())
