"""`--reprocess` replaces what the chosen objects yield, in one commit, and touches nothing else."""

from collections.abc import Iterator, Sequence

import pytest

from etl.jobs.attempts import begin_attempt
from etl.jobs.ingest import IngestOptions
from etl.jobs.settling import settle_run
from etl.lake.encode import Encoded, EncodeTask, Provenance
from etl.lake.tables import QUARANTINE
from etl.stores import delete_object
from tests.services.worlds import World, check_conservation, message, messages

OTHER = "push/2026/09/01/14/b.json.gz"
NEXT_DAY = "2026-09-02 01:00:00.000"


def test_reprocessing_gives_an_equal_lake(world: World) -> None:
    """With nothing mended, every row gives way to its equal, in one commit."""
    world.land([*messages(range(5)), message(1), b"no json", message(7, event_time="2026-09-01 12:00:07")])
    world.ingest()
    before, version = world.contents(), world.versions()["events"]

    report = world.ingest(is_reprocess=True)

    after = world.contents()
    assert (after["events"], after["quarantine"]) == (before["events"], before["quarantine"])
    assert (report.replaced, report.published, world.versions()["events"]) == (6, 6, version + 1)


def test_a_row_is_no_twin_of_the_one_it_replaces(local_world: World) -> None:
    """A V1 event without milliseconds finds itself in the lake, and that raises no flag."""
    local_world.land([message(7, event_time="2026-09-01 12:00:07", event_time_selected_timezone=None)])
    local_world.ingest()
    before = local_world.events("quality_flags", "clock_issues")
    assert before[0]["clock_issues"] == ["second_precision"]

    local_world.ingest(is_reprocess=True)

    assert local_world.events("quality_flags", "clock_issues") == before


def test_files_without_a_row_to_replace_keep_their_names(local_world: World) -> None:
    """Only files that hold such a row are written again, and the report counts no row of theirs."""
    world = local_world
    world.land([*messages(range(3)), message(1, event_time=NEXT_DAY)])
    world.ingest()
    first = world.live_paths()
    world.land([message(4), message(2, event_time=NEXT_DAY)], OTHER)
    world.ingest()
    second = world.live_paths() - first
    delete_object(world.landing, OTHER)

    report = world.ingest(is_reprocess=True)

    assert second < world.live_paths()
    assert not first & world.live_paths()
    assert report.apps == {"id1234567890": 4}
    assert len(world.events("event_id")) == 6


def test_rows_that_stay_are_copied_as_they_are(local_world: World) -> None:
    """A file that holds one row to replace keeps the others in every column."""
    world = local_world
    world.land(messages(range(3)))
    world.ingest()
    world.land([message(1, campaign="new")], OTHER)
    before = {row["event_id"]: row for row in world.events()}
    delete_object(world.landing, "push/2026/09/01/13/a.json.gz")

    report = world.ingest(is_reprocess=True)

    after = {row["event_id"]: row for row in world.events()}
    (changed,) = [key for key in after if after[key] != before[key]]
    assert (report.replaced, len(after), after[changed]["campaign"]) == (1, 3, "new")


def test_an_object_that_cannot_be_read_again_keeps_its_rows(local_world: World) -> None:
    """What changed since yields nothing, so nothing gives way to it: neither events nor quarantine."""
    world = local_world
    world.land([*messages(range(3)), b"no json"])
    world.ingest()
    before = world.contents()
    run = world.discover(IngestOptions(is_reprocess=True))
    world.land(messages(range(3)))
    outcomes = world.normalize(run)

    world.publish(run, outcomes, world.settle(run, outcomes))

    after = world.contents()
    assert (after["events"], after["quarantine"]) == (before["events"], before["quarantine"])


def test_quarantine_is_released_when_nothing_takes_its_place(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that a mended parser reads leave quarantine, though the run adds nothing to that table."""
    world = local_world
    world.land([message(1, app_id="com.closed")])
    closed = World(world.settings.model_copy(update={"closed_apps": True}))
    closed.ingest()
    assert len(world.quarantine()) == 1

    world.ingest(is_reprocess=True)

    assert world.quarantine() == []
    assert world.live_paths(QUARANTINE) == set()
    assert len(world.events("event_id")) == 1


def test_quarantine_of_an_older_version_stays(local_world: World) -> None:
    """Its bytes are in no object any more, so the table alone has them."""
    local_world.land([b"older junk"])
    local_world.ingest()
    local_world.land([b"newer junk, longer"])
    local_world.ingest()

    local_world.ingest(is_reprocess=True)

    assert sorted(row["raw"] for row in local_world.quarantine()) == ["newer junk, longer", "older junk"]


def test_rows_that_are_known_are_not_encoded(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each surviving row is written once: duplicates in the run and in the lake reach no file."""
    world = local_world
    world.land(messages(range(5)))
    world.ingest()
    world.land([*messages(range(3, 8)), message(6), message(7)], OTHER)
    run = world.discover()
    settled = world.settle(run, world.normalize(run))

    assert sum(draft.rows for draft in settled.plan.drafts if draft.table == "events") == 3


def test_a_run_of_duplicates_alone_writes_no_events(local_world: World) -> None:
    """Where nothing is new, no file is added and `events` keeps its version."""
    local_world.land(messages(range(5)))
    local_world.ingest()
    version = local_world.versions()["events"]
    local_world.land(messages(range(5)), OTHER)

    report = local_world.ingest()

    assert (report.published, report.duplicates, local_world.versions()["events"]) == (0, 5, version)


def test_two_settlings_share_no_draft(local_world: World) -> None:
    """A run that settles again never writes over a file that an earlier plan of it names."""
    local_world.land(messages(range(2)))
    run = local_world.discover()
    outcomes = local_world.normalize(run)

    plans = [local_world.settle(run, outcomes).plan for _ in range(2)]

    paths = [draft.key for plan in plans for draft in plan.drafts]
    assert len(paths) == len(set(paths))


def test_share_encoding_gives_every_row_to_one_task(local_world: World) -> None:
    """Groups are neighbours of about equal rows, and their parts make up the whole."""
    for number in range(6):
        local_world.land(
            messages(range(number * 10, number * 10 + 10)), f"push/2026/09/01/1{number}/x.json.gz"
        )
    run = local_world.discover(chunks=6)
    outcomes = local_world.normalize(run)
    seen: list[EncodeTask] = []

    def watch(tasks: Sequence[EncodeTask], provenance: Provenance) -> Iterator[Encoded]:
        seen.extend(tasks)
        return local_world.encode(tasks, provenance)

    attempt = begin_attempt(local_world.lake, local_world.scratch, local_world.open_ledger(), run)
    settle_run(attempt, outcomes, watch, 3)

    assert [task.group for task in seen] == [0, 1, 2]
    assert [len(task.settled.keep) for task in seen] == [20, 20, 20]
    assert [chunk for task in seen for chunk in task.chunks] == outcomes
    check_conservation(local_world)
