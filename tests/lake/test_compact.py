"""Few files of many: the accounts keep their rows, whoever is killed, overtaken or raced."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Field, Transaction
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import LakeMovedOn, LockLostError
from etl.jobs import ingest
from etl.jobs.maintain import UpkeepReport, describe_upkeep, maintain_lake
from etl.lake import compact, publish
from etl.lake.compact import (
    MOST_SMALL_FILES,
    TARGET_ROWS,
    TIME_COLUMNS,
    Compaction,
    Compactor,
    SmallFile,
    group_files,
)
from etl.lake.drafts import DraftFile, write_draft
from etl.lake.plans import PublishPlan
from etl.lake.publish import TRANSACTION_ID
from etl.lake.tables import CHECKS, LOADS, PROFILES, Table, open_or_create
from etl.ledger.drafts import count_drafts
from etl.stores import Store, list_objects
from tests.jobs.killers import expire_locks
from tests.services.worlds import World, check_conservation, messages

BEGINNING = datetime(2026, 9, 1, tzinfo=UTC)
FILES = MOST_SMALL_FILES + 2
ACCOUNTS = (LOADS, CHECKS, PROFILES)
SECOND = "push/2026/09/01/14/b.json.gz"
COMMIT = compact._commit


def fill(world: World, table: Table, files: int = FILES, rows: int = 2) -> None:
    """Commit files of an hour each, the latest first; one of `loads` has a row."""
    counts = {name: 0 for name in table.schema.names if table.schema.field(name).type == pa.int64()}
    adds: list[AddAction | RemoveAction] = []
    for hour in reversed(range(files)):
        at = BEGINNING + timedelta(hours=hour)
        row = counts | {"run_id": f"run-{hour}", TIME_COLUMNS[table]: at}
        if table is LOADS:
            row |= {"status": "loaded", "source_uri": f"old/{hour}", "source_version": "1"}
        made = pa.Table.from_pylist([row], table.schema).take(pa.array([0] * (1 if table is LOADS else rows)))
        draft = write_draft(world.lake, table, f"hour-{hour:04d}.parquet", [made])
        assert draft is not None
        adds.append(AddAction(draft.path, draft.size, {}, 0, True, draft.statistics))
    delta = open_or_create(world.lake, table)
    delta.create_write_transaction(
        adds,
        mode="append",
        schema=table.schema,
        partition_by=[],
        commit_properties=CommitProperties(app_transactions=[Transaction(TRANSACTION_ID, 1)]),
    )


def upkeep(world: World, *, after: timedelta = timedelta(), is_dry_run: bool = False) -> UpkeepReport:
    """Do upkeep some time from now."""
    return maintain_lake(world.settings, is_dry_run=is_dry_run, now=datetime.now(UTC) + after)


def spell_rows(world: World, table: Table) -> list[str]:
    """Give a table's rows in an order of their own."""
    return sorted(repr(row) for row in world.read(table).to_pylist())


def keys_of(world: World, table: Table) -> set[str]:
    """List a table's files outside the log."""
    listed = list_objects(world.lake, f"{table.name}/")
    return {each.key for each in listed if "_delta_log" not in each.key}


def before_commit(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Let something happen between the last look at the lock and the first commit of a compaction."""
    left = [act]

    def wrapped(
        compactor: Compactor, plan: Compaction, delta: DeltaTable, number: int, drafts: list[DraftFile]
    ) -> None:
        if left:
            left.pop()()
        COMMIT(compactor, plan, delta, number, drafts)

    monkeypatch.setattr(compact, "_commit", wrapped)


def interrupt() -> None:
    """Stop as a kill would."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("table", ACCOUNTS, ids=lambda table: table.name)
def test_many_files_become_few(world: World, table: Table) -> None:
    """The rows are the same, in the order of their time; upkeep again changes nothing."""
    fill(world, table)
    before = spell_rows(world, table)

    report = upkeep(world)

    assert report.compacted == {table.name: (FILES, 1)}
    assert len(world.live_paths(table)) == 1
    assert spell_rows(world, table) == before
    times = world.read(table)[TIME_COLUMNS[table]].to_pylist()
    assert times == sorted(times)
    version = open_or_create(world.lake, table).version()
    assert upkeep(world).compacted == {}
    assert open_or_create(world.lake, table).version() == version


def test_few_files_are_left_alone(local_world: World) -> None:
    """Two days of hourly runs are no burden."""
    fill(local_world, LOADS, MOST_SMALL_FILES)

    assert upkeep(local_world).compacted == {}
    assert len(local_world.live_paths(LOADS)) == MOST_SMALL_FILES


def test_a_dry_run_tells(local_world: World) -> None:
    """How many files would become how many; nothing is changed."""
    fill(local_world, CHECKS)

    report = upkeep(local_world, is_dry_run=True)

    assert any("small files of checks that would become 1" in line for line in describe_upkeep(report))
    assert len(local_world.live_paths(CHECKS)) == FILES
    assert any("files of checks that became 1" in line for line in describe_upkeep(upkeep(local_world)))


def test_the_files_hold_stretches_of_time(local_world: World) -> None:
    """Their ranges in the log do not overlap, so that readers of some days pass over the others."""
    fill(local_world, PROFILES, rows=5_000)

    assert upkeep(local_world).compacted == {"profiles": (FILES, 3)}

    actions = pa.table(open_or_create(local_world.lake, PROFILES).get_add_actions(flatten=True)).to_pylist()
    ranges = sorted((action["min.profiled_at"], action["max.profiled_at"]) for action in actions)
    assert all(end < begin for (_, end), (begin, _) in pairwise(ranges))
    assert sum(action["num_records"] for action in actions) == FILES * 5_000


def test_readers_of_the_older_version_go_on(local_world: World) -> None:
    """The superseded files are no strays, however old: the retention of the table alone takes them."""
    fill(local_world, CHECKS)
    before = open_or_create(local_world.lake, CHECKS)

    upkeep(local_world)
    report = upkeep(local_world, after=timedelta(days=3))

    assert (report.strays, report.expired["checks"]) == (0, 0)
    assert before.to_pyarrow_table().num_rows == 2 * FILES
    at_version = DeltaTable(before.table_uri, version=before.version())
    assert at_version.to_pyarrow_table().num_rows == 2 * FILES


def test_a_kill_before_the_commit_changes_nothing(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written in vain is taken away when it is old, and then the table is compacted after all."""
    fill(local_world, LOADS)
    before = (spell_rows(local_world, LOADS), local_world.live_paths(LOADS))
    before_commit(monkeypatch, interrupt)

    with pytest.raises(KeyboardInterrupt):
        upkeep(local_world)
    assert (spell_rows(local_world, LOADS), local_world.live_paths(LOADS)) == before
    assert len(keys_of(local_world, LOADS)) == FILES + 1

    report = upkeep(local_world, after=timedelta(days=3))
    assert (report.strays, report.dead_runs, report.compacted) == (1, 1, {"loads": (FILES, 1)})
    assert spell_rows(local_world, LOADS) == before[0]
    assert len(keys_of(local_world, LOADS)) == FILES + 1


def test_a_kill_after_the_commit_loses_nothing(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has not been told, and takes the run for dead; its file is in the log and stays."""
    fill(local_world, LOADS)
    before = spell_rows(local_world, LOADS)
    with monkeypatch.context() as patched:
        patched.setattr(compact, "mark_drafts", lambda *_: interrupt())
        with pytest.raises(KeyboardInterrupt):
            upkeep(local_world)

    report = upkeep(local_world, after=timedelta(days=3))

    assert (report.strays, report.dead_runs) == (0, 1)
    assert len(local_world.live_paths(LOADS)) == 1
    assert spell_rows(local_world, LOADS) == before
    assert count_drafts(local_world.open_ledger())["registered"] == 0


def test_runs_go_on_after_it(world: World) -> None:
    """What lands next is published, and what landed before is read again, as if nothing had been."""
    world.land([*messages(range(4)), b"no json"])
    world.ingest()
    fill(world, LOADS)
    fill(world, PROFILES)

    assert set(upkeep(world).compacted) == {"loads", "profiles"}

    world.land(messages(range(2, 9)), SECOND)
    assert world.ingest().published == 5
    check_conservation(world)
    assert len(world.loads()) == FILES + 2
    world.ingest(is_reprocess=True)
    assert len(world.events("event_id")) == 9
    assert len(world.loads()) == FILES + 4


def test_a_run_that_settled_before_it_settles_again(local_world: World) -> None:
    """It ends as if alone: `loads` has moved on, and the second settling is published."""
    fill(local_world, LOADS)
    local_world.land(messages(range(3)))
    run = local_world.discover()
    outcomes = local_world.normalize(run)
    settled = local_world.settle(run, outcomes)

    assert upkeep(local_world).compacted == {"loads": (FILES, 1)}

    assert local_world.publish(run, outcomes, settled).published == 3
    check_conservation(local_world)
    assert len(local_world.loads()) == FILES + 1


def record_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Land three messages and publish them, up to a kill just before the commit to `loads`."""
    whole = publish._commit_once

    def cut(lake: Store, table: Table, plan: PublishPlan) -> None:
        if table is LOADS:
            interrupt()
        whole(lake, table, plan)

    world.land(messages(range(3)))
    run = world.discover()
    outcomes = world.normalize(run)
    settled = world.settle(run, outcomes)
    with monkeypatch.context() as patched:
        patched.setattr(publish, "_commit_once", cut)
        with pytest.raises(KeyboardInterrupt):
            world.publish(run, outcomes, settled)


def test_a_cut_off_publish_is_finished_first(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows of `loads` are there, and compacted with the others."""
    fill(local_world, LOADS)
    record_cut_off(local_world, monkeypatch)

    assert upkeep(local_world).compacted == {"loads": (FILES + 1, 1)}

    check_conservation(local_world)
    assert len(local_world.loads()) == FILES + 1


def test_nothing_is_compacted_while_a_publish_is_unfinished(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the lock and has not looked is told."""
    fill(local_world, LOADS)
    record_cut_off(local_world, monkeypatch)
    monkeypatch.setattr(publish, "redo_publishes", lambda *_: [])

    with pytest.raises(LakeMovedOn, match="not finished"):
        upkeep(local_world)
    assert len(local_world.live_paths(LOADS)) == FILES


def test_a_compaction_that_lost_its_lock_hides_no_publish(
    local_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish that another run recorded meanwhile does not seem committed to the table compacted late."""
    fill(local_world, LOADS)

    def overtake() -> None:
        expire_locks(local_world.open_ledger())
        record_cut_off(local_world, monkeypatch)

    before_commit(monkeypatch, overtake)
    with pytest.raises(LockLostError):
        upkeep(local_world)
    assert len(local_world.live_paths(LOADS)) == 1

    assert len(ingest.finish_cut_off(local_world.settings)) == 1
    check_conservation(local_world)
    assert len(local_world.loads()) == FILES + 1


def test_a_faster_writer_is_not_disturbed(local_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table to which another writer, who knows no lock, commits meanwhile is compacted next time."""
    fill(local_world, CHECKS)
    fill(local_world, PROFILES)

    def commit() -> None:
        rows = pa.Table.from_pylist([{"run_id": "theirs", "checked_at": BEGINNING}], CHECKS.schema)
        draft = write_draft(local_world.lake, CHECKS, "theirs.parquet", [rows])
        assert draft is not None
        add = AddAction(draft.path, draft.size, {}, 0, True, draft.statistics)
        open_or_create(local_world.lake, CHECKS).create_write_transaction([add], "append", CHECKS.schema)

    before_commit(monkeypatch, commit)
    assert set(upkeep(local_world).compacted) == {"profiles"}
    assert local_world.read(CHECKS).num_rows == 2 * FILES + 1

    assert upkeep(local_world).compacted == {"checks": (FILES + 1, 1)}
    assert local_world.read(CHECKS).num_rows == 2 * FILES + 1


def test_columns_of_another_release_are_not_lost(local_world: World) -> None:
    """A table that has a column which this release does not know is left alone."""
    fill(local_world, PROFILES)
    delta = open_or_create(local_world.lake, PROFILES)
    delta.alter.add_columns([Field("newer", PrimitiveType("string"))])

    assert upkeep(local_world).compacted == {}
    assert len(local_world.live_paths(PROFILES)) == FILES


@st.composite
def small_files(draw: st.DrawFn) -> list[SmallFile]:
    """Draw files of an hour each, in any order."""
    rows = draw(st.lists(st.integers(1, compact.SMALL_ROWS - 1), max_size=3 * MOST_SMALL_FILES))
    hours = draw(st.permutations(range(len(rows))))
    return [
        SmallFile(f"{hour}.parquet", 1, count, BEGINNING + timedelta(hours=hour))
        for hour, count in zip(hours, rows, strict=True)
    ]


@given(small_files())
def test_groups_are_whole_files_in_the_order_of_time(files: list[SmallFile]) -> None:
    """All groups but the last fill a file; at most one file is left over, so that no second pass follows."""
    groups = group_files(files, MOST_SMALL_FILES)

    if not groups:
        assert len(files) <= MOST_SMALL_FILES
        return
    grouped = [file for group in groups for file in group]
    assert [file.began_at for file in grouped] == sorted(file.began_at for file in grouped)
    assert len(set(grouped)) == len(grouped) >= len(files) - 1
    counts = [sum(file.rows for file in group) for group in groups]
    assert all(TARGET_ROWS <= count < 2 * TARGET_ROWS for count in counts[:-1])
