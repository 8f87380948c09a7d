"""Compact tables: the file a run that `loads`, `checks` and each day of `events` gather becomes few.

It works under the publish lock, when no recorded publish is unfinished: files that nobody reads yet are
written, and one Delta commit a table puts them in the small files' place. A kill leaves the old files or the
new ones, never both; what it wrote in vain is a draft of a dead run, which upkeep takes away.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from etl.errors import LakeMovedOn
from etl.lake.delta_errors import explain_delta_errors
from etl.lake.drafts import Contents, DraftFile, describe_draft, write_draft
from etl.lake.families import choose_schema, find_omitted, list_filled, name_file
from etl.lake.filesystems import open_filesystem
from etl.lake.layout import WRITE_SCHEMA, open_events_writer, write_sorted
from etl.lake.publish import TRANSACTION_ID
from etl.lake.statistics import find_ranges
from etl.lake.tables import CHECKS, EVENTS, LOADS, POSTBACKS, PROFILES, TABLES, Table, find_table, table_uri
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, mark_drafts, register_drafts
from etl.ledger.locks import Fence, check_fence
from etl.ledger.publishes import unfinished_publishes
from etl.stores import Store, open_for_writing
from etl.stores.translating import explain_errors

LOG: Final = logging.getLogger(__name__)

# Each with the time by which it is read, so that files hold stretches of it and readers pass over the rest.
TIME_COLUMNS: Final[Mapping[Table, str]] = {
    LOADS: "loaded_at",
    CHECKS: "checked_at",
    PROFILES: "profiled_at",
    POSTBACKS: "exported_at",
    EVENTS: "event_time",
}
# Two days of hourly runs.
MOST_SMALL_FILES: Final = 48
# Of an app's day in `events`: each file costs a reader a millisecond, and each late run adds one.
MOST_DAY_FILES: Final = 4
# Of `events` at once: ingests wait for the lock, and what is left is done the next time.
MOST_DAYS: Final = 200
TARGET_ROWS: Final = 100_000
SMALL_ROWS: Final = TARGET_ROWS // 2


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A live file of few rows; `path` is relative to its table's folder, `began_at` its first row's time."""

    path: str
    size: int
    rows: int
    began_at: datetime
    partition: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Compaction:
    """What is done to one table: the files of each group, all of one partition, become one file."""

    table: Table
    groups: tuple[tuple[SmallFile, ...], ...]

    @property
    def files(self) -> tuple[SmallFile, ...]:
        """The files that go."""
        return tuple(file for group in self.groups for file in group)


@dataclass(frozen=True, slots=True)
class Compactor:
    """The holder of the publish lock, as a run that names its drafts; `made_at` is its present."""

    lake: Store
    ledger: Ledger
    fence: Fence
    run_id: str
    made_at: datetime


def plan_compactions(lake: Store) -> list[Compaction]:
    """Find the tables that have gathered too many small files; nothing is changed."""
    found = ((table, find_table(lake, table)) for table in TIME_COLUMNS)
    plans = [_plan(table, delta) for table, delta in found if delta is not None]
    return [plan for plan in plans if plan.groups]


def compact_tables(compactor: Compactor) -> list[Compaction]:
    """Compact the tables that have gathered too many small files, and give what was done.

    The rows stay what they are, and readers of an older version keep its files for the retention. A table to
    which another writer commits meanwhile waits for the next time. Raises LakeMovedOn where a publish is
    unfinished, and LockLostError; the table in hand is then as it was.
    """
    if unfinished_publishes(compactor.ledger):
        raise LakeMovedOn("A publish was recorded and is not finished; carry it out before compacting.")
    number = _choose_number(compactor.lake)
    found = [(table, find_table(compactor.lake, table)) for table in TIME_COLUMNS]
    plans = [(delta, _plan(table, delta)) for table, delta in found if delta is not None]
    return [plan for delta, plan in plans if plan.groups and _compact(compactor, plan, delta, number)]


def group_files(files: Sequence[SmallFile], most: int) -> tuple[tuple[SmallFile, ...], ...]:
    """Group files by time so that each group but the last has the rows of a whole file.

    None where they are `most` or fewer; a file that would be alone stays as it is.
    """
    if len(files) <= most:
        return ()
    groups: list[list[SmallFile]] = [[]]
    for file in sorted(files, key=lambda each: (each.began_at, each.path)):
        if sum(each.rows for each in groups[-1]) >= TARGET_ROWS:
            groups.append([])
        groups[-1].append(file)
    return tuple(tuple(group) for group in groups if len(group) > 1)


def group_days(files: Sequence[SmallFile]) -> tuple[tuple[SmallFile, ...], ...]:
    """Group the files of each app's day, those of most files first, and no more than a lock may wait for."""
    days: dict[tuple[tuple[str, str], ...], list[SmallFile]] = {}
    for file in files:
        days.setdefault(file.partition, []).append(file)
    worst = sorted(days.values(), key=lambda found: (-len(found), found[0].partition))
    return tuple(group for found in worst[:MOST_DAYS] for group in group_files(found, MOST_DAY_FILES))


def _plan(table: Table, delta: DeltaTable) -> Compaction:
    files = list(_list_small_files(table, delta))
    return Compaction(table, group_days(files) if table is EVENTS else group_files(files, MOST_SMALL_FILES))


def _list_small_files(table: Table, delta: DeltaTable) -> Iterator[SmallFile]:
    """List a table's small files; none of a table with columns that would be lost in rewriting."""
    if {field.name for field in delta.schema().fields} - set(table.schema.names):
        return
    began = f"min.{TIME_COLUMNS[table]}"
    for action in pa.table(delta.get_add_actions(flatten=True)).to_pylist():
        # Another writer's file without statistics is left alone.
        if action.get(began) is not None and action["num_records"] < SMALL_ROWS:
            yield SmallFile(
                unquote(action["path"]),
                action["size_bytes"],
                action["num_records"],
                action[began],
                tuple((name, str(action[f"partition.{name}"])) for name in table.partition_by),
            )


def _compact(compactor: Compactor, plan: Compaction, delta: DeltaTable, number: int) -> bool:
    """Compact one table, of which `delta` is the version that was planned, and tell whether it was."""
    drafts = _write_drafts(compactor, plan)
    check_fence(compactor.ledger, compactor.fence)
    try:
        _commit(compactor, plan, delta, number, drafts)
    except CommitFailedError:
        LOG.warning("Another writer committed to %s; it is compacted next time.", plan.table.name)
        return False
    mark_drafts(compactor.ledger, [draft.key for draft in drafts], "published")
    return True


def _choose_number(lake: Store) -> int:
    """Choose the transaction number: the greatest that a table has, and so below any later publish's.

    Not one more, as a publish takes. The lock may be lost between its last check and the commit, and another
    run then record a publish under that number: this table would seem to have that publish's commit. As the
    lock is checked after the number is chosen, a publish by another run has a greater one.
    """
    tables = [delta for table in TABLES if (delta := find_table(lake, table)) is not None]
    return max((delta.transaction_version(TRANSACTION_ID) or 0 for delta in tables), default=0)


def _write_drafts(compactor: Compactor, plan: Compaction) -> list[DraftFile]:
    """Write the new files, each of which is registered before."""
    drafts: list[DraftFile | None] = []
    for place, group in enumerate(plan.groups):
        check_fence(compactor.ledger, compactor.fence)
        if plan.table is EVENTS:
            rows = _read_rows(compactor.lake, EVENTS, WRITE_SCHEMA, group).unify_dictionaries()
            path = _name_draft(compactor, plan.table, (place, group), find_omitted(list_filled(rows)))
            drafts.append(_write_day(compactor.lake, path, group[0].partition, rows))
        else:
            path = _name_draft(compactor, plan.table, (place, group))
            rows = _read_rows(compactor.lake, plan.table, plan.table.schema, group)
            drafts.append(
                write_draft(compactor.lake, plan.table, path, [rows.sort_by(TIME_COLUMNS[plan.table])])
            )
    return [draft for draft in drafts if draft is not None]


def _name_draft(
    compactor: Compactor, table: Table, group: tuple[int, Sequence[SmallFile]], omitted: str = ""
) -> str:
    """Name and register the file that a group becomes, in the folder where the files lie."""
    folder = group[1][0].path.rpartition("/")[0]
    path = f"{folder}/{name_file(f'{compactor.run_id}-c{group[0]:04d}', omitted)}".lstrip("/")
    draft = Draft(f"{table.name}/{path}", table.name, compactor.run_id, 0, compactor.made_at)
    register_drafts(compactor.ledger, [draft])
    return path


def _write_day(lake: Store, path: str, partition: Sequence[tuple[str, str]], rows: pa.Table) -> DraftFile:
    """Write the events of some files of an app's day as one, in the order of `layout`."""
    with (
        open_for_writing(lake, f"{EVENTS.name}/{path}") as sink,
        open_events_writer(sink, choose_schema(path, WRITE_SCHEMA)) as writer,
    ):
        written = write_sorted(writer, rows)
    ranges = [find_ranges(written, EVENTS.statistics)]
    values = [value for _, value in partition]
    return describe_draft(lake, EVENTS, path, values, Contents(written.num_rows, ranges))


def _read_rows(lake: Store, table: Table, schema: pa.Schema, files: Sequence[SmallFile]) -> pa.Table:
    """Read the rows of some files, many files at once, in the order of the files."""
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    with explain_errors(lake, table.name):
        dataset = ds.dataset(
            [file.path for file in files],
            schema=schema,
            format=ds.ParquetFileFormat(dictionary_columns=coded),
            filesystem=open_filesystem(lake, table.name),
        )
        return dataset.to_table()


def _commit(
    compactor: Compactor, plan: Compaction, delta: DeltaTable, number: int, drafts: Sequence[DraftFile]
) -> None:
    """Commit the new files and the removal of the old, as changing no row."""
    moment = int(compactor.made_at.timestamp() * 1000)
    adds = [
        AddAction(draft.path, draft.size, dict(draft.partition), moment, False, draft.statistics)
        for draft in drafts
    ]
    removes = [
        RemoveAction(
            path=file.path,
            deletion_timestamp=moment,
            data_change=False,
            partition_values=dict(file.partition),
            size=file.size,
        )
        for file in plan.files
    ]
    with explain_delta_errors(table_uri(compactor.lake, plan.table), is_write=True):
        delta.create_write_transaction(
            [*adds, *removes],
            mode="append",
            schema=plan.table.schema,
            partition_by=list(plan.table.partition_by),
            commit_properties=CommitProperties(
                custom_metadata={"pushlift.run_id": compactor.run_id},
                app_transactions=[Transaction(TRANSACTION_ID, number)],
                max_commit_retries=0,
            ),
        )
