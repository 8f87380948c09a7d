"""Opt-outs are submitted until Liftoff has said something about each."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from etl.liftoff.answers import Answer
from etl.liftoff.backoff import Patience
from etl.liftoff.client import Manners
from etl.liftoff.opt_out_answers import Verdict
from etl.liftoff.opt_out_bodies import LiftoffType, OptOut
from etl.liftoff.opt_outs import (
    BATCH_SIZE,
    MOST_FAILURES,
    OptOutClient,
    Submitted,
    Submitter,
    Submitting,
    divide_refused,
)
from etl.liftoff.sandbox.counts import fingerprint
from etl.liftoff.sandbox.credentials import TEST_PASSWORD, TEST_USER
from etl.liftoff.sandbox.opt_out_rules import judge_opt_out
from etl.liftoff.sandbox.process import SandboxProcess

BEGAN = datetime(2026, 11, 28, 12, tzinfo=UTC)
PATIENCE = Patience(base_seconds=1, cap_seconds=60, least_attempts=3, give_up_after=timedelta(seconds=1))
STORES = ("1234567890",)
Send = Callable[[bytes], Answer]


@dataclass(slots=True)
class HandClock:
    """A clock that waiting moves."""

    at: datetime = BEGAN
    waits: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """Tell the time."""
        return self.at

    def wait(self, seconds: float) -> None:
        """Let time pass at once."""
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True)
class Rules:
    """Liftoff's documented rules without a network, by which some ids are not valid; `before` comes first."""

    invalid: frozenset[str] = frozenset()
    before: list[Answer] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)

    def send(self, body: bytes) -> Answer:
        """Answer a body."""
        self.bodies.append(json.loads(body))
        if self.before:
            return self.before.pop(0)
        judged = judge_opt_out(body, "application/json")
        is_invalid = not self.invalid.isdisjoint(judged.device_ids)
        return Answer("answered", 400 if is_invalid else judged.status)


def make_opt_out(number: int, id_type: LiftoffType = "gaid", stores: tuple[str, ...] = ()) -> OptOut:
    """Make the opt-out of a number."""
    device_id = str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4))
    return OptOut(f"r{number}", device_id.upper() if id_type == "idfa" else device_id, id_type, stores)


def make_many(count: int) -> list[OptOut]:
    """Make opt-outs of one group."""
    return [make_opt_out(number) for number in range(count)]


def submit(
    send: Send,
    opt_outs: Sequence[OptOut],
    clock: HandClock | None = None,
    *,
    batch_size: int = BATCH_SIZE,
    most_failures: int = MOST_FAILURES,
) -> tuple[dict[str, Submitted], Submitter]:
    """Submit all, and give what came of each."""
    clock = clock or HandClock()
    chance = random.Random(7)  # noqa: S311 - seeded, not secret
    submitting = Submitting(
        send,
        PATIENCE,
        is_test=True,
        batch_size=batch_size,
        most_failures=most_failures,
        wait=clock.wait,
        now=clock.now,
        chance=chance,
    )
    submitter = Submitter(submitting)
    told = [each for batch in submitter.submit(opt_outs) for each in batch]
    assert sorted(each.request_id for each in told) == sorted(each.request_id for each in opt_outs)
    return {each.request_id: each for each in told}, submitter


def outcomes(told: dict[str, Submitted]) -> dict[str, set[str]]:
    """Give the requests of each outcome."""
    found: dict[str, set[str]] = {}
    for each in told.values():
        found.setdefault(each.outcome, set()).add(each.request_id)
    return found


def refusing(invalid: set[int], asked: list[int]) -> Callable[[Sequence[OptOut]], Verdict]:
    """Make what refuses every part with one of these."""
    ids = {f"r{number}" for number in invalid}

    def ask(part: Sequence[OptOut]) -> Verdict:
        asked.append(len(part))
        return Verdict("split" if any(each.request_id in ids for each in part) else "accepted")

    return ask


@given(st.integers(1, 300), st.sets(st.integers(0, 299), max_size=12))
def test_halving_finds_exactly_the_invalid_ids(count: int, invalid: set[int]) -> None:
    """With a bounded number of questions, and each id in one part."""
    invalid = {number for number in invalid if number < count}
    batch, asked = make_many(count), list[int]()
    parts = list(divide_refused(batch, refusing(invalid, asked)))
    alone = {part[0].request_id for part, verdict in parts if verdict.meaning == "split"}
    assert alone == {f"r{number}" for number in invalid}
    assert sorted(each.request_id for part, _ in parts for each in part) == sorted(
        each.request_id for each in batch
    )
    assert len(asked) <= min(1 + 2 * len(invalid) * math.ceil(math.log2(count)), 2 * count - 1)


def test_three_bad_ids_among_five_hundred() -> None:
    """They are refused, all others are accepted, within 55 requests."""
    opt_outs, bad = make_many(500), {"r0", "r250", "r499"}
    rules = Rules(frozenset(each.device_id for each in opt_outs if each.request_id in bad))
    told, _ = submit(rules.send, opt_outs)
    assert outcomes(told)["refused"] == bad
    assert len(outcomes(told)["accepted"]) == 497
    assert {told[each].code for each in bad} == {"http_400"}
    assert len(rules.bodies) <= 55


def test_types_and_apps_go_in_bodies_of_their_own() -> None:
    """One type a request, and the same apps."""
    rules = Rules()
    opt_outs = [
        make_opt_out(number, "idfa" if number % 2 else "gaid", STORES if number % 3 else ())
        for number in range(12)
    ]
    told, _ = submit(rules.send, opt_outs, batch_size=100)
    groups = {(body["device-id-type"], str(body.get("app-store-ids"))) for body in rules.bodies}
    assert (len(rules.bodies), len(groups)) == (4, 4)
    assert set(outcomes(told)) == {"accepted"}


def test_accepted_has_liftoffs_answer_and_time() -> None:
    """Which is what evidence needs."""
    told, _ = submit(Rules().send, [make_opt_out(1)])
    assert told["r1"] == Submitted("r1", "accepted", None, 200, BEGAN)


def test_a_202_is_told_and_is_no_success() -> None:
    """Nothing was processed, though no id was zeros: a fault of ours."""
    told, submitter = submit(Rules(before=[Answer("answered", 202)]).send, make_many(2))
    assert {(each.outcome, each.code) for each in told.values()} == {("not_processed", "http_202")}
    assert submitter.stop is None


@pytest.mark.parametrize("status", [301, 302, 401, 403, 404, 204])
def test_a_stop_lets_nothing_more_leave(status: int) -> None:
    """What was accepted stays so; all else keeps its state, and nobody is said to have been answered."""
    rules = Rules(before=[Answer("answered", 200), Answer("answered", status)])
    told, submitter = submit(rules.send, make_many(10), batch_size=2)
    assert outcomes(told) == {
        "accepted": {"r0", "r1"},
        "unsubmitted": {f"r{number}" for number in range(2, 10)},
    }
    assert len(rules.bodies) == 2
    assert submitter.stop is not None
    assert submitter.stop.code == f"http_{status}"
    assert [told[name].status for name in ("r2", "r4")] == [status, None]


def test_a_stop_amid_halving_keeps_what_was_told() -> None:
    """The halves that were not asked for are unsubmitted."""
    rules = Rules(before=[Answer("answered", status) for status in (400, 200, 401)])
    told, _ = submit(rules.send, make_many(4))
    assert outcomes(told) == {"accepted": {"r0", "r1"}, "unsubmitted": {"r2", "r3"}}


@pytest.mark.parametrize(
    "failed",
    [
        Answer("answered", 503),
        Answer("answered", 429),
        Answer("unanswered", detail="timeout"),
        Answer("unsent", detail="unreachable"),
        Answer("answered", 200, b'{"status": "error"}'),
    ],
)
def test_what_failed_is_tried_again(failed: Answer) -> None:
    """With waits between, until it is accepted."""
    clock, rules = HandClock(), Rules(before=[failed] * 2)
    told, _ = submit(rules.send, make_many(2), clock)
    assert (len(clock.waits), len(rules.bodies)) == (2, 3)
    assert set(outcomes(told)) == {"accepted"}


def test_a_wait_is_at_least_what_liftoff_asks_for() -> None:
    """Retry-After, in seconds."""
    clock = HandClock()
    submit(Rules(before=[Answer("answered", 429, retry_after="9")]).send, make_many(1), clock)
    assert clock.waits == [9]


def test_ts_is_the_time_of_the_attempt() -> None:
    """In seconds, and anew each time."""
    rules = Rules(before=[Answer("answered", 503, retry_after="60")])
    submit(rules.send, make_many(1))
    began = int(BEGAN.timestamp())
    assert [body["ts"] for body in rules.bodies] == [began, began + 60]


def test_one_body_that_fails_for_ever_does_not_hold_up_the_others() -> None:
    """It is given up for this time, and they are submitted."""
    rules = Rules(before=[Answer("answered", 500, retry_after="1")] * 3)
    told, submitter = submit(rules.send, make_many(4), batch_size=2)
    assert outcomes(told) == {"accepted": {"r2", "r3"}, "unsubmitted": {"r0", "r1"}}
    assert (told["r0"].code, told["r0"].status, submitter.stop) == ("gave_up", 500, None)


def test_bodies_that_fail_now_and_then_stop_nothing() -> None:
    """Only those in a row say that Liftoff is down."""
    failed, fine = Answer("answered", 500, retry_after="1"), Answer("answered", 200)
    told, submitter = submit(
        Rules(before=[*[failed] * 3, fine] * 5).send, make_many(10), batch_size=1, most_failures=2
    )
    assert (len(outcomes(told)["accepted"]), len(outcomes(told)["unsubmitted"])) == (5, 5)
    assert submitter.stop is None


def test_when_liftoff_is_down_it_is_left_alone() -> None:
    """After some bodies in a row; all that was not accepted waits for the next sweep."""
    down = Rules(before=[Answer("unsent", detail="unreachable")] * 1000)
    told, submitter = submit(down.send, make_many(100), batch_size=1, most_failures=3)
    assert outcomes(told).keys() == {"unsubmitted"}
    assert len(down.bodies) < 50
    assert submitter.stop is not None
    assert submitter.stop.code == "gave_up"


def test_where_everything_is_refused_nobody_is() -> None:
    """The fault is hardly 500 ids', so the group is held after some requests, and others go on."""
    opt_outs = [*(make_opt_out(number, "gaid", STORES) for number in range(1000)), make_opt_out(1000)]
    rules = Rules(frozenset(each.device_id for each in opt_outs[:1000]))
    told, submitter = submit(rules.send, opt_outs)
    assert outcomes(told)["accepted"] == {"r1000"}
    assert len(outcomes(told)["unsubmitted"]) == 1000
    assert {told[f"r{number}"].code for number in range(1000)} == {"too_many_refused"}
    assert len(rules.bodies) <= 64
    assert submitter.stop is None


def test_once_something_was_accepted_any_number_may_be_refused() -> None:
    """Then the type and the apps are right, and each refusal is the id's own."""
    opt_outs = make_many(200)
    rules = Rules(frozenset(each.device_id for each in opt_outs[100:]))
    told, _ = submit(rules.send, opt_outs, batch_size=100)
    assert {name: len(names) for name, names in outcomes(told).items()} == {"accepted": 100, "refused": 100}


def test_a_refusal_without_a_success_beside_it_is_doubted() -> None:
    """The apps that it is for may be what Liftoff refuses."""
    opt_out = make_opt_out(1, "gaid", STORES)
    told, _ = submit(Rules(frozenset({opt_out.device_id})).send, [opt_out])
    assert (told["r1"].outcome, told["r1"].code) == ("refused", "refused_unproven")


def test_an_unsound_id_is_refused_unsent() -> None:
    """It would fail the others of its body."""
    rules = Rules()
    told, _ = submit(rules.send, [make_opt_out(1), OptOut("x", "00000000", "gaid")])
    assert told["x"] == Submitted("x", "refused", "unsound")
    assert len(rules.bodies) == 1


def test_outcomes_come_batch_by_batch() -> None:
    """What was accepted is recorded before the next body leaves."""
    rules = Rules()
    batches = Submitter(Submitting(rules.send, PATIENCE, is_test=True, batch_size=2)).submit(make_many(6))
    assert len(next(batches)) == 2
    assert len(rules.bodies) == 1


def test_each_request_is_paced() -> None:
    """Those of a halved batch as well."""
    paced: list[int] = []
    opt_outs = make_many(4)
    rules = Rules(frozenset({opt_outs[0].device_id}))
    how = Submitting(rules.send, PATIENCE, is_test=True, pace=lambda: paced.append(len(rules.bodies)))
    list(Submitter(how).submit(opt_outs))
    assert paced == list(range(len(rules.bodies)))


@pytest.fixture
def client(sandbox: SandboxProcess) -> Iterator[OptOutClient]:
    """Give a client of the sandbox."""
    with make_client(sandbox.opt_out_url, TEST_USER, TEST_PASSWORD) as client:
        yield client


def make_client(url: str, user: str, password: str) -> OptOutClient:
    """Make a client."""
    return OptOutClient(url, SecretStr(user), SecretStr(password), Manners(5, 5))


def accepted_by(sandbox: SandboxProcess) -> set[str]:
    """Give the fingerprints of the ids that the sandbox accepted, as tests."""
    return {
        each["fingerprint"]
        for each in sandbox.occurrences()
        if each["api"] == "opt_outs" and each["mode"] == "test" and each["accepted"]
    }


def fingerprints(opt_outs: Sequence[OptOut]) -> set[str]:
    """Give what the sandbox calls opt-outs."""
    return {
        fingerprint(
            [*(("app-store-ids", store) for store in each.app_store_ids), ("device-ids", each.device_id)]
        ).hex()
        for each in opt_outs
    }


def test_the_sandbox_accepts_what_is_submitted(sandbox: SandboxProcess, client: OptOutClient) -> None:
    """Both types, with apps and without, and exactly these ids."""
    opt_outs = [
        make_opt_out(number, "idfa" if number % 2 else "gaid", STORES if number % 3 else ())
        for number in range(1200)
    ]
    told, _ = submit(client.send, opt_outs)
    assert set(outcomes(told)) == {"accepted"}
    assert accepted_by(sandbox) == fingerprints(opt_outs)
    assert sandbox.state()["opt_outs"]["test"]["broken"] == {}


def test_the_sandbox_finds_the_bad_ids(sandbox: SandboxProcess, client: OptOutClient) -> None:
    """Ids that are spoiled on the way are found, and the others are accepted."""
    opt_outs, bad = make_many(500), {"r3", "r4", "r477"}
    spoiled = [each.device_id.encode() for each in opt_outs if each.request_id in bad]

    def send(body: bytes) -> Answer:
        for device_id in spoiled:
            body = body.replace(device_id, device_id[:-1])
        return client.send(body)

    told, _ = submit(send, opt_outs)
    assert outcomes(told)["refused"] == bad
    assert accepted_by(sandbox) == fingerprints([each for each in opt_outs if each.request_id not in bad])


def test_a_store_id_that_is_none_is_held_and_the_others_go_on(
    sandbox: SandboxProcess, client: OptOutClient
) -> None:
    """The sandbox refuses AppsFlyer's spelling of an app."""
    wrong = [make_opt_out(number, "gaid", ("id1234567890",)) for number in range(100)]
    right = [make_opt_out(number, "gaid", STORES) for number in range(100, 200)]
    told, _ = submit(client.send, [*wrong, *right])
    assert outcomes(told)["accepted"] == {each.request_id for each in right}
    assert outcomes(told)["unsubmitted"] == {each.request_id for each in wrong}


@pytest.mark.parametrize(
    "faults",
    [
        {"429": 0.2, "429_retry_after": 0.1, "500": 0.2, "503": 0.1},
        {"200_error": 0.5},
        {"half": 0.3, "reset": 0.3},
    ],
    ids=["busy", "lying", "broken"],
)
def test_faults_delay_and_lose_nothing(
    sandbox: SandboxProcess, client: OptOutClient, faults: dict[str, float]
) -> None:
    """Whatever befalls a request, in the end the sandbox has accepted every id."""
    sandbox.set_faults(faults, seed=11, retry_after_seconds=1)
    patient = Patience(base_seconds=1, cap_seconds=60, least_attempts=50, give_up_after=timedelta(hours=1))
    clock, opt_outs = HandClock(), make_many(400)
    how = Submitting(client.send, patient, is_test=True, batch_size=10, wait=clock.wait, now=clock.now)
    told = [each for batch in Submitter(how).submit(opt_outs) for each in batch]
    assert {each.outcome for each in told} == {"accepted"}
    assert accepted_by(sandbox) == fingerprints(opt_outs)


def test_wrong_credentials_stop_everything(sandbox: SandboxProcess) -> None:
    """Nothing was accepted, and one request was sent."""
    with make_client(sandbox.opt_out_url, TEST_USER, "wrong") as client:
        told, submitter = submit(client.send, make_many(1200))
    assert outcomes(told).keys() == {"unsubmitted"}
    assert submitter.stop is not None
    assert submitter.stop.code == "http_401"
    assert accepted_by(sandbox) == set()
    assert sandbox.state()["opt_outs"]["test"]["received"] == 1


def test_in_production_it_is_no_test(sandbox: SandboxProcess, client: OptOutClient) -> None:
    """`test` is said either way."""
    list(Submitter(Submitting(client.send, PATIENCE, is_test=False)).submit(make_many(3)))
    counts = sandbox.state()["opt_outs"]
    assert [counts[mode]["accepted_occurrences"] for mode in ("production", "test")] == [3, 0]
