"""A delivery inside a task: counters, a day's cap, and how it ends early."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from etl.airflow.delivering import CAP_LOOKS, Meter, deliver_plan
from etl.errors import PostbacksUnsettled, SendingInterrupted
from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.counting import Tally
from etl.jobs.steering import Word, stop_all
from etl.ledger.database import begin_write
from etl.ledger.plans import pause_plan
from etl.ledger.postback_tables import rates
from etl.ledger.progress import count_states
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Settings
from tests.services.plans import APP, Wanted, add_plan, describe_settings, make_secrets, open_ledger_of


@pytest.fixture
def settings(tmp_path: Path, sandbox: SandboxProcess) -> Settings:
    """Configure a ledger and the sandbox."""
    return describe_settings(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", sandbox.postback_url)


def make_delivery(settings: Settings, sandbox: SandboxProcess) -> Delivery:
    """Make a delivery that a task would."""
    return Delivery(settings, make_secrets(sandbox.credentials.api_key))


def test_the_meter_hands_on_what_was_added() -> None:
    """However often it is told the same tally, the counters come to what was counted."""
    counters: Counter[str] = Counter()
    tags: list[dict[str, str]] = []

    def increase(name: str, count: int, tagged: dict[str, str]) -> None:
        counters[name] += count
        tags.append(tagged)

    meter, tally = Meter("id1", "test", increase), Tally()
    for outcome in ("delivered", "delivered", "retry", "refused", "unknown"):
        tally.count(outcome)
        meter.note(tally)
        meter.note(tally)
    tally.count("delivered")
    meter.finish()

    assert counters == {
        "pushlift.postbacks.delivered": 3,
        "pushlift.postbacks.retried": 1,
        "pushlift.postbacks.refused": 1,
        "pushlift.postbacks.unknown": 1,
    }
    assert tags[0] == {"app_id": "id1", "mode": "test"}


def test_a_delivery_tells_the_meter_all_that_it_did(settings: Settings, sandbox: SandboxProcess) -> None:
    """The counters are the plan's."""
    plan_id = add_plan(settings, Wanted(rows=30))
    counters: Counter[str] = Counter()
    meter = Meter(APP, "production", lambda name, count, _: counters.update({name: count}))
    delivery = Delivery(settings, make_secrets(sandbox.credentials.api_key), watch=meter.note)

    deliver_plan(delivery, plan_id)
    meter.finish()

    assert counters == {"pushlift.postbacks.delivered": 30}


def test_a_task_that_is_asked_to_end_says_so_and_is_tried_again(
    settings: Settings, sandbox: SandboxProcess
) -> None:
    """What is not sent is still queued."""
    plan_id = add_plan(settings, Wanted(rows=3))
    delivery = Delivery(settings, make_secrets(sandbox.credentials.api_key), should_stop=lambda: True)

    with pytest.raises(SendingInterrupted) as caught:
        deliver_plan(delivery, plan_id)

    assert caught.value.is_retryable
    assert count_states(open_ledger_of(settings), plan_id)["queued"] == 3


def test_everything_that_is_stopped_stays_queued(settings: Settings, sandbox: SandboxProcess) -> None:
    """The error names the way out; trying again would not help."""
    plan_id = add_plan(settings, Wanted(rows=3))
    stop_all(settings, Word("a test"), is_test=False)

    with pytest.raises(PostbacksUnsettled, match="lift the stop"):
        deliver_plan(make_delivery(settings, sandbox), plan_id)

    assert sandbox.state()["received"] == 0


def test_the_days_cap_is_waited_out(settings: Settings, sandbox: SandboxProcess) -> None:
    """It looks again and again; when the day is over, what is left is sent."""
    capped = settings.model_copy(update={"liftoff": settings.liftoff.model_copy(update={"daily_cap": 4})})
    plan_id = add_plan(capped, Wanted(rows=6))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == CAP_LOOKS:
            begin_another_day(capped)

    report = deliver_plan(make_delivery(capped, sandbox), plan_id, sleep)

    assert (report.state, len(slept)) == ("finished", CAP_LOOKS)
    assert sandbox.state()["accepted_occurrences"] == 6


def begin_another_day(settings: Settings) -> None:
    """Have the ledger count from nothing, as it does after midnight."""
    with begin_write(open_ledger_of(settings)) as connection:
        connection.execute(rates.update().values(sent=0))


def test_a_pause_ends_the_task(settings: Settings, sandbox: SandboxProcess) -> None:
    """A plan that is paused before it begins is refused with the way on."""
    plan_id = add_plan(settings, Wanted(rows=3))
    delivery = make_delivery(settings, sandbox)
    calls = iter(range(100))

    def pause_once() -> bool:
        if next(calls) == 0:
            pause_plan(open_ledger_of(settings), plan_id, "a test")
        return False

    with pytest.raises(PostbacksUnsettled, match="resume it"):
        deliver_plan(Delivery(delivery.settings, delivery.secrets, should_stop=pause_once), plan_id)

    assert count_states(open_ledger_of(settings), plan_id)["queued"] == 3
