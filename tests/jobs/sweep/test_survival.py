"""What lists and a partner do to a sweep: nobody is missed, nobody is reached who did not ask."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etl.errors import LockHeld
from etl.jobs.sweep.receiving import RECORDED
from etl.jobs.sweep.story import read_deadlines, sweep
from etl.ledger.exports import begin_export
from etl.ledger.holding import hold_lock
from etl.ledger.opt_outs import CHUNK, list_due, list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.stores import open_store
from tests.jobs.sweep.offices import (
    APP,
    IDFA,
    drop,
    folder_of,
    is_suppressed,
    make_secrets,
    open_ledger_of,
    opted_out,
    run,
)
from tests.liftoff.test_opt_outs_over_connections import read_post
from tests.services.listeners import OK, Line, listen
from tests.services.worlds import World, message

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def name_device(number: int) -> str:
    """Name a device."""
    return f"6F9619FF-8B86-4011-B42D-{0xC0FFEE000000 + number:012X}"


def configure(world: World, **changes: object) -> World:
    """Change how opt-outs are submitted."""
    opt_outs = world.settings.opt_outs.model_copy(update=changes)
    return replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))


def test_one_id_in_three_lists_with_other_casings_and_scopes(world: World, sandbox: SandboxProcess) -> None:
    """One request an app, submitted once each; to be erased is more than not to be shared."""
    world.land([message(1, idfa=IDFA), message(2, idfa=IDFA.lower(), app_id="com.other"), message(3)])
    world.ingest()
    drop(world, "a.csv", f"idfa,kind\n{IDFA.lower()},do_not_share\n")
    drop(world, "b.json", json.dumps([{"idfa": f" {IDFA} ", "app_id": APP}]))
    drop(world, "c.csv", f"idfa\n{IDFA[:8].lower()}{IDFA[8:]}\n")

    first, again = run(world, sandbox), run(world, sandbox)

    assert [each.accepted for each in first.lists] == [1, 1, 1]
    found = list_requests(open_ledger_of(world), states=("done",))
    assert {(each.app_id, each.kind, each.submission) for each in found} == {
        ("*", "erase", "accepted"),
        (APP, "erase", "accepted"),
    }
    assert (first.submission.outcomes, again.submission.outcomes) == ({"accepted": 2}, {})
    assert opted_out(sandbox)["accepted_occurrences"] == 2
    assert [row["event_value"] for row in world.events("event_value")] == ['{"af_revenue": 3}']


def test_a_list_with_a_tenth_of_garbage(world: World, sandbox: SandboxProcess) -> None:
    """Each bad line is told with its number and a code, and costs nobody else anything."""
    garbage = [
        "00000000-0000-0000-0000-000000000000",
        "null",
        "no id at all",
        "9774d56d682e549c",
        f"{name_device(1)}9",
        "=HYPERLINK()",
    ]
    lines = [garbage[n // 10 % len(garbage)] if n % 10 == 7 else name_device(n) for n in range(1_000)]
    drop(world, "a.csv", "idfa\n" + "\n".join(lines) + "\n")

    report = run(world, sandbox)

    (found,) = report.lists
    assert (found.accepted, found.duplicates, sum(found.rejected.values())) == (900, 0, 100)
    assert report.submission.outcomes == {"accepted": 900}
    (rejected,) = [
        json.loads(path.read_text()) for path in (folder_of(world.settings) / "rejected").iterdir()
    ]
    assert [each["line"] for each in rejected["rejected"]] == [n + 2 for n in range(1_000) if n % 10 == 7]
    assert Counter(each["code"] for each in rejected["rejected"]) == found.rejected


def test_a_list_longer_than_any_transaction(world: World, sandbox: SandboxProcess) -> None:
    """All of it is suppressed, erased and submitted, and nobody is left with an id.

    Recording, erasing and submitting go by some thousand each, and this list is longer than all of these; a
    million is `python -m benchmarks.opt_outs`.
    """
    ids = RECORDED + CHUNK + 1
    people = [0, CHUNK, RECORDED, ids - 1]
    world.land([message(n, idfa=name_device(each)) for n, each in enumerate([*people, ids])])
    world.ingest()
    drop(world, "a.csv", "idfa\n" + "".join(f"{name_device(n)}\n" for n in range(ids)))

    report = run(configure(world, batch_size=10_000), sandbox)

    assert (report.exit_code, report.lists[0].accepted) == (0, ids)
    assert report.submission.outcomes == {"accepted": ids}
    assert opted_out(sandbox)["accepted_occurrences"] == ids
    assert [row["idfa"] for row in world.events("idfa")] == [name_device(ids)]
    assert all(is_suppressed(world, name_device(each)) for each in people)
    done = list(list_requests(open_ledger_of(world), states=("done",)))
    assert [each.number for each in sorted(done, key=lambda each: each.number)] == list(range(1, ids + 1))
    assert {each.identifier for each in done} == {None}
    (manifest,) = (folder_of(world.settings) / "done").iterdir()
    assert len(set(json.loads(manifest.read_text())["subjects"])) == ids


def test_junk_that_half_the_users_share_opts_nobody_out(world: World, sandbox: SandboxProcess) -> None:
    """Known junk is rejected, and what only the lake shows to be junk waits; every row stays."""
    crowd = "5E3A1B7C-9D20-4F68-8A41-C0D9E2B7F613"
    rows = [message(n, idfa=crowd if n % 2 else name_device(n)) for n in range(12)]
    nothing = [message(n, idfa="00000000-0000-0000-0000-000000000000") for n in range(20, 26)]
    world.land([*rows, *nothing])
    world.ingest()
    junk = ["00000000-0000-0000-0000-000000000000", "123e4567-e89b-12d3-a456-426614174000", crowd]
    drop(world, "a.csv", "idfa\n" + "\n".join([*junk, name_device(2)]) + "\n")

    report = run(world, sandbox)

    assert (report.lists[0].accepted, report.lists[0].waiting, report.exit_code) == (2, 1, 1)
    assert sum(report.lists[0].rejected.values()) == 2
    assert len(world.events()) == len(rows) + len(nothing) - 1
    assert not any(is_suppressed(world, each) for each in junk)
    assert report.submission.outcomes == {"accepted": 1}


def test_liftoff_down_for_a_day(world: World, sandbox: SandboxProcess) -> None:
    """Hour after hour nothing is lost, nobody waits to be suppressed and erased, and the days run."""
    began = datetime(2026, 11, 20, tzinfo=UTC)
    world.land([message(1, idfa=IDFA), message(2)])
    world.ingest()
    drop(world, "a.json", json.dumps([{"idfa": IDFA, "requested_at": "2026-11-19T00:00:00Z"}]))
    sandbox.set_faults({"503": 1.0})

    for hours in (0, 1, 12, 24):
        now = began + timedelta(hours=hours)
        report = sweep(world.settings, make_secrets(sandbox), now=now)
        assert report.submission.outcomes == {"due": 1}
        (deadline,) = read_deadlines(world.settings, now)
        assert (deadline.days_left, deadline.submission) == (29 - hours / 24, "due")
        assert is_suppressed(world, IDFA)
        assert len(world.events()) == 1
    sandbox.set_faults({})
    report = sweep(world.settings, make_secrets(sandbox), now=began + timedelta(hours=25))

    assert (report.exit_code, report.submission.outcomes) == (0, {"accepted": 1})
    assert read_deadlines(world.settings, began + timedelta(hours=25)) == []
    assert [each.identifier for each in list_requests(open_ledger_of(world), states=("done",))] == [None]


def test_a_401_in_the_middle_keeps_what_was_accepted(world: World, sandbox: SandboxProcess) -> None:
    """The rest stays due with its id, and the next sweep submits just that."""
    world = configure(world, batch_size=2)
    drop(world, "a.csv", "idfa\n" + "\n".join(map(name_device, range(6))) + "\n")

    def refuse_later(line: Line) -> None:
        while read_post(line):
            line.answer(OK if len(line.heads) == 1 else UNAUTHORIZED)

    with listen(refuse_later) as listener:
        url = f"http://127.0.0.1:{listener.port}/opt_out/v3/acme"
        liftoff = world.settings.liftoff.model_copy(update={"opt_out_url": url})
        refused = replace(world, settings=world.settings.model_copy(update={"liftoff": liftoff}))
        report = run(refused, sandbox)

    assert (report.exit_code, report.submission.stopped) == (1, "http_401")
    assert report.submission.outcomes == {"accepted": 2, "due": 4}
    due = list_due(open_ledger_of(world), "submission")
    assert len({each.identifier for each in due}) == 4
    assert all(is_suppressed(world, name_device(number)) for number in range(6))
    assert run(world, sandbox).submission.outcomes == {"accepted": 4}
    assert opted_out(sandbox)["accepted_occurrences"] == 4
    assert not list(Path(world.settings.storage.opt_outs, "inbox").iterdir())


def test_what_keeps_us_from_erasing_keeps_nobody_from_liftoff(world: World, sandbox: SandboxProcess) -> None:
    """An export is being written, so nothing can be erased yet: suppressed and submitted all the same."""
    world.land([message(1, idfa=IDFA), message(2)])
    world.ingest()
    target = open_store(str(Path(world.settings.storage.lake).parent / "export"))
    begin_export(open_ledger_of(world), target.uri, "all", 0)
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    with (
        hold_lock(open_ledger_of(world), f"export {target.uri}", 60, 0),
        pytest.raises(LockHeld, match="export"),
    ):
        run(world, sandbox)

    assert is_suppressed(world, IDFA)
    assert opted_out(sandbox)["accepted_occurrences"] == 1
    (due,) = list_requests(open_ledger_of(world), states=("open",))
    assert (due.submission, due.erasure, due.identifier) == ("accepted", "due", IDFA)
    report = run(world, sandbox)
    assert (report.exit_code, report.erasing.requests) == (0, 1)
    assert opted_out(sandbox)["accepted_occurrences"] == 1
