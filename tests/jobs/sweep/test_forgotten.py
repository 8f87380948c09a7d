"""A ledger that was lost, or is another, must not let everybody come back who opted out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from etl.errors import LedgerError
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App
from tests.jobs.sweep.offices import APP, IDFA, drop, folder_of, make_secrets, run
from tests.services.worlds import World, message


@pytest.fixture(autouse=True)
def _keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")


@pytest.fixture
def lost(world: World, sandbox: SandboxProcess, tmp_path: Path) -> World:
    """Erase a person, and give the same world with an empty ledger and lake."""
    world.land([message(1, idfa=IDFA), message(2)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    (tmp_path / "lost").mkdir()
    return world.twin(tmp_path / "lost")


def test_nothing_is_ingested_or_planned(lost: World, sandbox: SandboxProcess) -> None:
    """The person's messages are in landing still, and nobody would know that they are theirs."""
    app = App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})
    liftoff = lost.settings.liftoff.model_copy(update={"postback_url": sandbox.postback_url})
    settings = lost.settings.model_copy(update={"apps": {APP: app}, "liftoff": liftoff})
    day = date(2026, 9, 1)

    with pytest.raises(LedgerError, match="1 opt-out lists"):
        lost.ingest()
    with pytest.raises(LedgerError, match="1 opt-out lists"):
        make_plan(settings, PlanRequest(APP, day, day), secrets=make_secrets(sandbox))

    assert lost.events() == []


def test_once_the_lists_are_known_again_it_goes_on(lost: World, sandbox: SandboxProcess) -> None:
    """They are dropped again and swept; the old manifests are moved aside by whoever did it."""
    shutil.move(folder_of(lost.settings) / "done", folder_of(lost.settings) / "done-before")
    drop(lost, "a.csv", f"idfa\n{IDFA}\n")
    run(lost, sandbox)

    report = lost.ingest()

    assert (report.published, report.suppressed) == (1, 1)


def test_the_ledger_that_took_them_in_goes_on(world: World, sandbox: SandboxProcess) -> None:
    """A list is recorded before its manifest, so no ingest beside a sweep is refused."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    world.land([message(1, idfa=IDFA), message(2)])

    assert world.ingest().suppressed == 1
    assert replace(world).ingest().run_id is None
