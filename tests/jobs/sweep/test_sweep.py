"""A sweep: lists are taken in, their people suppressed at once, and submitted to the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from etl.errors import ConfigurationError
from etl.jobs.steering import Word
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.persons import confirm_person, lift_person, show_person
from etl.jobs.sweep.story import read_deadlines, sweep
from etl.ledger.opt_outs import list_due, list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets
from etl.subjects import hash_subject
from tests.jobs.sweep.offices import (
    APP,
    GAID,
    IDFA,
    KEY,
    drop,
    folder_of,
    is_suppressed,
    make_secrets,
    open_ledger_of,
    opted_out,
    run,
)
from tests.services.files import read_all
from tests.services.worlds import World, message

IDFV = "0A1B2C3D-4E5F-4061-8273-94A5B6C7D8E9"


def test_a_list_is_taken_in_suppressed_and_submitted(world: World, sandbox: SandboxProcess) -> None:
    """Its people are accepted by the sandbox, each once; the list leaves the inbox."""
    path = drop(world, "a.csv", f"idfa,gaid\n{IDFA.lower()},{GAID.upper()}\n")

    report = run(world, sandbox)

    assert report.exit_code == 0
    assert (report.lists[0].accepted, report.submission.outcomes) == (2, {"accepted": 2})
    assert opted_out(sandbox)["accepted_occurrences"] == 2
    assert is_suppressed(world, IDFA)
    assert is_suppressed(world, GAID)
    assert not path.exists()


def test_what_remains_of_a_list_names_nobody(world: World, sandbox: SandboxProcess) -> None:
    """A manifest of counts and keyed hashes, and lines and codes of what was rejected."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n00000000-0000-0000-0000-000000000000\nno-id\n")
    run(world, sandbox)

    folder = folder_of(world.settings)
    (manifest,) = [json.loads(path.read_text()) for path in (folder / "done").iterdir()]
    (rejected,) = [json.loads(path.read_text()) for path in (folder / "rejected").iterdir()]
    assert (manifest["accepted"], manifest["rejected"]) == (1, 2)
    assert manifest["subjects"] == [hash_subject(KEY, IDFA)]
    assert [each["line"] for each in rejected["rejected"]] == [3, 4]
    kept = read_all(folder)
    assert IDFA.lower().encode() not in kept.lower()


def test_a_dry_run_changes_nothing(world: World, sandbox: SandboxProcess) -> None:
    """It says what would become of each list."""
    path = drop(world, "a.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox, is_dry_run=True)

    assert report.lists[0].accepted == 1
    assert path.exists()
    assert not is_suppressed(world, IDFA)
    assert list(list_requests(open_ledger_of(world))) == []
    assert opted_out(sandbox)["received"] == 0
    assert "Nothing was changed: a dry run." in list(describe_sweep(report))


def test_a_list_dropped_twice_is_submitted_once(world: World, sandbox: SandboxProcess) -> None:
    """By its bytes, whatever its name; and the same id on another list is the same request."""
    for name, text in (
        ("a.csv", f"idfa\n{IDFA}\n"),
        ("b.csv", f"idfa\n{IDFA}\n"),
        ("c.csv", f"idfa\n{IDFA.lower()}\n"),
    ):
        drop(world, name, text)
        run(world, sandbox)

    assert opted_out(sandbox)["received"] == 1
    assert len(list(list_requests(open_ledger_of(world), states=("done",)))) == 1
    assert list((folder_of(world.settings) / "inbox").iterdir()) == []


def test_a_list_that_cannot_be_read_stays_and_the_others_go_on(world: World, sandbox: SandboxProcess) -> None:
    """The sweep ends red, with a sentence on why; its deadline runs."""
    path = drop(world, "a.csv", f"idfa,consent\n{GAID},no\n")
    drop(world, "b.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    assert report.exit_code == 1
    assert path.exists()
    assert report.submission.outcomes == {"accepted": 1}
    assert any("stays in the inbox" in line for line in describe_sweep(report))


def test_an_id_of_many_installs_waits_for_a_person(world: World, sandbox: SandboxProcess) -> None:
    """It may be what half the users share: nobody is suppressed before somebody looked."""
    world.land([message(number, idfa=IDFA) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    assert (report.exit_code, report.lists[0].waiting) == (1, 1)
    assert not is_suppressed(world, IDFA)
    assert opted_out(sandbox)["received"] == 0
    assert confirm_person(world.settings, f"{IDFA}\n", make_secrets(sandbox)) == 1
    assert is_suppressed(world, IDFA)
    assert run(world, sandbox).submission.outcomes == {"accepted": 1}


def test_who_is_confirmed_leaves_with_all_installs(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the lake and in what comes later, which tells of an install that was known with the id."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    world.land([message(number, idfa=IDFA, idfv=IDFV) for number in range(5)])
    world.land([message(3, event_name="later"), message(9)], "push/2026/09/01/14/b.json.gz")
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    confirm_person(world.settings, IDFA, make_secrets(sandbox))

    report = run(world, sandbox)

    assert (report.erasing.linked, report.erasing.shared) == (6, 0)
    assert len(world.events()) == 1
    world.land([message(4, event_name="latest"), message(8, idfv=IDFV)], "push/2026/09/01/15/c.json.gz")
    assert world.ingest().published == 0


def test_installs_of_a_confirmed_id_that_come_later_are_linked(
    world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their number: the next row of each is one of somebody who was erased."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    world.land([message(number, idfa=IDFA) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    confirm_person(world.settings, IDFA, make_secrets(sandbox))
    run(world, sandbox)

    world.land([message(number, idfa=IDFA) for number in range(10, 18)], "push/2026/09/01/14/b.json.gz")
    world.ingest()
    world.land([message(number, event_name="x") for number in range(10, 18)], "push/2026/09/01/15/c.json.gz")
    world.ingest()

    assert world.events() == []


def test_the_lake_tells_the_type_of_an_id(world: World, sandbox: SandboxProcess) -> None:
    """Mixed casing says nothing; the lake has seen it as an advertising id."""
    world.land([message(1, advertising_id=GAID)])
    world.ingest()
    drop(world, "a.txt", f"{GAID[:8].upper()}{GAID[8:]}\n")

    run(world, sandbox)

    (request,) = list_requests(open_ledger_of(world), states=("done",))
    assert (request.id_type, request.submission) == ("gaid", "accepted")


def test_a_wish_for_one_app_is_submitted_for_its_store(world: World, sandbox: SandboxProcess) -> None:
    """And suppresses for that app alone."""
    drop(world, "a.json", json.dumps([{"idfa": IDFA, "app_id": APP}]))

    assert run(world, sandbox).submission.outcomes == {"accepted": 1}
    assert is_suppressed(world, IDFA, APP)
    assert not is_suppressed(world, IDFA, "com.other")


def test_ids_that_liftoff_does_not_take_are_for_our_own_erasure(
    world: World, sandbox: SandboxProcess
) -> None:
    """They are suppressed, and not submitted."""
    drop(world, "a.csv", f"idfv\n{IDFA}\n")

    report = run(world, sandbox)

    assert report.submission.outcomes == {}
    assert is_suppressed(world, IDFA)
    assert [each.submission for each in list_requests(open_ledger_of(world), states=("done",))] == [
        "not_needed"
    ]


def test_liftoff_down_for_a_while_leaves_it_due(world: World, sandbox: SandboxProcess) -> None:
    """People are suppressed all the same; the next sweep submits them."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    sandbox.set_faults({"503": 1.0})

    report = run(world, sandbox)

    assert report.submission.outcomes == {"due": 1}
    assert is_suppressed(world, IDFA)
    sandbox.set_faults({})
    assert run(world, sandbox).submission.outcomes == {"accepted": 1}


def test_refused_credentials_stop_the_sweep_with_nothing_lost(world: World, sandbox: SandboxProcess) -> None:
    """Every state stays."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    wrong = make_secrets(sandbox).model_copy(update={"liftoff_opt_out_password": SecretStr("wrong")})

    report = sweep(world.settings, wrong)

    assert (report.exit_code, report.submission.stopped) == (1, "http_401")
    assert len(list_due(open_ledger_of(world), "submission")) == 1


def test_without_credentials_people_are_suppressed_all_the_same(
    world: World, sandbox: SandboxProcess
) -> None:
    """Then it says what is missing."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    with pytest.raises(ConfigurationError, match="PUSHLIFT_LIFTOFF_OPT_OUT_USER"):
        sweep(world.settings, Secrets(hash_key=SecretStr(KEY.decode())))

    assert is_suppressed(world, IDFA)


def test_without_the_key_nothing_is_taken_in(world: World, sandbox: SandboxProcess) -> None:
    """With another, nobody would be recognized later."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    path = drop(world, "b.csv", f"gaid\n{GAID}\n")
    other = make_secrets(sandbox).model_copy(update={"hash_key": SecretStr("another")})

    with pytest.raises(ConfigurationError, match="PUSHLIFT_HASH_KEY"):
        sweep(world.settings, other)

    assert path.exists()


def test_a_test_proves_nothing(world: World, sandbox: SandboxProcess) -> None:
    """Liftoff is told that it is one, and the opt-out stays due."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    testing = world.settings.opt_outs.model_copy(update={"test": True})
    world = replace(world, settings=world.settings.model_copy(update={"opt_outs": testing}))

    assert run(world, sandbox).submission.outcomes == {"due": 1}
    assert sandbox.state()["opt_outs"]["test"]["accepted"] == 1
    assert opted_out(sandbox)["received"] == 0


def test_a_person_is_shown_and_lifted_by_their_id(world: World, sandbox: SandboxProcess) -> None:
    """With a reason that is kept; what comes back names nobody."""
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    run(world, sandbox)
    secrets = make_secrets(sandbox)
    (view,) = show_person(world.settings, f"{IDFA.lower()}\n", secrets)
    assert (view.state, view.submission) == ("done", "accepted")
    assert IDFA not in repr(view)

    assert lift_person(world.settings, IDFA, Word("consented again"), secrets) == 1

    assert not is_suppressed(world, IDFA)
    (view,) = show_person(world.settings, IDFA, secrets)
    assert (view.state, view.lift_reason) == ("lifted", "consented again")


def test_the_days_that_are_left_are_told(world: World, sandbox: SandboxProcess) -> None:
    """From when the person asked."""
    drop(world, "a.json", json.dumps([{"idfa": IDFA, "requested_at": "2026-11-01T00:00:00Z"}]))
    sandbox.set_faults({"503": 1.0})
    run(world, sandbox)

    (deadline,) = read_deadlines(world.settings, datetime(2026, 11, 21, tzinfo=UTC))

    assert deadline.days_left == 10
