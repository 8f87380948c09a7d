"""What the library's queries read and take on a year of events, in the lake and in plain hive Parquet.

`python -m benchmarks.queries FOLDER ROWS ROUNDS [QUERY …]` makes the year where it is not there: through the
lake's own writer, as upkeep leaves a day (one file an app and day), and the same rows, shuffled, with
pyarrow's defaults, one file an app and day as well, which is the best that plain files can be. Each query
that reads `events` is asked of both in turns, each time over a new connection, for the whole year and for
four weeks of one app, of the latter three times a round.

Time is wall time from the query to its last row, CPU that of the process, and bytes are what the process was
given by reads (`rchar` of /proc/self/io), counted alike for both. Answers must be equal.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, Transaction
from deltalake.transaction import AddAction, RemoveAction

from benchmarks.year import APPS, DAYS, FIRST_DAY, make_day, name_object
from etl.lake.drafts import Contents, DraftFile, describe_draft, draft_path, write_draft
from etl.lake.encode import PartitionWriter
from etl.lake.families import find_omitted, list_filled
from etl.lake.layout import WRITE_SCHEMA, find_order
from etl.lake.library import list_queries, read_views
from etl.lake.publish import TRANSACTION_ID
from etl.lake.reading import Lake, connect_duckdb
from etl.lake.tables import EVENTS, LOADS, POSTBACKS, UTC_TYPE, Table, open_or_create
from etl.stores import Store, open_store

MONTH: Final = 31
LATEST: Final = 24 * 31 + 2
ASKED: Final = {"app": APPS[1].app_id, "first_day": "2026-03-02", "last_day": "2026-03-29"}
# Those whose own conditions leave less than a tenth of the rows of the days that are asked for: conversions
# are 6 in 100, sales 4. All others need every row.
SELECTIVE: Final = frozenset(
    {
        "assisted_installs", "consent_by_app", "first_purchase_delay", "installs_by_day",
        "installs_by_source", "revenue_by_cohort", "revenue_by_currency", "revenue_by_day",
        "revenue_by_source", "roas_by_source",
    }
)  # fmt: skip
# What they ask is in small tables.
NOT_OF_EVENTS: Final = frozenset(
    {
        "fields_that_drift", "messages_by_day", "opt_out_deadlines", "postback_attempts", "quality_last_week",
        "quarantine_by_reason",
    }
)  # fmt: skip
# How often, in a round, what takes no time is asked.
TIMES: Final = 3
_OUTCOMES: Final = """
select
    occurrence_id, app_id, event_date, event_name, 'plan' as plan_id, 'production' as mode, 'run' as run_id,
    row_number() over () as position, now() as exported_at,
    if(position % 20 = 0, 'refused', 'delivered') as state
from purchases
where is_asked(app_id, event_date, event_date_local)
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one query took, once."""

    seconds: float
    cpu_seconds: float
    bytes: int


def make_year(folder: Path, total: int, days: int = DAYS) -> None:
    """Make what is not there yet of the year, or of its first days, a month a commit."""
    lake = open_store(str(folder / "lake"))
    done = open_or_create(lake, EVENTS).version()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for month in range(done, -(-days // MONTH)):
            chosen = range(month * MONTH, min((month + 1) * MONTH, days))
            jobs = [(place, day) for day in chosen for place in range(len(APPS))]
            drafts = list(pool.map(partial(write_day, folder, total), jobs, chunksize=len(APPS)))
            _commit(lake, EVENTS, drafts, month)
            sys.stderr.write(f"month {month}: {sum(draft.rows for draft in drafts):,} rows\n")
    if not (folder / "loads.parquet").exists():
        _write_accounts(folder, lake)


def write_day(folder: Path, total: int, job: tuple[int, int]) -> DraftFile:
    """Write an app's day into both."""
    place, day = job
    rows = make_day(place, day, total)
    date = f"{FIRST_DAY + timedelta(days=day)}"
    plain = folder / "plain" / f"app_id={APPS[place].app_id}" / f"event_date={date}"
    plain.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, plain / "part-0.parquet")

    lake, partition = open_store(str(folder / "lake")), (APPS[place].app_id, date)
    written = _as_written(rows)
    path = draft_path("year", partition, 0, find_omitted(list_filled(written)))
    with ExitStack() as stack:
        writer = PartitionWriter(lake, path, partition, stack)
        writer.add(written.take(pa.array(find_order(written))), rows.nbytes)
        writer.flush()
    return describe_draft(lake, EVENTS, path, partition, Contents(writer.rows, writer.ranges))


def _as_written(rows: pa.Table) -> pa.Table:
    columns = [
        rows[field.name].dictionary_encode() if pa.types.is_dictionary(field.type) else rows[field.name]
        for field in WRITE_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=WRITE_SCHEMA)


def _commit(lake: Store, table: Table, drafts: Sequence[DraftFile], number: int) -> None:
    adds: list[AddAction | RemoveAction] = [
        AddAction(each.path, each.size, dict(each.partition), 0, True, each.statistics) for each in drafts
    ]
    open_or_create(lake, table).create_write_transaction(
        adds,
        mode="append",
        schema=table.schema,
        partition_by=list(table.partition_by),
        commit_properties=CommitProperties(app_transactions=[Transaction(TRANSACTION_ID, number + 1)]),
    )


def _write_accounts(folder: Path, lake: Store) -> None:
    """Write what queries join with `events`: a load an hour, and the outcomes of four weeks' sales."""
    hours = range(24 * DAYS + LATEST)
    begin = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    loads = {
        "load_id": pa.array([name_object(0, hour) for hour in hours]),
        "landed_at": pa.array([begin + timedelta(hours=hour) for hour in hours], UTC_TYPE),
    }
    outcomes = _connect_plain(folder, ASKED).sql(_OUTCOMES).to_arrow_table()
    for table, made in ((POSTBACKS, outcomes), (LOADS, pa.table(loads))):
        rows = _fill(table, made)
        draft = write_draft(lake, table, "year.parquet", [rows])
        if draft is not None:
            _commit(lake, table, [draft], DAYS)
        pq.write_table(rows, folder / f"{table.name}.parquet")


def _fill(table: Table, made: pa.Table) -> pa.Table:
    """Give a table all its columns."""
    columns = [
        made[field.name].cast(field.type)
        if field.name in made.column_names
        else pa.nulls(len(made), field.type)
        for field in table.schema
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def _connect_plain(folder: Path, variables: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Connect to the plain files, as one does who has read DuckDB's page on Parquet, with the same views."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    files = f"read_parquet('{folder}/plain/*/*/*.parquet', hive_partitioning = true)"
    connection.execute(f"CREATE VIEW events AS FROM {files}")
    for table in (LOADS, POSTBACKS):
        path = folder / f"{table.name}.parquet"
        source = f"'{path}'" if path.exists() else f"(SELECT {_name_nothing(table)} WHERE false)"
        connection.execute(f"CREATE VIEW {table.name} AS FROM {source}")
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = '{value}'")
    connection.execute(read_views())
    return connection


def _name_nothing(table: Table) -> str:
    return ", ".join(f"NULL::VARCHAR AS {name}" for name in table.schema.names)


def _connect(folder: Path, side: str, variables: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    if side == "plain":
        return _connect_plain(folder, variables)
    # As `pushlift sql` does for every query of the library.
    return connect_duckdb(Lake(open_store(str(folder / "lake"))), variables, reads_only=True)


def ask(
    folder: Path, side: str, variables: Mapping[str, str], text: str
) -> tuple[Taken, list[tuple[object, ...]]]:
    """Ask one side once, over a new connection that is made before the clock starts."""
    connection = _connect(folder, side, variables)
    try:
        given, cpu, started = _count_given(), _count_cpu(), time.perf_counter()
        rows = connection.sql(text).fetchall()
        seconds = time.perf_counter() - started
        return Taken(seconds, _count_cpu() - cpu, _count_given() - given), rows
    finally:
        connection.close()


def _count_given() -> int:
    """Count the bytes that reads have given this process, from pages in memory or not."""
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])


def _count_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def compare(folder: Path, rounds: int, names: Sequence[str] = ()) -> Iterator[str]:
    """Ask all queries of both, or those that are named, and give the lines of the table."""
    yield "| query | | span | plain s | lake s | time | CPU | plain MB | lake MB | bytes |"
    yield "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for span, variables, times in (("four weeks of an app", ASKED, TIMES), ("year", {}, 1)):
        for query in list_queries():
            if query.name in NOT_OF_EVENTS or (names and query.name not in names):
                continue
            taken: dict[str, list[Taken]] = {"plain": [], "lake": []}
            answers = []
            for _ in range(rounds * times):
                for side, all_taken in taken.items():
                    one, rows = ask(folder, side, variables, query.text)
                    all_taken.append(one)
                    answers.append(rows)
            if any(rows != answers[0] for rows in answers):
                raise SystemExit(f"{query.name} has other answers in the lake than in plain files.")
            kind = "selective" if query.name in SELECTIVE else "full scan"
            yield _spell(query.name, kind, span, taken["plain"], taken["lake"])


def _spell(name: str, kind: str, span: str, plain: Sequence[Taken], lake: Sequence[Taken]) -> str:
    seconds = [statistics.median(each.seconds for each in side) for side in (plain, lake)]
    cpu = [statistics.median(each.cpu_seconds for each in side) for side in (plain, lake)]
    size = [statistics.median(each.bytes for each in side) / 1e6 for side in (plain, lake)]
    return (
        f"| {name} | {kind} | {span} | {seconds[0]:.2f} | {seconds[1]:.2f} | {seconds[1] / seconds[0]:.2f}"
        f" | {cpu[1] / cpu[0]:.2f} | {size[0]:,.1f} | {size[1]:,.1f} | {size[1] / size[0]:.2f} |"
    )


def main(folder: Path, total: int, rounds: int, names: Sequence[str]) -> None:
    """Make the year and compare."""
    make_year(folder, total)
    for line in compare(folder, rounds, names):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
