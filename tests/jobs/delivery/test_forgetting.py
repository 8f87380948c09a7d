"""Personal values leave the ledger, rows and files, a configured time after their postbacks are settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from etl.airflow import upkeep_steps
from etl.jobs import reconciling
from etl.jobs.reconciling import forget_personal_values
from etl.ledger.database import Ledger, begin_read
from etl.ledger.postback_tables import postbacks
from etl.ledger.purging import purge_personal
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.delivery.conftest import MakeWorld, World
from tests.services.plans import name_device

ROWS = 20
LATER = timedelta(days=8)


@pytest.fixture
def sent(make_world: MakeWorld) -> World:
    """Deliver a plan; what it says is kept for a week."""
    world = make_world(keep_personal_days=7)
    assert world.send(world.plan(rows=ROWS)).counts["delivered"] == ROWS
    return world


def count_kept(world: World) -> int:
    """Count the rows that still say something of a person."""
    told = select(postbacks.c.position).where(
        postbacks.c.parameters.is_not(None) | postbacks.c.subjects.is_not(None)
    )
    with begin_read(world.ledger) as connection:
        return len(connection.execute(told).all())


def count_in_files(folder: Path) -> int:
    """Count whose device ids stand anywhere in the ledger's files."""
    data = b"".join(file.read_bytes() for file in folder.glob("ledger.db*")).lower()
    return sum(name_device(number).lower().encode() in data for number in range(ROWS))


def test_they_are_kept_for_the_configured_time(sent: World, tmp_path: Path) -> None:
    """Not a day less, because what was delivered may be asked about."""
    assert forget_personal_values(sent.settings, datetime.now(UTC) + timedelta(days=6)) == 0
    assert (count_kept(sent), count_in_files(tmp_path)) == (ROWS, ROWS)


def test_they_leave_rows_and_files_after_it(sent: World, tmp_path: Path) -> None:
    """And nobody has to be forgotten twice."""
    assert forget_personal_values(sent.settings, datetime.now(UTC) + LATER) == ROWS
    assert (count_kept(sent), count_in_files(tmp_path)) == (0, 0)
    assert forget_personal_values(sent.settings, datetime.now(UTC) + LATER) == 0


def test_what_waits_for_a_decision_keeps_them(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """It may have to be sent again."""
    sandbox.set_faults({"half": 1.0})
    world = make_world()
    assert world.send(world.plan(rows=3)).counts["unknown"] == 3
    assert forget_personal_values(world.settings, datetime.now(UTC) + LATER) == 0
    assert count_kept(world) == 3


def test_a_kill_between_rows_and_files_is_made_good(
    sent: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the files are to be written anew is known before the first value leaves its row."""

    def purge_and_die(ledger: Ledger, before: datetime) -> int:
        purge_personal(ledger, before)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(reconciling, "purge_personal", purge_and_die)
        forget_personal_values(sent.settings, datetime.now(UTC) + LATER)
    assert forget_personal_values(sent.settings, datetime.now(UTC) + LATER) == 0
    assert count_in_files(tmp_path) == 0


@pytest.mark.parametrize(("is_dry_run", "kept"), [(True, ROWS), (False, 0)])
def test_the_nightly_upkeep_lets_them_go(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, *, is_dry_run: bool, kept: int
) -> None:
    """Without anybody's asking, unless it is a dry run."""
    world = make_world(keep_personal_days=0)
    world.send(world.plan(rows=ROWS))
    monkeypatch.setattr(upkeep_steps, "load_task_settings", lambda: world.settings)
    upkeep_steps.forget(is_dry_run=is_dry_run)
    assert count_kept(world) == kept
