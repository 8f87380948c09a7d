"""A full disk or a refused write: a clear error, readers undisturbed, and a next run that converges."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from etl.errors import PushliftError, StoreRefusedWrite
from etl.settings import Settings
from tests.services.files import for_all
from tests.services.s3 import S3Server
from tests.services.warm import run_forked
from tests.services.worlds import World, build_settings, check_conservation, message, messages

NOBODY = 65534
# Above what a batch needs, below a draft.
FULL_BYTES = 200_000
OTHER = "push/2026/09/01/14/b.json.gz"


@contextmanager
def being_nobody(folder: Path) -> Iterator[None]:
    """Act as a user whom permissions bind, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and "pytest-" in str(parent):
            parent.chmod(0o755)
    for_all(folder, lambda path: os.chown(path, NOBODY, NOBODY))
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def ingest_within(settings: Settings, step: str, told: Path) -> None:
    """Ingest where, from a step on, no file grows beyond a size, as on a full disk; tell the error."""
    world = World(settings)
    try:
        run = world.discover()
        if step == "normalize":
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES))
        outcomes = world.normalize(run)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, FULL_BYTES))
        world.settle(run, outcomes)
    except PushliftError as error:
        told.write_text(f"{type(error).__name__}\n{error.message}", encoding="utf-8")


@pytest.mark.parametrize("step", ["normalize", "settle"])
def test_a_disk_that_is_full(tmp_path: Path, postgres_url: str, step: str) -> None:
    """Be it scratch or a draft that does not fit, the error names the way out and nothing is half visible."""
    (tmp_path / "landing").mkdir()
    settings = build_settings(tmp_path, postgres_url)
    small = settings.ingest.model_copy(update={"batch_bytes": 65_536})
    world = World(settings.model_copy(update={"ingest": small}))
    world.land(messages(range(3)), OTHER)
    world.ingest()
    before = world.contents()
    world.land([message(n, original_url=os.urandom(400).hex()) for n in range(1000)])
    told = tmp_path / "told"

    assert run_forked(ingest_within, world.settings, step, told) == 0

    kind, text = told.read_text(encoding="utf-8").split("\n", 1)
    assert kind == "StoreRefusedWrite"
    assert "cannot be written" in text
    assert world.contents() == before
    assert world.ingest().published == 997
    check_conservation(world)


@pytest.mark.parametrize(
    "folder", ["lake", "lake/events/_delta_log", "lake/events", "lake/loads", "lake/_scratch"]
)
def test_a_folder_that_may_not_be_written(local_world: World, tmp_path: Path, folder: str) -> None:
    """The run ends with a refusal, readers see what they saw, and once it may, the next run converges."""
    local_world.land(messages(range(3)), OTHER)
    if folder != "lake":
        local_world.ingest()
    before = local_world.contents()
    local_world.land([*messages(range(6)), message(9, app_id="com.new")])
    closed = tmp_path / folder
    closed.mkdir(exist_ok=True)
    with being_nobody(tmp_path):
        closed.chmod(0o555)
        with pytest.raises(StoreRefusedWrite, match="cannot be written"):
            local_world.ingest()
        closed.chmod(0o755)
        assert local_world.contents() == before
        local_world.ingest()

    assert len(local_world.events("event_id")) == 7
    check_conservation(local_world)


def test_an_object_that_may_not_be_read(local_world: World, tmp_path: Path) -> None:
    """The run publishes the rest and ends with exit code 1; once it is granted, the next run takes it."""
    local_world.land([message(1)])
    local_world.land([message(2)], OTHER)
    forbidden = tmp_path / "landing" / OTHER
    with being_nobody(tmp_path):
        forbidden.chmod(0)
        report = local_world.ingest()
        again = local_world.ingest()
        forbidden.chmod(0o644)
        granted = local_world.ingest()

    assert (report.published, report.failed, report.exit_code) == (1, {"forbidden": 1}, 1)
    assert (again.published, again.failed) == (0, {"forbidden": 1})
    assert (granted.published, granted.exit_code) == (1, 0)
    check_conservation(local_world)


def test_a_bucket_that_may_only_be_read(
    s3_world: World, s3_credentials: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that refuses the write says so, whoever of the two clients asked."""
    s3_world.land(messages(range(3)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_credentials.reader_key)
    S3FileSystem.clear_instance_cache()
    with pytest.raises(StoreRefusedWrite, match="cannot be written"):
        World(s3_world.settings).ingest()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_credentials.access_key)
    S3FileSystem.clear_instance_cache()

    assert World(s3_world.settings).ingest().published == 3
