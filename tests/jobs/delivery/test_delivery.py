"""What is sent, what is not, and how a delivery ends; against the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.errors import ConfigurationError, PlanChanged, SendingStopped, UsageError
from etl.ledger.history import find_postbacks
from etl.ledger.plans import pause_plan, require_plan, resume_plan
from etl.ledger.progress import count_states
from etl.ledger.rates import stop
from etl.ledger.resolving import resolve_unknown
from etl.ledger.suppressions import suppress
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Response
from etl.subjects import hash_subject
from tests.jobs.delivery.conftest import MakeWorld, World
from tests.services.plans import APP, HASH_KEY, name_device


def test_all_of_a_plan_is_delivered_once(tmp_path: Path, ledger_url: str, sandbox: SandboxProcess) -> None:
    """Every row arrives, once, on either ledger; the plan is finished."""
    world = World(tmp_path, ledger_url, sandbox)
    report = world.send(world.plan(rows=200))
    assert (report.state, report.delivered, report.stopped) == ("finished", 200, None)
    state = sandbox.state()
    assert (state["received"], state["accepted_occurrences"], state["accepted_twice"]) == (200, 200, 0)


def test_a_finished_plan_sends_nothing(world: World, sandbox: SandboxProcess) -> None:
    """An idle resume asks nothing of the partner."""
    plan_id = world.plan()
    world.send(plan_id)
    assert world.send(plan_id).exit_code == 0
    assert sandbox.state()["received"] == 10


def test_a_second_plan_over_the_same_occurrences_sends_none(world: World, sandbox: SandboxProcess) -> None:
    """What one plan delivered, another leaves out, with the reason."""
    world.send(world.plan())
    second = world.plan()
    report = world.send(second)
    assert (report.delivered, report.counts["excluded"]) == (0, 10)
    assert {row.code for row in find_postbacks(world.ledger, f"{0:032x}") if row.plan_id == second} == {
        "already_delivered"
    }
    assert sandbox.state()["received"] == 10


def test_a_test_does_not_block_the_real_thing(world: World, sandbox: SandboxProcess) -> None:
    """The same occurrences go to the test harness and then to production."""
    assert world.send(world.plan(mode="test")).delivered == 10
    assert world.send(world.plan()).delivered == 10
    state = sandbox.state()
    assert (state["test"]["accepted"], state["production"]["accepted"]) == (10, 10)


def test_a_test_postback_never_leaves_in_production(world: World, sandbox: SandboxProcess) -> None:
    """A row with `test_mode` in a plan of production is stopped at the gate of the attempt."""
    report = world.send(world.plan(changes={"test_mode": "1"}))
    assert (report.counts["excluded"], sandbox.state()["received"]) == (10, 0)


def test_a_person_suppressed_while_queued_is_not_told_of(world: World, sandbox: SandboxProcess) -> None:
    """Suppressing after the plan was approved is soon enough."""
    plan_id = world.plan()
    suppress(world.ledger, [hash_subject(HASH_KEY, name_device(3))], APP, "erase")
    report = world.send(plan_id)
    assert (report.delivered, report.counts["excluded"]) == (9, 1)
    assert [row.code for row in find_postbacks(world.ledger, f"{3:016x}{0:016x}")] == ["suppressed"]


def test_an_event_too_old_by_now_is_not_sent(world: World) -> None:
    """A row's age is judged when it leaves, not when it was planned."""
    report = world.send(world.plan(changes={"event_timestamp": "1300000000000"}))
    assert (report.delivered, report.counts["excluded"]) == (0, 10)


def test_a_changed_mapping_is_refused(world: World, sandbox: SandboxProcess) -> None:
    """What was approved is what is sent, or nothing."""
    plan_id = world.plan()
    app = world.settings.apps[APP].model_copy(update={"events": {"af_purchase": "buy"}})
    world.settings = world.settings.model_copy(update={"apps": {APP: app}})
    with pytest.raises(PlanChanged, match="make another"):
        world.send(plan_id)
    assert sandbox.state()["received"] == 0


def test_an_unapproved_plan_is_refused(world: World) -> None:
    """Nobody sends what nobody approved."""
    with pytest.raises(UsageError, match="planned"):
        world.send(world.plan(is_approved=False))


def test_a_wrong_hash_key_is_refused(world: World, sandbox: SandboxProcess) -> None:
    """Without the key by which people are suppressed, nothing leaves."""
    world.send(world.plan())
    other = world.plan(seed=1)
    secrets = world.secrets.model_copy(update={"hash_key": world.secrets.liftoff_api_key})
    with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY"):
        world.send(other, secrets=secrets)
    with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY"):
        world.send(other, secrets=world.secrets.model_copy(update={"hash_key": None}))
    assert sandbox.state()["received"] == 10


def test_refused_credentials_stop_everything_and_lose_nothing(world: World, sandbox: SandboxProcess) -> None:
    """A 401 pauses the plan at once, with all of it queued; with the right key all of it arrives."""
    plan_id = world.plan(rows=100)
    wrong = world.secrets.model_copy(update={"liftoff_api_key": world.secrets.hash_key})
    with pytest.raises(SendingStopped, match="http_401"):
        world.send(plan_id, secrets=wrong)
    assert require_plan(world.ledger, plan_id).state == "paused"
    assert count_states(world.ledger, plan_id)["queued"] == 100
    assert sandbox.state()["received"] <= world.settings.liftoff.connections
    resume_plan(world.ledger, plan_id, "a test")
    assert world.send(plan_id).delivered == 100


def test_a_paused_plan_is_not_sent(world: World, sandbox: SandboxProcess) -> None:
    """Pausing between approval and sending holds."""
    plan_id = world.plan()
    pause_plan(world.ledger, plan_id, "a test")
    with pytest.raises(UsageError, match="resume"):
        world.send(plan_id)
    assert sandbox.state()["received"] == 0


def test_a_stop_of_everything_holds(world: World, sandbox: SandboxProcess) -> None:
    """The kill switch ends a delivery before anything leaves."""
    plan_id = world.plan()
    stop(world.ledger, "production", "a test", "rehearsal")
    report = world.send(plan_id)
    assert (report.stopped, report.counts["queued"], sandbox.state()["received"]) == ("stopped", 10, 0)


def test_a_delivery_ends_when_asked_to(world: World, sandbox: SandboxProcess) -> None:
    """Asked to stop, it records what it sent and leaves the rest queued."""
    plan_id = world.plan(rows=500)
    report = world.send(plan_id, should_stop=lambda: sandbox.state()["received"] > 50)
    assert report.stopped == "interrupted"
    assert report.counts["sending"] == 0
    assert report.counts["delivered"] == sandbox.state()["accepted"]
    assert world.send(plan_id).counts["delivered"] == 500
    assert sandbox.state()["accepted_twice"] == 0


def test_a_refusal_does_not_stop_others(world: World) -> None:
    """A postback that the partner calls malformed is recorded as refused."""
    report = world.send(world.plan(changes={"language": "xx"}))
    assert (report.counts["refused"], report.state) == (10, "finished")


def test_a_failed_canary_holds_the_rest_back(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """Where the first ones are refused, the rest is not even asked."""
    world = make_world(canary=20)
    plan_id = world.plan(rows=200, canary="waiting", changes={"language": "xx"})
    with pytest.raises(SendingStopped, match="first"):
        world.send(plan_id)
    assert sandbox.state()["received"] == 20
    assert count_states(world.ledger, plan_id)["queued"] == 180
    assert require_plan(world.ledger, plan_id).state == "paused"


def test_a_good_canary_lets_the_rest_follow(make_world: MakeWorld) -> None:
    """Where the first ones are taken, the rest is sent without a person."""
    world = make_world(canary=20)
    assert world.send(world.plan(rows=200, canary="waiting")).delivered == 200


def test_an_unanswered_request_is_unknown_until_a_person_decides(
    make_world: MakeWorld, sandbox: SandboxProcess
) -> None:
    """A reset leaves it in doubt; it is not sent again by itself, and is by an operator."""
    sandbox.set_faults({"reset": 1.0})
    world = make_world()
    plan_id = world.plan()
    report = world.send(plan_id)
    assert (report.counts["unknown"], report.exit_code) == (10, 1)
    sandbox.set_faults({})
    assert world.send(plan_id).counts["unknown"] == 10
    resolve_unknown(world.ledger, plan_id, resend=True, who="a test", reason="the partner has none of them")
    assert world.send(plan_id).counts["delivered"] == 10


def test_an_unreachable_partner_is_tried_again(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """A connection that was never made loses nothing; given up only after attempts and time."""
    world = make_world(postback_url="http://127.0.0.1:9/v2/events", least_attempts=2, give_up_hours=0)
    report = world.send(world.plan(rows=3))
    assert (report.counts["refused"], report.counts["unknown"]) == (3, 0)
    assert [row.code for row in find_postbacks(world.ledger, f"{0:032x}")] == ["gave_up"]


def test_a_users_rule_decides_before_ours(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """What an answer means is configuration."""
    sandbox.set_faults({"500": 1.0})
    world = make_world(responses=(Response(status="500", outcome="refused"),))
    assert world.send(world.plan()).counts["refused"] == 10


def test_a_daily_cap_ends_the_day(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """No more attempts are made on a day than the cap allows; the rest stays queued."""
    world = make_world(daily_cap=25)
    report = world.send(world.plan(rows=60))
    assert (report.stopped, sandbox.state()["received"]) == ("daily_cap", 25)
    assert report.counts["queued"] == 35


def test_a_plan_that_ends_with_the_days_cap_has_ended(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """The cap is in nobody's way where nothing is left to send."""
    world = make_world(daily_cap=25)
    report = world.send(world.plan(rows=25))
    assert (report.stopped, report.state, report.exit_code) == (None, "finished", 0)
    assert sandbox.state()["received"] == 25


def test_nothing_personal_is_told(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither log nor report nor output has an id, an address or the key."""
    caplog.set_level("DEBUG")
    report = world.send(world.plan())
    told = capfd.readouterr()
    everything = f"{report}{told.out}{told.err}{caplog.text}"
    for secret in (name_device(0), "2001:db8::1", world.sandbox.credentials.api_key):
        assert secret not in everything
