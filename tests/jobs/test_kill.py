"""`kill -9` at any moment loses and repeats nothing, and the next run converges."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etl.ledger.publishes import unfinished_publishes
from tests.jobs.killers import STEPS, expire_locks, kill_after
from tests.services.worlds import World, build_settings, check_conservation, message, messages

LATE = "push/2026/09/01/15/late.json.gz"


def land(world: World) -> None:
    """Land what makes work for every table: duplicates, late events, several partitions, and junk."""
    world.land([*messages(range(6)), message(2), b"no json", message(7, event_time=None)])
    world.land([*messages(range(4, 9), app_id="com.other"), message(3), b"<html>"], LATE)


def check_converged(world: World, undisturbed: World) -> None:
    """Check that the lake is as if nothing had happened, and that nothing is left to be done."""
    undisturbed.ingest()
    assert world.contents() == undisturbed.contents()
    assert unfinished_publishes(world.open_ledger()) == []
    check_conservation(world)
    assert world.ingest().run_id is None


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step(local_world: World, tmp_path: Path, step: str) -> None:
    """After each step, the next run ends with the lake of an undisturbed one."""
    land(local_world)
    kill_after(local_world.settings, step)

    local_world.ingest()

    check_converged(local_world, local_world.twin(tmp_path / "undisturbed"))


@pytest.mark.parametrize("step", ["recorded", "events committed", "loads committed"])
def test_killed_with_a_ledger_in_postgres(tmp_path: Path, postgres_url: str, step: str) -> None:
    """A ledger on a server tells the next run as much as one in a file."""
    (tmp_path / "landing").mkdir()
    world = World(build_settings(tmp_path, postgres_url))
    land(world)
    kill_after(world.settings, step)

    world.ingest()

    check_converged(world, world.twin(tmp_path / "undisturbed"))


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
    check_converged(local_world, local_world.twin(tmp_path / "undisturbed"))
