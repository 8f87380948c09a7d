"""A sweep never claims to have erased what a bucket keeps as an old version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from etl.jobs.check import check_installation
from etl.jobs.sweep.describing import describe_sweep
from etl.liftoff.sandbox.process import SandboxProcess
from tests.jobs.sweep.offices import IDFA, run
from tests.services.s3 import S3Server
from tests.services.worlds import World, message


@pytest.fixture
def versioned(world: World, s3_credentials: S3Server, s3_bucket: str) -> World:
    """Keep lake and lists in a bucket whose versioning is on."""
    s3 = s3_credentials.connect()
    s3.call_s3("put_bucket_versioning", Bucket=s3_bucket, VersioningConfiguration={"Status": "Enabled"})
    places = {name: f"s3://{s3_bucket}/{name}" for name in ("lake", "opt_outs")}
    storage = world.settings.storage.model_copy(update={**places, "options": s3_credentials.options})
    return replace(world, settings=world.settings.model_copy(update={"storage": storage}))


def test_what_a_versioned_bucket_keeps_is_reported(
    versioned: World, sandbox: SandboxProcess, s3_credentials: S3Server, s3_bucket: str
) -> None:
    """The list and the rows are gone for readers, and the report says what stays, and until when."""
    s3 = s3_credentials.connect()
    versioned.land([message(1, idfa=IDFA), message(2)])
    versioned.ingest()
    s3.pipe_file(f"{s3_bucket}/opt_outs/inbox/a.csv", f"idfa\n{IDFA}\n".encode())

    report = run(versioned, sandbox)

    assert report.erasing.requests == 1
    assert not s3.exists(f"{s3_bucket}/opt_outs/inbox/a.csv")
    kept = s3.call_s3("list_object_versions", Bucket=s3_bucket, Prefix="opt_outs/inbox/")["Versions"]
    assert [each["IsLatest"] for each in kept] == [False]
    told = [line for line in describe_sweep(report) if "not erased" in line]
    assert told == [
        f"s3://{s3_bucket}/{name}: old versions stay until somebody deletes them, not erased"
        for name in ("lake", "opt_outs")
    ]


def test_the_check_tells_of_it_before(versioned: World, tmp_path: Path) -> None:
    """It is in order, and said."""
    storage = versioned.settings.storage
    config = tmp_path / "pushlift.toml"
    config.write_text(
        f'[storage]\nlake = "{storage.lake}"\nopt_outs = "{storage.opt_outs}"\n'
        f'[storage.options]\nendpoint_url = "{storage.options.endpoint_url}"\nregion = "us-east-1"\n'
        "allow_http = true\n",
        encoding="utf-8",
    )

    (found,) = [each for each in check_installation(config) if each.subject == "old versions"]

    assert found.exit_code == 0
    assert found.message.count("old versions stay until") == 2


def test_folders_keep_nothing_and_are_not_mentioned(world: World, sandbox: SandboxProcess) -> None:
    """A report names only what a person must know."""
    (Path(world.settings.storage.opt_outs) / "inbox").mkdir(parents=True)

    assert run(world, sandbox).kept == ()
