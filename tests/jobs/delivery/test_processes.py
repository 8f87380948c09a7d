"""A crew in processes of its own: sends as threads do, ends with its engine, loses nothing when it dies."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from etl.errors import SendingStopped
from etl.jobs.delivery.crew_process import Orders
from etl.jobs.delivery.hiring import count_processes
from etl.jobs.delivery.processes import ProcessCrew
from etl.ledger.plans import require_plan
from etl.ledger.progress import count_states
from etl.liftoff.client import Manners
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.delivery.conftest import MakeWorld, World
from tests.jobs.delivery.test_survival import check_ends, kill_at_random, reveal, sending

FAST = {"postbacks_per_second": 700, "connections": 48}
MODULE = "etl.jobs.delivery.crew_process"


def find_crew(pid: int) -> list[psutil.Process]:
    """Find the processes that send for an engine."""
    crew = []
    for each in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):
            crew += [each] if MODULE in each.cmdline() else []
    return crew


@contextmanager
def once_received(sandbox: SandboxProcess, count: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as so many requests came, beside what is done meanwhile."""
    failures: list[BaseException] = []
    is_over = threading.Event()

    def watch() -> None:
        while sandbox.state()["received"] < count and not is_over.wait(0.01):
            pass
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
    assert failures == []


@contextmanager
def watching_crews() -> Iterator[list[int]]:
    """Count again and again the processes that send for this one."""
    counts, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            counts.append(len(find_crew(os.getpid())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield counts
    finally:
        is_over.set()
        watcher.join()


@pytest.mark.parametrize(
    ("per_second", "connections", "cores", "wanted"),
    [
        (200.0, 64, 8, 0),
        (500.0, 64, 8, 1),
        (1_000.0, 100, 8, 1),
        (1_000.0, 100, 1, 1),
        (3_000.0, 256, 8, 3),
        (3_000.0, 256, 2, 1),
        (10_000.0, 16, 8, 0),
    ],
)
def test_processes_are_for_rates_that_one_interpreter_does_not_hold(
    per_second: float, connections: int, cores: int, wanted: int
) -> None:
    """And that so many connections can reach; a core is left to the engine where there are several."""
    assert count_processes(per_second, connections, cores) == wanted


def test_a_plan_is_delivered_by_processes(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """All of it, once, and by one process beside the engine."""
    world, seen = make_world(**FAST), []
    plan_id = world.plan(rows=300)
    with once_received(sandbox, 20, lambda: seen.append(len(find_crew(os.getpid())))):
        world.send(plan_id)
    assert count_states(world.ledger, plan_id)["delivered"] == 300
    assert (sandbox.state()["received"], sandbox.state()["accepted_twice"]) == (300, 0)
    assert seen == [1]
    assert find_crew(os.getpid()) == []


def test_who_shares_the_rate_sends_by_threads(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """Its part of the rate is held by one interpreter; the whole of it would not be."""
    world = make_world(postbacks_per_second=400, connections=48, claim_seconds=60.0)
    plans = [world.plan(rows=count, seed=seed) for seed, count in enumerate((50, 2_000, 10))]
    with watching_crews() as alone:
        world.send(plans[0])
    # Answers come late, so that the other still sends, however long this one takes to begin.
    sandbox.set_faults({"slow": 1.0}, slow_seconds=0.5)
    with sending(world, plans[1]) as other:
        while sandbox.state()["received"] < 70:
            other.join(0.01)
        with watching_crews() as beside_another:
            world.send(plans[2])
    assert (max(alone), max(beside_another)) == (1, 0)


def test_all_faults_mixed_at_random(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """Every answer finds its postback."""
    faults = {"429": 0.02, "500": 0.03, "200_error": 0.02, "half": 0.01, "reset": 0.01}
    sandbox.set_faults(faults, seed=12)
    world = make_world(**FAST)
    plan_id = world.plan(rows=800)
    world.send(plan_id)
    counts = check_ends(world, plan_id, 800)
    assert counts["refused"] == 0
    assert 0 < counts["unknown"] <= sandbox.state()["unanswered"]


def test_engines_killed_at_any_moment(tmp_path: Path, sqlite_url: str, sandbox: SandboxProcess) -> None:
    """At most what was under way is in doubt; the processes end with their engine."""
    sandbox.set_faults({"slow": 1.0}, slow_seconds=0.02)
    world = World(tmp_path, sqlite_url, sandbox, claim_seconds=2.0, **FAST)
    plan_id = world.plan(rows=2_000)
    assert kill_at_random(world, plan_id, 8) >= 5
    sandbox.set_faults({})
    world.send(plan_id)
    assert require_plan(world.ledger, plan_id).state == "finished"
    assert check_ends(world, plan_id, 2_000)["unknown"] <= 8 * FAST["connections"]


def test_processes_end_with_an_engine_that_is_killed(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """Nothing is sent that nobody would record."""
    sandbox.set_faults({"slow": 1.0}, slow_seconds=0.02)
    world = make_world(**FAST)
    with sending(world, world.plan(rows=2_000)) as engine:
        while sandbox.state()["received"] < 50:
            engine.join(0.01)
        assert engine.pid is not None
        crew = find_crew(engine.pid)
        os.kill(engine.pid, signal.SIGKILL)
        gone, alive = psutil.wait_procs(crew, timeout=5.0)
    assert (len(gone), alive) == (1, [])


def test_a_process_that_dies_leaves_what_it_had_in_doubt(
    make_world: MakeWorld, sandbox: SandboxProcess
) -> None:
    """The run ends and says so; the next one sends the rest, and nothing twice."""
    sandbox.set_faults({"slow": 1.0}, slow_seconds=0.02)
    world = make_world(**FAST)
    plan_id = world.plan(rows=1_000)
    with once_received(sandbox, 100, lambda: [each.kill() for each in find_crew(os.getpid())]):
        report = world.send(plan_id)
    assert (report.stopped, report.exit_code) == ("senders_lost", 1)
    counts = count_states(world.ledger, plan_id)
    assert 0 < counts["unknown"] <= FAST["connections"]
    assert counts["queued"] + counts["delivered"] + counts["unknown"] == 1_000
    assert world.send(plan_id).stopped is None
    assert check_ends(world, plan_id, 1_000)["unknown"] == counts["unknown"]


def test_a_terminals_interrupt_is_the_engines_to_hear(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """What its processes were handed is sent and recorded."""
    world = make_world(**FAST)
    plan_id = world.plan(rows=600)

    def interrupt() -> None:
        for each in find_crew(os.getpid()):
            each.send_signal(signal.SIGINT)
            each.send_signal(signal.SIGTERM)

    with once_received(sandbox, 50, interrupt):
        report = world.send(plan_id)
    assert (report.stopped, report.delivered) == (None, 600)


def test_no_secret_stands_where_others_can_read_it(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """Neither in the arguments of a process nor in its environment."""
    world, seen = make_world(**FAST), list[str]()

    def look() -> None:
        seen.extend(" ".join([*each.cmdline(), *each.environ().values()]) for each in find_crew(os.getpid()))

    with once_received(sandbox, 20, look):
        world.send(world.plan(rows=300))
    assert len(seen) == 1
    assert reveal(world.secrets.liftoff_api_key) not in seen[0]


def test_a_process_that_does_not_begin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a wait without end."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    crew = ProcessCrew(1, Orders(1, SecretStr("key"), Manners(1.0, 1.0), 3.0))
    with pytest.raises(SendingStopped, match="did not start"), crew:
        pass
