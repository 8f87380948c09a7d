"""A sweep beside an ingest, a delivery and upkeep, each held where it hurts until the other is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import wraps
from itertools import count
from typing import Any, Final

import pytest
from pydantic import SecretStr

from etl.errors import PeopleErasedMeanwhile
from etl.jobs import ingest
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.maintain import maintain_lake
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.lake import compact, erase
from etl.lake.publish import PUBLISH_LOCK
from etl.lake.tables import LOADS, POSTBACKS
from etl.ledger import holding
from etl.ledger.database import Ledger
from etl.ledger.locks import Fence, acquire_lock
from etl.ledger.plans import approve_plan
from etl.liftoff.client import Client
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App
from tests.jobs.planning.test_first_events import TODAY, event
from tests.jobs.sweep.offices import APP, IDFA, drop, make_secrets, run
from tests.jobs.test_erasing import add_outcomes
from tests.services.worlds import World, message, messages

OTHER: Final = "11111111-2222-4333-8444-555555555555"
INSTALL: Final = "1756684800000-7777777777777777777"
SECONDS: Final = 60.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for a lock often, so that waiting for one takes no time."""
    monkeypatch.setattr(holding, "POLL_SECONDS", 0.01)
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", "a-hash-key-of-the-tests")


class Gate:
    """Where one waits until the other says go on."""

    def __init__(self) -> None:
        """Begin closed."""
        self._reached, self._open = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        """Say that the gate is reached, and wait until it is opened."""
        self._reached.set()
        assert self._open.wait(SECONDS)

    def await_reached(self) -> None:
        """Wait until somebody is at the gate."""
        assert self._reached.wait(SECONDS)

    def open(self) -> None:
        """Let them go on."""
        self._open.set()


def gate_after(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> Gate:
    """Put a gate behind the first call of a function."""
    gate, function, calls = Gate(), getattr(module, name), count()

    @wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the function
        result = function(*arguments, **options)
        if next(calls) == 0:
            gate.pass_through()
        return result

    monkeypatch.setattr(module, name, wrapped)
    return gate


@contextmanager
def beside(act: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Do something in another thread while the block runs; gives what it raised."""
    raised: list[BaseException] = []

    def live() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - it is looked at
            raised.append(error)

    other = threading.Thread(target=live)
    other.start()
    try:
        yield raised
    finally:
        other.join(SECONDS)
        assert not other.is_alive()


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Give the event that somebody asked in vain for the publish lock."""
    found = threading.Event()

    def acquire_or_tell(ledger: Ledger, name: str, owner: str, seconds: float) -> Fence | None:
        fence = acquire_lock(ledger, name, owner, seconds)
        if fence is None and name == PUBLISH_LOCK:
            found.set()
        return fence

    monkeypatch.setattr(holding, "acquire_lock", acquire_or_tell)
    return found


def test_an_ingest_that_publishes_before_the_links_are_found(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, blocked: threading.Event
) -> None:
    """It has the lock when the person is suppressed: its rows are erased, linked ones as well."""
    world.land(
        [
            message(1, idfa=IDFA, appsflyer_id=INSTALL),
            message(2, appsflyer_id=INSTALL),
            message(3, idfa=OTHER),
        ]
    )
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    gate = gate_after(monkeypatch, ingest, "_refuse_erased")

    with beside(world.ingest) as failed:
        gate.await_reached()
        with beside(lambda: run(world, sandbox)) as failed_too:
            assert blocked.wait(SECONDS)
            gate.open()

    assert (failed, failed_too) == ([], [])
    assert [row["idfa"] for row in world.events("idfa")] == [OTHER]
    assert world.ingest().run_id is None


def test_an_ingest_that_comes_to_publish_after_it(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuses itself, and reads the same objects without the person the next time."""
    world.land([message(1, idfa=IDFA, appsflyer_id=INSTALL), message(2, idfa=OTHER)])
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    audited = gate_after(monkeypatch, ingest, "audit")

    with beside(world.ingest) as failed:
        audited.await_reached()
        run(world, sandbox)
        audited.open()

    assert [type(error) for error in failed] == [PeopleErasedMeanwhile]
    assert world.events() == []
    report = world.ingest()
    assert (report.published, report.suppressed) == (1, 1)


def test_an_ingest_while_files_are_written_again(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, blocked: threading.Event
) -> None:
    """It waits for the lock, settles again against what the erasure left, and loses nothing."""
    world.land([message(1, idfa=IDFA), message(2, idfa=OTHER)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    found = gate_after(monkeypatch, erase, "find_wanted")
    reports = []

    with beside(lambda: run(world, sandbox)) as failed:
        found.await_reached()
        world.land([*messages(range(2, 6), idfa=OTHER), message(7, idfa=IDFA)], "push/later.json.gz")
        with beside(lambda: reports.append(world.ingest())) as failed_too:
            assert blocked.wait(SECONDS)
            found.open()

    assert (failed, failed_too) == ([], [])
    assert (reports[0].published, reports[0].duplicates, reports[0].suppressed) == (3, 1, 1)
    assert {row["idfa"] for row in world.events("idfa")} == {OTHER}
    assert len(world.events()) == 4


@pytest.mark.parametrize("is_sweep_first", [True, False])
def test_upkeep_that_compacts(
    world: World,
    sandbox: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    blocked: threading.Event,
    *,
    is_sweep_first: bool,
) -> None:
    """One waits for the other: no row is lost, and nobody comes back."""
    monkeypatch.setattr(compact, "MOST_SMALL_FILES", 1)
    for hour in (13, 14, 15):
        world.land(
            [message(hour, idfa=IDFA), message(hour + 100, idfa=OTHER)], f"push/2026/09/01/{hour}/a.json.gz"
        )
        world.ingest()
    add_outcomes(world)
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    sweeping = gate_after(monkeypatch, erase, "find_wanted")
    compacting = gate_after(monkeypatch, compact, "_write_drafts")
    told = set(world.read(POSTBACKS)["occurrence_id"].to_pylist())

    def upkeep() -> None:
        maintain_lake(world.settings, is_dry_run=False)

    def erase_all() -> None:
        run(world, sandbox)

    first, second = (erase_all, upkeep) if is_sweep_first else (upkeep, erase_all)
    held, other = (sweeping, compacting) if is_sweep_first else (compacting, sweeping)
    other.open()
    with beside(first) as failed:
        held.await_reached()
        with beside(second) as failed_too:
            assert blocked.wait(SECONDS)
            held.open()

    assert (failed, failed_too) == ([], [])
    assert [row["idfa"] for row in world.events("idfa")] == [OTHER] * 3
    assert len(world.loads()) == 3
    assert len(world.live_paths(LOADS)) == 1
    after = set(world.read(POSTBACKS)["occurrence_id"].to_pylist())
    assert (len(after), len(told & after)) == (6, 3)
    world.ingest(is_reprocess=True)
    assert {row["idfa"] for row in world.events("idfa")} == {OTHER}


def test_a_delivery_in_the_middle(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the person leaves once they are suppressed, though the plan was on its way."""
    app = App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})
    liftoff = world.settings.liftoff.model_copy(
        update={
            "postback_url": sandbox.postback_url,
            "postbacks_per_second": 500,
            "connections": 1,
            "canary": 0,
        }
    )
    world = replace(
        world, settings=world.settings.model_copy(update={"apps": {APP: app}, "liftoff": liftoff})
    )
    world.land([event(n, 2, installed=5, person=n) for n in range(1, 21)])
    world.ingest()
    api_key = SecretStr(sandbox.credentials.api_key)
    secrets = make_secrets(sandbox).model_copy(update={"liftoff_api_key": api_key})
    day = date.fromordinal((TODAY - timedelta(days=2)).toordinal())
    plan = make_plan(world.settings, PlanRequest(APP, day, day), secrets=secrets)
    approve_plan(world.open_ledger(), plan.plan.id, "a test")
    drop(world, "a.csv", "idfv\n" + "".join(f"6F9619FF-8B86-D011-B42D-{n:012X}\n" for n in range(1, 21)))
    sent = gate_after(monkeypatch, Client, "send")

    with beside(lambda: run_delivery(Delivery(world.settings, secrets), plan.plan.id)) as failed:
        sent.await_reached()
        run(world, sandbox)
        sent.open()

    assert failed == []
    assert sandbox.state()["received"] == 1
