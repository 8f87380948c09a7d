"""Who is erased leaves Pull files, does not come back by them, and is found where one brings them."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from etl.jobs import rewriting
from etl.jobs.maintain import maintain_lake
from etl.jobs.proving.judging import Standing
from etl.jobs.pulls.story import PullOptions, reconcile_pull
from etl.jobs.sweep.describing import describe_sweep
from etl.jobs.sweep.story import sweep
from etl.ledger.opt_outs import list_requests
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Liftoff, OptOuts, Retention, Secrets, Settings
from tests.jobs.killers import die_after, run_to_death
from tests.jobs.proving.offices import INSTALL, OTHER, USER, Office
from tests.jobs.sweep.offices import IDFA, KEY
from tests.pulls.shops import NAME, compare, drop, record, tell, write_csv
from tests.services.worlds import World, message

MINE = message(1, idfa=IDFA, appsflyer_id=INSTALL)
THEIRS = message(2, idfa=OTHER)


@pytest.fixture
def office(local_world: World, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Give an office of folders, whose keys stand in the environment."""
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    liftoff = Liftoff(opt_out_url=sandbox.opt_out_url, backoff_seconds=0.01, backoff_cap_seconds=0.05)
    opt_outs = OptOuts(requests_per_second=1000, give_up_minutes=0)
    settings = local_world.settings.model_copy(update={"liftoff": liftoff, "opt_outs": opt_outs})
    secrets = Secrets(
        hash_key=SecretStr(KEY.decode()),
        liftoff_opt_out_user=SecretStr(sandbox.credentials.opt_out_user),
        liftoff_opt_out_password=SecretStr(sandbox.credentials.opt_out_password),
    )
    return Office(replace(local_world, settings=settings), secrets)


def fill(office: Office, name: str = NAME) -> Path:
    """Ingest what Push told of a person and of somebody else, and drop a file that has both."""
    office.world.land([MINE, THEIRS])
    office.world.ingest()
    records = [
        record(MINE),
        record(THEIRS),
        record(MINE | {"appsflyer_id": ""}, **{"Event Value": f"a\n{IDFA}"}),
    ]
    data = write_csv(records)
    path = drop(office.world, gzip.compress(data) if name.endswith(".gz") else data, name)
    office.drop("a.csv", f"idfa\n{IDFA}\n")
    return path


@pytest.mark.parametrize("name", [NAME, f"{NAME}.gz"])
def test_a_person_leaves_the_file_and_nothing_else_changes(office: Office, name: str) -> None:
    """Whole records, the linked install's too, also over lines; line ends stay, and all other bytes."""
    path = fill(office, name)
    report = office.sweep()
    header, other = write_csv([record(THEIRS)]).splitlines(keepends=True)
    kept = path.read_bytes()
    expected = header + b"\n" + other + b"\n\n"
    assert (gzip.decompress(kept) if name.endswith(".gz") else kept) == expected
    assert any("Pull files: 2 messages removed, and 1 of 1" in line for line in describe_sweep(report))
    (request,) = list_requests(office.ledger(), states=("done",))
    assert request.identifier is None


def test_a_dry_run_counts_and_changes_nothing(office: Office) -> None:
    """What a sweep would remove is told before."""
    path = fill(office)
    before = path.read_bytes()
    report = sweep(office.world.settings, office.secrets, is_dry_run=True)
    assert path.read_bytes() == before
    assert report.erasing.pulled.objects_read == 1


def test_a_verification_reads_the_files(office: Office) -> None:
    """A file that was swept is clean; one that the sweep missed fails, and one that came since is told."""
    path = fill(office)
    before = path.read_bytes()
    office.sweep()
    assert [hit for hit in office.verify().hits if hit.store == "pull"] == []
    path.write_bytes(before)
    (hit,) = [hit for hit in office.verify().hits if hit.store == "pull"]
    assert hit.standing is Standing.PULLED
    old = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(path, (old, old))
    (hit,) = [hit for hit in office.verify().hits if hit.store == "pull"]
    assert hit.standing is Standing.FOUND


def test_a_file_that_comes_later_is_swept_by_hash(office: Office) -> None:
    """Nobody is due, and nobody knows the id any more: the person goes all the same."""
    path = fill(office)
    office.sweep()
    path.write_bytes(write_csv([record(MINE), record(THEIRS)]))
    office.sweep()
    assert IDFA.encode() not in path.read_bytes()
    assert OTHER.encode() in path.read_bytes()


def test_nobody_comes_back_by_a_file(office: Office) -> None:
    """Their records are suppressed: counted, not missing, and not ingested."""
    path = fill(office)
    office.sweep()
    path.write_bytes(write_csv([record(MINE), record(THEIRS)]))
    found = compare(office.world, is_filling=True)
    assert (tell(found), found.suppressed, found.ingested) == ((1, 0, 0, 0), 1, None)


def test_an_id_without_a_shape_leaves_the_file_in_its_sweep(office: Office) -> None:
    """A customer user id is found while it is known."""
    path = drop(office.world, write_csv([record(message(4, customer_user_id=USER)), record(THEIRS)]))
    office.drop("a.csv", f"customer_user_id\n{USER}\n")
    office.sweep()
    assert USER.encode() not in path.read_bytes()
    assert OTHER.encode() in path.read_bytes()


def test_details_go_with_every_erasure(office: Office) -> None:
    """They name events by ids that are made of people's."""
    fill(office)
    reconcile_pull(office.world.settings, options=PullOptions(has_details=True))
    folder = office.folder("pull") / "details"
    assert list(folder.iterdir())
    office.sweep()
    assert not list(folder.iterdir())


def test_a_request_stays_due_while_a_file_cannot_be_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be put is tried by the next sweep, which ends the request."""
    path = fill(office)
    monkeypatch.setattr(rewriting, "_put", lambda *_: False)
    assert office.sweep().erasing.pulled.left == 1
    assert IDFA.encode() in path.read_bytes()
    monkeypatch.undo()
    monkeypatch.setenv("PUSHLIFT_HASH_KEY", KEY.decode())
    office.sweep()
    assert IDFA.encode() not in path.read_bytes()
    assert [each.erasure for each in list_requests(office.ledger(), states=("done",))] == [
        "erased_except_landing"
    ]


def sweep_and_die(settings: Settings, step: str, secrets: Secrets) -> None:
    """Sweep, and be killed behind a step."""
    die_after(rewriting, step)
    sweep(settings, secrets)


@pytest.mark.parametrize("step", ["record_rewrite", "replace_object", "end_rewrite"])
def test_a_kill_leaves_the_old_file_or_the_new(office: Office, step: str) -> None:
    """The next sweep goes on, and ends with the same bytes."""
    path = fill(office)
    run_to_death(sweep_and_die, step, office.world.settings, step, office.secrets)
    office.sweep()
    header, other = write_csv([record(THEIRS)]).splitlines(keepends=True)
    assert path.read_bytes() == header + b"\n" + other + b"\n\n"


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_old_files_go_with_upkeep(local_world: World, *, is_dry_run: bool) -> None:
    """Past `retention.pull_days` after they were dropped; a younger one stays; a dry run counts."""
    retention = Retention(pull_days=30)
    world = replace(local_world, settings=local_world.settings.model_copy(update={"retention": retention}))
    old, young = drop(world, b"old", "old-installs.csv"), drop(world, b"young", "young-installs.csv")
    now = datetime.now(UTC)
    past = (now - timedelta(days=31)).timestamp()
    os.utime(old, (past, past))
    report = maintain_lake(world.settings, is_dry_run=is_dry_run, now=now)
    assert report.outdated.pulled == 1
    assert (old.exists(), young.exists()) == (is_dry_run, True)
