"""Lists as they come to lie in an inbox: none stops the others, and none is passed over."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from etl.jobs.sweep.ground import Ground, survey
from etl.jobs.sweep.inbox import list_inbox, spell_name
from etl.jobs.sweep.linking import suppress_linked
from etl.jobs.sweep.receiving import receive_list
from etl.ledger.opt_outs import Request, list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.opt_outs.decoding import LARGEST_BYTES
from etl.settings import App
from tests.jobs.sweep.offices import (
    GAID,
    IDFA,
    drop,
    folder_of,
    is_suppressed,
    make_secrets,
    open_ledger_of,
    opted_out,
    run,
)
from tests.services.worlds import World, message

LATE = 4_000_000_000
"""An instant in 2096."""


def find_requests(world: World) -> list[Request]:
    """Find all requests."""
    return list(list_requests(open_ledger_of(world), states=("waiting", "open", "done", "lifted")))


def look(world: World, sandbox: SandboxProcess) -> Ground:
    """Look at the inbox."""
    return survey(world.settings, make_secrets(sandbox))


def read_lines(world: World) -> dict[str, list[dict[str, object]]]:
    """Read what is told of the one list's lines."""
    (path,) = (folder_of(world.settings) / "rejected").iterdir()
    found: dict[str, list[dict[str, object]]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_a_clock_that_is_ahead_moves_no_deadline(world: World, sandbox: SandboxProcess) -> None:
    """A list that says that it was written in 2096 is received now."""
    os.utime(drop(world, "a.csv", f"idfa\n{IDFA}\n"), (LATE, LATE))
    ground = look(world, sandbox)

    (landed,) = list_inbox(ground)
    receive_list(ground, landed, suppress_linked)

    (request,) = find_requests(world)
    assert request.received_at == ground.now
    assert request.deadline_at == ground.now + timedelta(days=30)


def test_a_list_that_is_dropped_again_is_judged_again(world: World, sandbox: SandboxProcess) -> None:
    """An app that had no store id has one now; the deadline runs from the first time."""
    rows = f"gaid,app_id\n{GAID},com.unmapped\n"
    drop(world, "a.csv", rows)
    first = run(world, sandbox)
    assert first.lists[0].rejected == {"app_unmapped": 1}
    apps = {**world.settings.apps, "com.unmapped": App(app_store_id="com.unmapped")}
    world = replace(world, settings=world.settings.model_copy(update={"apps": apps}))
    path = drop(world, "b.csv", rows)
    os.utime(path, (LATE, LATE))

    again = run(world, sandbox)

    assert (again.lists[0].is_known, again.lists[0].accepted) == (True, 1)
    assert again.submission.outcomes == {"accepted": 1}
    assert list((folder_of(world.settings) / "rejected").iterdir()) == []
    (manifest,) = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (folder_of(world.settings) / "done").iterdir()
    ]
    assert (manifest["list"], manifest["accepted"]) == (first.lists[0].list_id, 1)
    (request,) = find_requests(world)
    assert request.received_at.isoformat() == manifest["received_at"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_list_that_is_written_while_it_is_read(
    world: World,
    sandbox: SandboxProcess,
    is_gone: bool,  # noqa: FBT001 - a parameter
) -> None:
    """What was listed is no more: nothing of it counts, and the next sweep reads what is there then."""
    path = drop(world, "a.csv", f"idfa\n{IDFA[:-1]}")
    ground = look(world, sandbox)
    (landed,) = list_inbox(ground)
    path.unlink() if is_gone else path.write_text(f"idfa\n{IDFA}\n", encoding="utf-8")

    received = receive_list(ground, landed, suppress_linked)

    assert received.report.refusal == "changing"
    assert find_requests(world) == []
    assert run(world, sandbox).submission.outcomes == ({} if is_gone else {"accepted": 1})


def test_a_list_without_end_is_not_read(world: World, sandbox: SandboxProcess) -> None:
    """It would fill the memory before it could be refused, and nobody else would be honoured."""
    os.truncate(drop(world, "a.csv", "idfa\n"), LARGEST_BYTES + 1)
    drop(world, "b.csv", f"idfa\n{IDFA}\n")

    report = run(world, sandbox)

    assert [each.refusal for each in report.lists] == ["too_large", None]
    assert (report.exit_code, report.submission.outcomes) == (1, {"accepted": 1})


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("a\n1 accepted\x1b[2J.csv", "a\ufffd1 accepted\ufffd[2J.csv"),
        ("maria@example.com.csv", "<masked:21>"),
        ("..%2f..%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd"),
        (f"of {IDFA}.csv", "of <masked:36>.csv"),
    ],
)
def test_a_lists_name_is_shown_harmlessly(
    world: World, sandbox: SandboxProcess, name: str, spelled: str
) -> None:
    """Nothing that a terminal would obey, no line of its own, nobody's id."""
    drop(world, name, f"idfa\n{IDFA}\n")

    assert [spell_name(each) for each in list_inbox(look(world, sandbox))] == [spelled]


def test_who_decides_is_told_which_line_waits(world: World, sandbox: SandboxProcess) -> None:
    """The list is gone by then, and its ids are nowhere to be read."""
    world.land([message(number, idfa=IDFA) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfa\nrubbish\n{IDFA}\n")

    run(world, sandbox)

    assert read_lines(world)["rejected"] == [{"line": 2, "code": "malformed"}]
    assert read_lines(world)["waiting"] == [{"line": 3, "installs": 5}]


def test_what_need_not_wait_any_more_goes_on(world: World, sandbox: SandboxProcess) -> None:
    """The limit was too low: the list is dropped again under a higher one."""
    world.land([message(number, idfa=IDFA) for number in range(5)])
    world.ingest()
    drop(world, "a.csv", f"idfa\n{IDFA}\n")
    assert run(world, sandbox).lists[0].waiting == 1
    opt_outs = world.settings.opt_outs.model_copy(update={"most_installs": 5})
    world = replace(world, settings=world.settings.model_copy(update={"opt_outs": opt_outs}))
    drop(world, "a.csv", f"idfa\n{IDFA}\n")

    dry, report = run(world, sandbox, is_dry_run=True), run(world, sandbox)

    assert dry.erasing.requests == report.erasing.requests == 1
    assert (report.exit_code, report.submission.outcomes) == (0, {"accepted": 1})
    assert is_suppressed(world, IDFA)
    assert world.events() == []


def test_liftoff_is_told_once_a_list_names_an_id_of_theirs(world: World, sandbox: SandboxProcess) -> None:
    """Named as a vendor's id first, it was for our own erasure alone."""
    drop(world, "a.csv", f"idfv\n{IDFA}\n")
    assert run(world, sandbox).submission.outcomes == {}
    drop(world, "b.csv", f"idfa\n{IDFA}\n")

    dry, report = run(world, sandbox, is_dry_run=True), run(world, sandbox)

    assert (dry.submission.outcomes, dry.erasing.requests) == ({"due": 1}, 0)
    assert report.submission.outcomes == {"accepted": 1}
    assert opted_out(sandbox)["accepted_occurrences"] == 1
    assert [(each.state, each.identifier) for each in find_requests(world)] == [("done", None)]


def test_a_full_disk_at_the_manifest_loses_nobody(world: World, sandbox: SandboxProcess) -> None:
    """The list stays until its manifest is written; its people are suppressed by then."""
    path = drop(world, "a.csv", f"idfa\n{IDFA}\n")
    blocked = folder_of(world.settings) / "done"
    Path(blocked).write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(Exception, match="its folder is a file"):
        run(world, sandbox)

    assert path.exists()
    assert is_suppressed(world, IDFA)
    blocked.unlink()
    assert run(world, sandbox).submission.outcomes == {"accepted": 1}
