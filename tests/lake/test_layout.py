"""How rows lie in the files of `events`, as ingest, compaction and erasure leave them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.appsflyer.fields import personal_fields
from etl.jobs.maintain import maintain_lake
from etl.lake.compact import MOST_DAY_FILES, TARGET_ROWS, SmallFile, group_days
from etl.lake.layout import LEAST_OTHER_ROWS, MOST_GROUP_ROWS, open_events_writer, write_sorted
from etl.lake.reading import Lake, open_lake
from etl.lake.tables import EVENTS, find_table
from tests.services.worlds import Row, World, check_conservation, message, open_local_world

BEGINNING: Final = datetime(2026, 9, 1, tzinfo=UTC)
TOPICS: Final = ("install", "reinstall", "install_in_app_event", "re_engagement_in_app_event", None)
NAMES: Final = ("af_login", "af_purchase", "install", None)
ROWS: Final = st.lists(
    st.fixed_dictionaries(
        {
            "event_id": st.text("0123456789abcdef", min_size=32, max_size=32),
            "topic": st.sampled_from(TOPICS),
            "event_name": st.sampled_from(NAMES),
            "event_time": st.none() | st.integers(0, 9).map(lambda hour: BEGINNING + timedelta(hours=hour)),
            "event_revenue_usd": st.sampled_from((None, 1)),
        }
    ),
    max_size=40,
)


def rank(row: Row) -> tuple[Any, ...]:
    """Tell where a row belongs: by kind (`layout`), topic, name and time; nulls last."""
    is_event = row["topic"] is None or str(row["topic"]).endswith("in_app_event")
    is_usual = row["topic"] == "install_in_app_event"
    is_paid = row.get("event_revenue") is not None or row.get("event_revenue_usd") is not None
    named = [(row[name] is None, row[name] or "") for name in ("topic", "event_name")]
    return (
        is_event + is_usual + (is_usual and not is_paid),
        *named,
        row["event_time"] or datetime(9999, 1, 1, tzinfo=UTC),
    )


def read_files(world: World) -> list[pq.ParquetFile]:
    """Open the live files of `events`."""
    return [pq.ParquetFile(path) for path in sorted(world.live_paths())]


def check_order(file: pq.ParquetFile) -> None:
    """Demand that each row stands where it belongs."""
    names = ["topic", "event_name", "event_time", "event_revenue", "event_revenue_usd"]
    ranks = [rank(row) for row in file.read(names).to_pylist()]
    assert ranks == sorted(ranks)


def count_groups(file: pq.ParquetFile) -> list[int]:
    """Count the rows of each row group."""
    return [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]


def make_mixed(numbers: Sequence[int]) -> list[Row]:
    """Make messages of all kinds in no order: installs, sales, logins."""
    kinds: tuple[Row, ...] = (
        {"event_name": "install", "event_revenue": None},
        {},
        {"event_name": "af_login", "event_revenue": None},
    )
    return [
        message(7919 * number % 3600, appsflyer_id=f"1-{number}", **kinds[number % 3]) for number in numbers
    ]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One ingest of 2,100 rows of each of three kinds."""
    world = open_local_world(tmp_path_factory.mktemp("mixed"))
    world.land(make_mixed(range(6300)))
    world.ingest()
    return world


def upkeep(world: World) -> dict[str, tuple[int, int]]:
    """Do upkeep, and tell what was compacted."""
    return maintain_lake(world.settings, is_dry_run=False).compacted


def test_ingest_leaves_files_in_order(mixed: World) -> None:
    """Conversions, retargeting, what has revenue, then the rest, each by topic, name and time."""
    [file] = read_files(mixed)
    check_order(file)


def test_each_kind_has_row_groups_of_its_own(mixed: World) -> None:
    """As 2,100 rows are worth one."""
    [file] = read_files(mixed)
    assert count_groups(file) == [2100, 2100, 2100]


@pytest.mark.parametrize(
    ("installs", "sales", "logins", "groups"),
    [
        (1_023, 1, 1_024, [1_024, 1_024]),
        (1_023, 1, 1_023, [2_047]),
        (2_048, 2_048, 1_024, [2_048, 2_048, 1_024]),
        (2_048, 2_048, 1_023, [5_119]),
        (3_000, 2_047, 5_000, [5_047, 5_000]),
        (2_047, 3_000, 5_000, [5_047, 5_000]),
        (0, 1_024, 1_024, [1_024, 1_024]),
        (0, 0, 5_000, [5_000]),
        (100, 0, 0, [100]),
    ],
)
def test_few_rows_share_a_row_group(installs: int, sales: int, logins: int, groups: list[int]) -> None:
    """Each costs every reader as much as some thousand rows."""
    rows: list[Row] = []
    for topic, revenue, count in (
        ("install", None, installs),
        ("install_in_app_event", 1, sales),
        ("install_in_app_event", None, logins),
    ):
        rows += [{"topic": topic, "event_revenue": revenue}] * count
    file = write_and_open(rows, ["topic", "event_revenue"])
    assert count_groups(file) == groups


def write_and_open(rows: list[Row], names: Sequence[str]) -> pq.ParquetFile:
    """Write rows of some columns in order, and open the file."""
    schema = pa.schema([EVENTS.schema.field(name) for name in names])
    sink = io.BytesIO()
    with open_events_writer(sink, schema) as writer:
        write_sorted(writer, pa.Table.from_pylist(rows, schema))
    return pq.ParquetFile(io.BytesIO(sink.getvalue()))


def test_digests_alone_are_not_compressed(mixed: World) -> None:
    """Zstd would halve them, and slow what counts occurrences; what is nested is compressed too."""
    [file] = read_files(mixed)
    group = file.metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    plain = {column.path_in_schema for column in columns if column.compression == "UNCOMPRESSED"}
    assert plain == {"event_id", "occurrence_id"}
    assert {column.compression for column in columns} == {"ZSTD", "UNCOMPRESSED"}
    assert any(column.path_in_schema == "quality_flags.list.element" for column in columns)


def test_footers_tell_ranges_of_nobody(mixed: World) -> None:
    """Of a few columns, none of them personal; those that the log tells are among them."""
    [file] = read_files(mixed)
    group = file.metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    told = {column.path_in_schema for column in columns if column.is_stats_set}
    assert told == {*EVENTS.statistics, "event_name", "event_revenue", "event_revenue_usd"}
    assert not told & {field.name for field in personal_fields()}


@pytest.mark.parametrize(
    ("query", "groups"),
    [
        ("select count(distinct event_id) from events", [3]),
        ("select count(distinct event_id) from installs", [1]),
        ("select count(distinct event_id) from conversions", [1]),
        # Its second step, for sales told in USD alone, finds none to read.
        ("select count(distinct event_id) from purchases", [1]),
        ("select count(distinct event_id) from events where event_name = 'af_purchase'", [1]),
    ],
)
def test_row_groups_are_passed_over(mixed: World, query: str, groups: list[int]) -> None:
    """What analysts ask for most reads a third of the three row groups."""
    [(_, told)] = Lake(mixed.lake).query(f"explain analyze {query}").fetchall()
    assert [int(count) for count in re.findall(r"Row Groups Scanned: (\d+)", told)] == groups


def test_many_files_of_a_day_become_one(world: World) -> None:
    """In order, with the same rows and statistics; upkeep again changes nothing, nor does ingesting again."""
    for run in range(MOST_DAY_FILES + 1):
        world.land(make_mixed(range(40 * run, 40 * run + 40)), f"push/2026/09/01/{13 + run}/a.json.gz")
        world.ingest()
    before = world.contents()
    assert len(world.live_paths()) == MOST_DAY_FILES + 1

    assert upkeep(world)["events"] == (MOST_DAY_FILES + 1, 1)

    assert len(world.live_paths()) == 1
    assert world.contents() == before
    if world.lake.is_local:
        check_order(read_files(world)[0])
    assert upkeep(world) == {}
    assert world.ingest().published == 0
    check_conservation(world)


def test_a_compacted_day_keeps_what_the_log_tells(local_world: World) -> None:
    """Its row count and ranges are those of all its files."""
    for run in range(MOST_DAY_FILES + 1):
        local_world.land(make_mixed([run]), f"push/2026/09/01/{13 + run}/a.json.gz")
        local_world.ingest()
    before = read_statistics(local_world)
    upkeep(local_world)
    [after] = read_statistics(local_world)

    assert after["num_records"] == sum(each["num_records"] for each in before) == MOST_DAY_FILES + 1
    for name in EVENTS.statistics:
        assert after[f"min.{name}"] == min(each[f"min.{name}"] for each in before)
        assert after[f"max.{name}"] == max(each[f"max.{name}"] for each in before)


def read_statistics(world: World) -> list[dict[str, Any]]:
    """Read what the log tells of each file."""
    delta = find_table(world.lake, EVENTS)
    assert delta is not None
    found: list[dict[str, Any]] = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    return found


def test_few_files_of_a_day_are_left_alone(local_world: World) -> None:
    """Each night's late rows are no reason to write thirty days again."""
    for run in range(MOST_DAY_FILES):
        local_world.land(make_mixed([run]), f"push/2026/09/01/{13 + run}/a.json.gz")
        local_world.ingest()
    assert upkeep(local_world) == {}


def test_compaction_is_no_change_to_those_who_follow(local_world: World) -> None:
    """Whoever reads the log for new rows finds none in it."""
    for run in range(MOST_DAY_FILES + 1):
        local_world.land(make_mixed([run]), f"push/2026/09/01/{13 + run}/a.json.gz")
        local_world.ingest()
    upkeep(local_world)
    delta = find_table(local_world.lake, EVENTS)
    assert delta is not None
    commits = sorted((local_world.lake.path_of("events/_delta_log"),))
    [newest] = [f"{folder}/{delta.version():020d}.json" for folder in commits]
    with open(newest, encoding="utf-8") as lines:  # noqa: PTH123 - a name of the log's own
        actions = [json.loads(line) for line in lines]
    changes = [each[kind]["dataChange"] for each in actions for kind in ("add", "remove") if kind in each]
    assert changes == [False] * (MOST_DAY_FILES + 2)


@given(ROWS)
def test_any_rows_are_the_same_in_order(rows: list[Row]) -> None:
    """Whatever is null; and each row group but the last has rows enough."""
    names = list(rows[0]) if rows else ["event_id", "topic", "event_name", "event_time", "event_revenue_usd"]
    found = write_and_open(rows, [*names, "event_revenue"]).read().to_pylist()
    assert [rank(row) for row in found] == sorted(rank(row) for row in rows)
    assert sorted(row["event_id"] for row in found) == sorted(str(row["event_id"]) for row in rows)


@given(st.lists(st.integers(1, TARGET_ROWS), min_size=0, max_size=12), st.integers(1, 3))
def test_a_day_is_compacted_alone(counts: list[int], days: int) -> None:
    """No group holds files of two days, and none is larger than two files' worth of rows."""
    files = [
        SmallFile(f"{place}", 1, count, BEGINNING, (("event_date", f"2026-09-0{1 + place % days}"),))
        for place, count in enumerate(counts)
    ]
    for group in group_days(files):
        assert len({file.partition for file in group}) == 1
        assert sum(file.rows for file in group) < 2 * TARGET_ROWS


def test_row_groups_are_bounded() -> None:
    """Small ones share, and none is larger than what encoding may hold in memory."""
    assert LEAST_OTHER_ROWS < TARGET_ROWS < MOST_GROUP_ROWS


def test_one_liner_reads_what_was_compacted(local_world: World) -> None:
    """As `etl.open_lake()` gives it."""
    for run in range(MOST_DAY_FILES + 1):
        local_world.land(make_mixed([run]), f"push/2026/09/01/{13 + run}/a.json.gz")
        local_world.ingest()
    upkeep(local_world)
    assert open_lake(local_world.settings).query("from events").count("*").fetchall() == [
        (MOST_DAY_FILES + 1,)
    ]
