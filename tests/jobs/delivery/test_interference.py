"""What people, clocks and partners do while a plan is sent: nothing is lost, nothing arrives twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import make_url

from etl.errors import SendingStopped
from etl.ledger import database, slots
from etl.ledger.database import Ledger
from etl.ledger.plan_rows import cancel_plan
from etl.ledger.plans import pause_plan, require_plan
from etl.ledger.progress import count_states
from etl.ledger.rates import stop
from etl.ledger.suppressions import suppress
from etl.liftoff.sandbox.process import SandboxProcess
from etl.subjects import hash_subject
from tests.jobs.delivery.conftest import MakeWorld, World
from tests.services.listeners import answering, listen
from tests.services.plans import APP, HASH_KEY, describe_postback, name_device
from tests.services.postgres import PostgresServer


class JumpingClock(datetime):
    """This machine's clock, which somebody sets."""

    offset = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # of another class
        """Tell the time that the clock shows."""
        return datetime.now(tz) + cls.offset


@contextmanager
def once_received(sandbox: SandboxProcess, count: int, act: Callable[[], object]) -> Iterator[list[int]]:
    """Act as soon as so many requests were received; give how many were when that was done."""
    is_over = threading.Event()
    found: list[int] = []

    def watch() -> None:
        while not is_over.wait(0.005):
            if sandbox.state()["received"] >= count:
                act()
                found.append(sandbox.state()["received"])
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()


@pytest.mark.parametrize("days", [10, -10], ids=["ahead", "back"])
def test_a_clock_that_jumps(
    make_world: MakeWorld, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Neither leases, nor the rate, nor the ages of events lose or repeat anything when it is set."""
    monkeypatch.setattr(database, "datetime", JumpingClock)
    monkeypatch.setattr(JumpingClock, "offset", timedelta())
    sandbox.set_faults({"503": 0.05}, seed=3)
    world = make_world(max_age_days=5)
    plan_id = world.plan(rows=400)

    def jump() -> None:
        monkeypatch.setattr(JumpingClock, "offset", timedelta(days=days))

    with once_received(sandbox, 100, jump) as at:
        report = world.send(plan_id)
    assert at[0] < 400
    assert (report.state, report.counts["delivered"]) == ("finished", 400)
    assert sandbox.state()["accepted_twice"] == 0


def pause(ledger: Ledger, plan_id: str) -> None:
    """Pause a plan."""
    pause_plan(ledger, plan_id, "a test")


def cancel(ledger: Ledger, plan_id: str) -> None:
    """Cancel a plan."""
    cancel_plan(ledger, plan_id, "a test")


def pull_the_switch(ledger: Ledger, plan_id: str) -> None:
    """Stop everything."""
    stop(ledger, require_plan(ledger, plan_id).mode, "a test", "rehearsal")


@pytest.mark.parametrize(
    ("act", "reason"),
    [(pause, "plan_paused"), (cancel, "plan_cancelled"), (pull_the_switch, "stopped")],
    ids=["pause", "cancel", "stop"],
)
def test_a_word_from_outside_holds_when_it_is_said(
    make_world: MakeWorld, sandbox: SandboxProcess, act: Callable[[Ledger, str], None], reason: str
) -> None:
    """After it no intent is recorded: only what is on its way arrives, and all of that is recorded."""
    world = make_world(connections=4, postbacks_per_second=200)
    plan_id = world.plan(rows=400)
    with once_received(sandbox, 40, partial(act, world.ledger, plan_id)) as at:
        report = world.send(plan_id)
    state = sandbox.state()
    assert report.stopped == reason
    assert state["received"] <= at[0] + world.settings.liftoff.connections
    assert (report.counts["delivered"], report.counts["sending"]) == (state["accepted"], 0)
    assert report.counts["unknown"] == 0
    assert report.counts["queued" if act is not cancel else "cancelled"] == 400 - state["accepted"]


def test_a_person_suppressed_while_the_plan_is_sent(make_world: MakeWorld, sandbox: SandboxProcess) -> None:
    """From the moment on nothing of them leaves, claimed or not."""
    world = make_world(connections=4, postbacks_per_second=200)
    plan_id = world.plan(rows=300)
    people = [hash_subject(HASH_KEY, name_device(number)) for number in range(100, 300)]
    with once_received(sandbox, 20, lambda: suppress(world.ledger, people, APP, "erase")):
        report = world.send(plan_id)
    assert (report.counts["delivered"], report.counts["excluded"]) == (100, 200)
    assert sandbox.state()["received"] == 100


def test_a_partner_who_is_down_is_probed_by_one_request(
    make_world: MakeWorld, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few failures, then a probe now and then; all is delivered when the partner is back."""
    monkeypatch.setattr(slots, "FIRST_BREAK_SECONDS", 0.3)
    sandbox.set_faults({"503": 1.0})
    world = make_world(connections=4)
    plan_id = world.plan(rows=200)
    received: list[int] = []

    def mend() -> None:
        # In this time there is room for the second break and two probes.
        threading.Event().wait(0.8)
        received.append(sandbox.state()["received"])
        sandbox.set_faults({})

    with once_received(sandbox, 10, mend):
        report = world.send(plan_id)
    assert 10 < received[0] <= 10 + 4 + 3
    assert (report.counts["delivered"], sandbox.state()["accepted_twice"]) == (200, 0)


def test_a_ledger_that_is_gone_for_a_while(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str, sandbox: SandboxProcess
) -> None:
    """Answers wait in memory, nothing new leaves meanwhile, and nothing is in doubt in the end."""
    sandbox.set_faults({"slow": 1.0}, slow_seconds=0.05)
    world = World(tmp_path, postgres_url, sandbox, connections=4)
    plan_id = world.plan(rows=100)
    name = make_url(postgres_url).database
    others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
    stalled: list[int] = []

    def take_away() -> None:
        postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        postgres_server.run(others)
        pause = threading.Event()
        pause.wait(0.3)
        stalled.append(sandbox.state()["received"])
        pause.wait(0.5)
        stalled.append(sandbox.state()["received"])
        postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    with once_received(sandbox, 20, take_away):
        report = world.send(plan_id)
    assert stalled[0] == stalled[1] < 100
    assert (report.counts["delivered"], report.counts["unknown"]) == (100, 0)
    assert sandbox.state()["received"] == 100


def test_a_redirect_stops_everything_and_is_not_followed(make_world: MakeWorld) -> None:
    """Neither the key nor a person goes where an answer points; all stays queued."""
    with listen(answering()) as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        with listen(answering(moved)) as listener:
            world = make_world(postback_url=listener.url, connections=2)
            plan_id = world.plan(rows=50)
            with pytest.raises(SendingStopped, match="http_307"):
                world.send(plan_id)
    assert elsewhere.accepted == 0
    assert count_states(world.ledger, plan_id)["queued"] == 50
    assert require_plan(world.ledger, plan_id).state == "paused"


@pytest.mark.parametrize(
    "value",
    [
        "a&test_mode=1&device_id=x",
        "a#b?c=d",
        "Mozilla\r\nAuthorization: Bearer stolen\r\n\r\nGET / HTTP/1.1",
        "50%25 %0d%0a %zz +",
        '{"a": ["b", null]}',
        "../../v2/events\\..",
        "naïve 日本 \N{PILE OF POO} \N{RIGHT-TO-LEFT OVERRIDE}",
        "'; DROP TABLE postbacks; --",
        "{client_ip} (idfa) ${x}",
        "\x00\x1b[31m\t",
    ],
    ids=lambda value: ascii(value)[1:12],
)
def test_no_value_can_be_more_than_a_value(make_world: MakeWorld, value: str) -> None:
    """Whatever an app writes arrives as it is, in its own parameter and nowhere else."""
    changes = {"user_agent": value, "app_version": value, "os_version": value}
    with listen(answering()) as listener:
        world = make_world(postback_url=listener.url, connections=1)
        plan_id = world.plan(rows=1, changes=changes)
        assert world.send(plan_id).counts["delivered"] == 1
    (head,) = listener.heads
    request, *headers = head.decode("ascii").split("\r\n")
    assert request.count(" ") == 2
    assert [line for line in headers if line.startswith("Authorization")] == [
        f"Authorization: Bearer {world.secrets.liftoff_api_key.get_secret_value()}"  # type: ignore[union-attr]  # made up
    ]
    sent = dict(parse_qsl(urlsplit(request.split()[1]).query, strict_parsing=True, keep_blank_values=True))
    at = datetime.fromtimestamp(int(sent["event_timestamp"]) / 1000, UTC)
    assert sent == describe_postback(0, at, world.wanted(rows=1, changes=changes))
