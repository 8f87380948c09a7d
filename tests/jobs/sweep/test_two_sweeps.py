"""Two sweeps at once: one waits for the other, and one that lost its lock does nothing more."""

from __future__ import annotations

import pytest

from etl.errors import LockLostError
from etl.jobs.sweep import receiving
from etl.jobs.sweep.story import SWEEP_LOCK, SweepReport
from etl.ledger import holding
from etl.ledger.database import begin_write
from etl.ledger.locks import acquire_lock
from etl.ledger.opt_outs import list_due
from etl.ledger.schema import locks
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.sweep.offices import IDFA, drop, is_suppressed, open_ledger_of, opted_out, run
from tests.jobs.sweep.test_overlapping import beside, gate_after
from tests.services.worlds import World, message


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a lock often, so that waiting for one takes no time."""
    monkeypatch.setattr(holding, "POLL_SECONDS", 0.01)
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")


def test_one_waits_for_the_other(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds nothing left to do; nobody is submitted twice."""
    world.land([message(1, idfa=IDFA), message(2)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    recorded = gate_after(monkeypatch, receiving, "add_requests")
    reports: list[SweepReport] = []

    with beside(lambda: reports.append(run(world, sandbox))) as failed:
        recorded.await_reached()
        with beside(lambda: reports.append(run(world, sandbox))) as failed_too:
            recorded.open()

    assert (failed, failed_too) == ([], [])
    assert [each.submission.outcomes for each in reports] == [{"accepted": 1}, {}]
    assert [len(each.lists) for each in reports] == [1, 0]
    assert opted_out(sandbox)["received"] == 1
    assert len(world.events()) == 1


def test_one_that_lost_its_lock_does_nothing_more(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It slept so long that the lock expired, and somebody has it: what it read may be lifted by now."""
    world.land([message(1, idfa=IDFA), message(2)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    ledger = open_ledger_of(world)
    recorded = gate_after(monkeypatch, receiving, "add_requests")

    with beside(lambda: run(world, sandbox)) as failed:
        recorded.await_reached()
        with begin_write(ledger) as connection:
            connection.execute(locks.update().where(locks.c.name == SWEEP_LOCK).values(expires_at=None))
        assert acquire_lock(ledger, SWEEP_LOCK, "another", 60) is not None
        recorded.open()

    assert [type(error) for error in failed] == [LockLostError]
    assert is_suppressed(world, IDFA)
    assert len(world.events()) == 2
    assert opted_out(sandbox)["received"] == 0
    assert len(list_due(ledger, "erasure")) == len(list_due(ledger, "submission")) == 1
