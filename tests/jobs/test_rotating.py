"""A new key of hashes, from the environment to the ledger: suppressed before it is suppressed after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from etl.errors import ConfigurationError, PeopleErasedMeanwhile, UsageError
from etl.jobs import ingest as ingesting
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.ingest import IngestOptions
from etl.jobs.keys import require_keys
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.rotating import describe_rotation, rotate_key
from etl.jobs.sweep.story import sweep
from etl.ledger import rotating
from etl.ledger.plans import approve_plan
from etl.ledger.progress import count_states
from etl.ledger.suppressions import EVERY_APP, check_hash_key, list_suppressed, suppress
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App, Liftoff, Secrets, Settings, load_secrets
from etl.subjects import hash_forms, hash_subject
from tests.jobs.killers import die_after, run_to_death
from tests.jobs.planning.test_first_events import TODAY, event
from tests.jobs.sweep.offices import drop, folder_of
from tests.services.worlds import World, message

APP = "id1234567890"
OLD, NEW = "the first key", "the second key"
BOTH = (OLD.encode(), NEW.encode())
DEVICE = "6F9619FF-8B86-D011-B42D-000000000001"
DAY = TODAY - timedelta(days=2)


@pytest.fixture
def world(local_world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> World:
    """Suppress a person by the old key, whose rows have landed and are ingested, as are another's."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", OLD)
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_API_KEY", sandbox.credentials.api_key)
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_OPT_OUT_USER", sandbox.credentials.opt_out_user)
    monkeypatch.setenv("PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD", sandbox.credentials.opt_out_password)
    liftoff = Liftoff(postback_url=sandbox.postback_url, opt_out_url=sandbox.opt_out_url, canary=0)
    apps = {APP: App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})}
    settings = local_world.settings.model_copy(update={"liftoff": liftoff, "apps": apps})
    world = replace(local_world, settings=settings)
    folder_of(settings).mkdir()
    world.land([event(1, 2, installed=5, person=1), event(2, 2, installed=5, person=2)])
    world.ingest()
    return world


def set_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the operator's part."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", NEW)
    monkeypatch.setenv("PUSHLIFT_HASH_KEYS_BEFORE", json.dumps([OLD]))


def suppress_person(world: World, key: bytes = OLD.encode(), *, kind: str = "erase") -> None:
    """Suppress the person as a list would have."""
    ledger = world.open_ledger()
    check_hash_key(ledger, key)
    suppress(ledger, hash_forms(key, DEVICE), EVERY_APP, "erase" if kind == "erase" else "do_not_share")


def rotate(world: World) -> None:
    """Rotate."""
    assert not rotate_key(world.settings, is_dry_run=False, wait_seconds=0).is_done


STEPS: dict[str, Callable[[World], object]] = {
    "ingest": lambda world: world.ingest(),
    "reprocess": lambda world: world.ingest(is_reprocess=True),
    "plan": lambda world: make_plan(world.settings, PlanRequest(APP, DAY, DAY)),
    "sweep": lambda world: sweep(world.settings),
}


@pytest.mark.parametrize("step", STEPS)
def test_until_the_ledger_has_gone_over_nothing_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Nor after it with less than all keys: with some of them nobody is recognized."""
    suppress_person(world)
    world.land([message(9)], "push/later.json.gz")
    set_new_key(monkeypatch)
    with pytest.raises(ConfigurationError, match="rotate-key"):
        STEPS[step](world)

    rotate(world)
    for name, value in (
        ("PUSHLIFT_HASH_KEYS_BEFORE", ""),
        ("PUSHLIFT_HASH_KEY", OLD),
        ("PUSHLIFT_HASH_KEY", ""),
    ):
        monkeypatch.setenv(name, value)
        with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY"):
            STEPS[step](world)
    set_new_key(monkeypatch)
    STEPS[step](world)


def test_sending_fails_closed_and_recognizes_who_was_suppressed_before(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A postback that was planned and suppressed under the old key does not leave under the new one."""
    plan = make_plan(world.settings, PlanRequest(APP, DAY, DAY))
    approve_plan(world.open_ledger(), plan.plan.id, "a test")
    suppress_person(world, kind="do_not_share")
    set_new_key(monkeypatch)
    with pytest.raises(ConfigurationError, match="rotate-key"):
        run_delivery(Delivery(world.settings, load_secrets()), plan.plan.id)

    rotate(world)
    run_delivery(Delivery(world.settings, load_secrets()), plan.plan.id)

    states = count_states(world.open_ledger(), plan.plan.id)
    assert (states["delivered"], states["excluded"]) == (1, 1)


def test_planning_and_reprocessing_recognize_who_was_suppressed_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan leaves the person out, and an ingest of old objects does."""
    suppress_person(world)
    set_new_key(monkeypatch)
    rotate(world)

    assert make_plan(world.settings, PlanRequest(APP, DAY, DAY)).queued == 1
    assert world.ingest(is_reprocess=True).suppressed == 1


def test_new_suppressions_are_by_the_new_key_and_old_lists_are_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that was dropped before the rotation is the same list after it."""
    other = "6F9619FF-8B86-D011-B42D-00000000000B"
    drop(world, "before.csv", f"idfv\n{DEVICE}\n")
    sweep(world.settings)
    set_new_key(monkeypatch)
    rotate(world)
    drop(world, "again.csv", f"idfv\n{DEVICE}\n")
    drop(world, "new.csv", f"idfv\n{other}\n")

    report = sweep(world.settings)

    assert sorted(each.is_known for each in report.lists) == [False, True]
    suppressed = list_suppressed(world.open_ledger(), APP)
    assert {hash_subject(BOTH, DEVICE), hash_subject(BOTH, other)} <= suppressed
    assert not suppressed & {hash_subject(key, each) for key in BOTH for each in (DEVICE, other)}


def test_user_ids_stay_those_of_the_first_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or everybody would look new to Liftoff."""
    suppress_person(world)
    set_new_key(monkeypatch)
    rotate(world)

    assert require_keys(world.open_ledger()).user_ids == OLD.encode()


def test_a_run_that_began_before_it_publishes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looked people up by hashes that are no more; the next run reads its objects."""
    suppress_person(world)
    world.land([event(3, 2, installed=5, person=1), event(4, 2, installed=5, person=3)], "push/later.json.gz")
    settings = world.settings
    run = ingesting.discover(settings, IngestOptions())
    assert run is not None
    set_new_key(monkeypatch)
    rotate(world)
    outcomes = [ingesting.normalize(settings, run, place) for place in range(len(run.chunks))]
    audited = world.settle(run, outcomes)

    with pytest.raises(PeopleErasedMeanwhile):
        world.publish(run, outcomes, audited)

    assert (report := world.ingest()).suppressed == 1
    assert report.published == 1


def test_a_dry_run_changes_nothing_and_repeating_it_neither(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the rows; a ledger that has gone over says so."""
    suppress_person(world)
    set_new_key(monkeypatch)

    report = rotate_key(world.settings, is_dry_run=True)

    assert (report.hashes.suppressions, report.keys) == (len(hash_forms(BOTH, DEVICE)), 2)
    assert any("Nothing was changed" in line for line in describe_rotation(report))
    check_hash_key(world.open_ledger(), OLD.encode())
    rotate(world)
    assert rotate_key(world.settings, is_dry_run=False).is_done


def rotate_and_die(settings: Settings, step: str) -> None:
    """Rotate, and be killed after a step."""
    die_after(rotating, step)
    keys = Secrets(hash_key=SecretStr(NEW), hash_keys_before=SecretStr(json.dumps([OLD])))
    rotate_key(settings, keys, is_dry_run=False)


@pytest.mark.parametrize("step", ["_renew_people", "_renew_postbacks", "set_fact"])
def test_a_kill_amid_it_leaves_the_old_key(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """And whoever tries again succeeds."""
    suppress_person(world)
    run_to_death(rotate_and_die, step, world.settings, step)

    check_hash_key(world.open_ledger(), OLD.encode())
    assert hash_subject(OLD.encode(), DEVICE) in list_suppressed(world.open_ledger(), APP)
    set_new_key(monkeypatch)
    rotate(world)
    assert hash_subject(BOTH, DEVICE) in list_suppressed(world.open_ledger(), APP)


def test_a_ledger_without_hashes_has_nothing_to_rotate(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does one without the keys that it has."""
    set_new_key(monkeypatch)
    with pytest.raises(UsageError, match="no hash yet"):
        rotate_key(local_world.settings, is_dry_run=True)
    check_hash_key(local_world.open_ledger(), b"another key")
    with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEYS_BEFORE"):
        rotate_key(local_world.settings, is_dry_run=True)
