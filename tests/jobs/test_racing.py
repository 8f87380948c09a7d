"""Two runs at once, a lock that is lost, and writers that know no lock."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from deltalake.exceptions import CommitFailedError

from etl.errors import LockLostError, StoreUnavailable, UsageError
from etl.jobs.holding import release_batch
from etl.lake import publish
from etl.lake.plans import PublishPlan
from etl.lake.tables import Table
from etl.ledger.held import list_batches
from etl.ledger.locks import acquire_lock, release_lock
from etl.ledger.publishes import unfinished_publishes
from etl.stores import Store
from tests.jobs.killers import expire_locks, ingest_aloud
from tests.services.suites import BAD, LATER, audited_by, held_batch_of, land_bad, write_suites
from tests.services.warm import start_forked
from tests.services.worlds import World, check_conservation, messages

COMMIT = publish._commit_once


def before_commit_of(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], None]) -> None:
    """Let something happen just before a table's first commit."""
    left = [act]

    def wrapped(lake: Store, table: Table, plan: PublishPlan) -> None:
        if table.name == name and left:
            left.pop()()
        COMMIT(lake, table, plan)

    monkeypatch.setattr(publish, "_commit_once", wrapped)


def refuse() -> None:
    """Do as deltalake does when another writer was faster."""
    raise CommitFailedError("another writer")


def race_ingests(world: World, folder: Path) -> tuple[list[int], str]:
    """Run two real ingests at once; gives their exit codes in order, and what they had to say."""
    told = [folder / f"told-{number}" for number in range(2)]
    racers = [start_forked(ingest_aloud, world.settings, path) for path in told]
    codes = sorted(racer.wait() for racer in racers)
    return codes, "\n".join(path.read_text(encoding="utf-8") for path in told)


def test_two_processes_race_on_one_lake(world: World, tmp_path: Path) -> None:
    """Two real ingests of one landing end as one would have."""
    world.land([*messages(range(20)), b"no json"])
    world.land(messages(range(10, 30)), "push/2026/09/01/14/b.json.gz")
    world.open_ledger()
    codes, told = race_ingests(world, tmp_path)
    assert codes == [0, 0], told

    alone = world.twin(tmp_path / "alone")
    alone.ingest()
    assert world.contents() == alone.contents()
    check_conservation(world)


def test_two_processes_race_with_an_app_that_is_held(world: World, tmp_path: Path) -> None:
    """Each row is published or held once, whichever process was first; at most one of them ends red."""
    world = audited_by(world, write_suites(tmp_path / "suites"))
    land_bad(world)
    world.land([*messages(range(6, 20)), *messages(range(5, 9), app_id=BAD)], LATER)
    world.open_ledger()
    codes, told = race_ingests(world, tmp_path)
    assert codes == [0, 1], told

    (batch,) = list_batches(world.open_ledger())
    assert (batch.app_id, batch.rows) == (BAD, 9)
    assert len(world.events("event_id")) == 20
    check_conservation(world)


def test_two_releases_race(local_world: World, tmp_path: Path) -> None:
    """One publishes, the other is told that the batch is released."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    land_bad(world)
    batch_id = held_batch_of(world.ingest())
    errors = []

    def release() -> None:
        try:
            release_batch(world.settings, batch_id, "for a test")
        except UsageError as error:
            errors.append(error)

    racers = [Thread(target=release) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(errors) == 1
    assert len(world.events("event_id")) == 13
    check_conservation(world)


@pytest.mark.parametrize("table", ["events", "loads"])
def test_a_lock_that_is_lost_in_mid_publish(
    world: World, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """The fenced-off run writes nothing more; the next one carries its publish out."""
    world.land(messages(range(4)))
    ledger = world.open_ledger()
    takers = []

    def take_over() -> None:
        expire_locks(ledger)
        takers.append(acquire_lock(ledger, publish.PUBLISH_LOCK, "another", 600))
        refuse()

    before_commit_of(monkeypatch, table, take_over)
    with pytest.raises(LockLostError):
        world.ingest()
    assert takers[0] is not None
    release_lock(ledger, takers[0])

    world.ingest()

    assert unfinished_publishes(ledger) == []
    assert len(world.events("event_id")) == 4
    check_conservation(world)


def test_a_foreign_commit_before_ours_costs_a_second_settling(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the plan is visible yet, so the run is settled again and published whole."""
    local_world.land([*messages(range(4)), b"no json"])
    before_commit_of(monkeypatch, "events", refuse)

    report = local_world.ingest()

    assert report.published == 4
    assert unfinished_publishes(local_world.open_ledger()) == []
    check_conservation(local_world)


@pytest.mark.parametrize("table", ["quarantine", "loads"])
def test_a_foreign_commit_between_ours_is_waited_out(
    local_world: World, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """What has begun is carried on with: the same plan is committed upon the newer version."""
    local_world.land([*messages(range(4)), b"no json"])
    before_commit_of(monkeypatch, table, refuse)

    report = local_world.ingest()

    assert (report.published, report.quarantined) == (4, 1)
    check_conservation(local_world)


def test_foreign_commits_without_end_are_left_to_the_next_run(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publish stays recorded, and the error says that trying again may help."""
    local_world.land(messages(range(4)))

    def refuse_loads(lake: Store, table: Table, plan: PublishPlan) -> None:
        if table.name == "loads":
            refuse()
        COMMIT(lake, table, plan)

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_commit_once", refuse_loads)
        with pytest.raises(StoreUnavailable, match="the next run carries it out"):
            local_world.ingest()
    local_world.ingest()

    check_conservation(local_world)
