"""A process that only waits for answers leaves the rate to others."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from etl.jobs.delivery import assembly
from etl.ledger.database import Ledger
from etl.ledger.rates import reserve
from etl.ledger.slots import Reservation
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.delivery.conftest import World

SLOW_SECONDS = 2.5
# Slots are passed by for a second after the last errand was handed over, and reserved somewhat ahead.
QUIET_SECONDS = 1.0


def test_no_slot_is_reserved_while_only_answers_are_waited_for(
    tmp_path: Path, sqlite_url: str, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row is on its way for seconds: after the first of them nothing is asked of the shared rate."""
    asked: list[float] = []

    def watched(
        ledger: Ledger, name: str, per_second: float, count: int, daily_cap: int | None = None
    ) -> Reservation:
        asked.append(time.monotonic())
        return reserve(ledger, name, per_second, count, daily_cap)

    monkeypatch.setattr(assembly, "reserve", watched)
    sandbox.set_faults({"slow": 1.0}, slow_seconds=SLOW_SECONDS)
    world = World(tmp_path, sqlite_url, sandbox, postbacks_per_second=100)
    report = world.send(world.plan(rows=1))
    ended = time.monotonic()

    assert report.delivered == 1
    assert asked
    assert [at for at in asked if at > ended - QUIET_SECONDS] == []
