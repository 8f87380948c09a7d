"""A sweep tells what Liftoff was sent about people before they opted out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import run_delivery
from etl.jobs.planning.request import PlanRequest
from etl.jobs.planning.story import make_plan
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.sent import describe_sent, read_sent
from etl.ledger.plans import approve_plan
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import App
from tests.jobs.planning.test_first_events import TODAY, event
from tests.jobs.sweep.offices import APP, drop, make_secrets, open_ledger_of, run
from tests.services.worlds import World

IDFV = "6F9619FF-8B86-D011-B42D-00000000000{}"
DAY = TODAY.fromordinal(TODAY.toordinal() - 2)


@pytest.fixture
def delivered(world: World, sandbox: SandboxProcess) -> World:
    """Deliver two postbacks about one person, one of them without the device's id, and one about another."""
    apps = {APP: App(app_store_id="1234567890", liftoff_app_id="shop", events={"af_purchase": "purchase"})}
    liftoff = world.settings.liftoff.model_copy(update={"postback_url": sandbox.postback_url, "canary": 0})
    world = replace(world, settings=world.settings.model_copy(update={"apps": apps, "liftoff": liftoff}))
    rows = [event(1, 2, installed=5), event(2, 2, installed=5, idfv=None, ip="192.0.2.7")]
    world.land([*rows, event(3, 2, installed=5, person=2)])
    world.ingest()
    secrets = make_secrets(sandbox).model_copy(
        update={"liftoff_api_key": SecretStr(sandbox.credentials.api_key)}
    )
    plan = make_plan(world.settings, PlanRequest(APP, DAY, DAY), secrets=secrets).plan
    approve_plan(open_ledger_of(world), plan.id, "a test")
    run_delivery(Delivery(world.settings, secrets), plan.id)
    return world


def test_postbacks_of_before_are_listed_for_follow_up(delivered: World, sandbox: SandboxProcess) -> None:
    """Also those that tell of the person by what the lake links; the report counts them."""
    drop(delivered, "a.csv", f"idfv\n{IDFV.format(1)}\n")
    planned = run(delivered, sandbox, is_dry_run=True)
    assert (planned.sent, read_sent(delivered.settings)) == (2, [])

    report = run(delivered, sandbox)

    assert report.sent == 2
    assert any("2  postbacks had been sent before" in line for line in describe_sweep(report))
    (found,) = read_sent(delivered.settings)
    assert (found.number, found.sent_app_id, found.event_name, found.delivered) == (1, APP, "purchase", 2)
    text = "\n".join((*describe_sent([found]), *describe_sent([found], as_csv=True)))
    assert IDFV.format(1).lower() not in text.lower()
    assert "2,2,0" in text


def test_of_people_who_are_not_to_be_shared_too(delivered: World, sandbox: SandboxProcess) -> None:
    """They are kept here, and Liftoff is to be asked all the same, of what the lake links as well."""
    drop(delivered, "a.csv", f"idfv,kind\n{IDFV.format(1)},do_not_share\n")

    assert run(delivered, sandbox).sent == 2
    assert [each.delivered for each in read_sent(delivered.settings)] == [2]


def test_nothing_sent_is_nothing_to_follow_up(world: World, sandbox: SandboxProcess) -> None:
    """And the list says so."""
    drop(world, "a.csv", f"idfv\n{IDFV.format(1)}\n")

    assert run(world, sandbox).sent == 0
    assert list(describe_sent(read_sent(world.settings))) == [
        "Nothing is known to have been sent about anybody who opted out."
    ]
