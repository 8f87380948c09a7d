"""Columns that a file leaves out: where no row has a value, and every reader sees nulls."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import ConservationError
from etl.jobs.erasing import erase_people
from etl.jobs.maintain import maintain_lake
from etl.lake.compact import MOST_DAY_FILES
from etl.lake.erase import Policy
from etl.lake.families import (
    FAMILIES,
    choose_schema,
    complete,
    find_omitted,
    list_filled,
    list_omitted,
    name_file,
    read_omitted,
)
from etl.lake.find_people import ID_COLUMNS
from etl.lake.history import read_columns
from etl.lake.layout import ORDERED_BY, WRITE_SCHEMA, open_events_writer, write_sorted
from etl.lake.only_reading import only_reads
from etl.lake.reading import connect_duckdb, open_lake
from etl.lake.spill import read_outcome
from etl.lake.tables import EVENTS, file_schema
from etl.lake.wanted import Wanted, WantedId
from tests.lake.erasing import event_of, wanted_of
from tests.services.worlds import World, message, messages

ALL = "".join(FAMILIES)
SECOND = "push/2026/09/01/14/b.json.gz"
# A field of each family with a value, and the column that it comes to.
VALUES = {
    "a": ("oaid", {"oaid": "7a9b1c2d-0e1f-4a5b-8c9d-a0b1c2d3e4f5"}),
    "c": ("contributor_2_media_source", {"contributor_2_media_source": "other_int"}),
    "d": ("store_reinstall", {"store_reinstall": "true"}),
    "e": ("extra", {"a_field_of_tomorrow": "x"}),
    "i": ("att", {"att": "authorized"}),
    "k": ("af_sub2", {"af_sub2": "x"}),
    "r": ("deeplink_url", {"deeplink_url": "https://a.example/x"}),
    "x": ("dma", {"dma": "501"}),
}
COLUMNS = st.sets(st.sampled_from(file_schema(EVENTS).names))


def omitted_of(world: World) -> list[str]:
    """Give what each live file says that it leaves out."""
    return sorted(read_omitted(path) for path in world.live_paths())


def columns_of(path: str) -> set[str]:
    """Give the columns that are in a file."""
    return set(pq.read_schema(path).names)


@given(COLUMNS)
def test_what_has_a_value_is_never_left_out(filled: set[str]) -> None:
    """And a family of which nothing has one always is."""
    left_out = list_omitted(find_omitted(filled))

    assert left_out.isdisjoint(filled)
    assert all(set(names) & filled for names in FAMILIES.values() if not set(names) <= left_out)


@given(COLUMNS)
def test_a_name_tells_what_is_left_out(filled: set[str]) -> None:
    """Whatever folders and beginning it has."""
    omitted = find_omitted(filled)

    assert read_omitted(f"app_id=a.without-c.parquet/{name_file('run-1-000', omitted)}") == omitted


@pytest.mark.parametrize(
    "name", ["run-000.parquet", "part-0.snappy.parquet", "a.without-.parquet", "a.without-q.parquet"]
)
def test_a_name_without_the_mark_leaves_nothing_out(name: str) -> None:
    """Files from before, and those that other tools wrote, have all columns."""
    assert read_omitted(name) == ""


def test_families_are_columns_that_nothing_leans_on() -> None:
    """Each column is in one at most, and none tells rows apart, orders them or has ranges in the log."""
    names = [name for family in FAMILIES.values() for name in family]

    assert len(names) == len(set(names))
    assert set(names) <= set(file_schema(EVENTS).names)
    assert set(names).isdisjoint(
        {"event_id", "occurrence_id", *ORDERED_BY, *EVENTS.statistics, *EVENTS.partition_by}
    )


def test_the_letters_stay_what_they_mean() -> None:
    """Files of them are in people's lakes: this may grow by letters, and by nothing else."""
    assert {letter: len(names) for letter, names in FAMILIES.items()} == {
        "a": 4,
        "c": 12,
        "d": 8,
        "e": 2,
        "i": 3,
        "k": 13,
        "r": 4,
        "x": 4,
    }


def test_rare_columns_are_not_in_the_file(local_world: World) -> None:
    """Messages that have nothing of any family come to a file without all of these."""
    local_world.land(messages([1, 2]))
    local_world.ingest()

    (path,) = local_world.live_paths()

    assert omitted_of(local_world) == [ALL]
    assert columns_of(path) == set(file_schema(EVENTS).names) - list_omitted(ALL)


@pytest.mark.parametrize("letter", FAMILIES)
def test_a_value_brings_its_family(local_world: World, letter: str) -> None:
    """And it is read by every way."""
    column, fields = VALUES[letter]
    local_world.land([message(1), message(2, **fields)])
    local_world.ingest()

    (path,) = local_world.live_paths()

    assert omitted_of(local_world) == [ALL.replace(letter, "")]
    assert set(FAMILIES[letter]) <= columns_of(path)
    assert sum(row[column] is not None for row in local_world.events()) == 1


def test_files_of_all_kinds_are_one_table(local_world: World) -> None:
    """For DuckDB on both its ways, pandas, Polars and pyarrow: what a file leaves out is null there."""
    lake = open_lake(local_world.settings)
    for number, (letter, (_, fields)) in enumerate(VALUES.items()):
        local_world.land([message(number, **fields)], f"push/2026/09/01/13/{letter}.json.gz")
        local_world.ingest()
    local_world.land([message(9)], SECOND)
    local_world.ingest()
    columns = [column for column, _ in VALUES.values()]
    query = f"select {', '.join(f'count({column})' for column in columns)}, count(*) from events"  # noqa: S608 - ours

    assert len(set(omitted_of(local_world))) == len(VALUES) + 1
    assert only_reads(query)
    for reads_only in (True, False):
        connection = connect_duckdb(lake, reads_only=reads_only)
        assert connection.sql(query).fetchall() == [(1, 1, 1, 1, 1, 1, 1, 1, 9)]
        assert connection.sql("from events").columns == EVENTS.schema.names
        assert connection.sql("from events").types == connection.sql("from events where false").types
    assert lake.events.pandas(columns).notna().sum().tolist() == [1] * len(VALUES)
    table = lake.events.dataset().to_table()
    assert table.schema.names == EVENTS.schema.names
    assert [len(table) - table[column].null_count for column in columns] == [1] * len(VALUES)
    scanned = pl.scan_delta(f"{local_world.lake.root}/events").select(columns).collect()
    assert [len(scanned) - scanned[column].null_count() for column in columns] == [1] * len(VALUES)


def test_upkeep_gives_a_day_the_families_that_it_has(local_world: World) -> None:
    """Of files that leave out this and that, one is made which leaves out what all of them can."""
    for number in range(MOST_DAY_FILES + 1):
        fields = {"af_sub2": "x"} if number == 1 else {}
        local_world.land([message(number, **fields)], f"push/2026/09/01/13/{number:02d}.json.gz")
        local_world.ingest()
    before = local_world.contents()

    maintain_lake(local_world.settings, is_dry_run=False)

    assert omitted_of(local_world) == [ALL.replace("k", "")]
    assert local_world.contents() == before


@pytest.mark.parametrize("policy", ["rows", "identifiers"])
def test_erasing_leaves_out_the_same(local_world: World, policy: Policy) -> None:
    """A successor has the columns of its file."""
    local_world.land([event_of(1, 10, dma="501"), event_of(2, 20, af_sub2="x"), event_of(3, 30)])
    local_world.ingest()
    before = omitted_of(local_world)

    erase_people(local_world.settings, wanted_of([2]), policy, is_dry_run=False)

    (path,) = local_world.live_paths()
    assert omitted_of(local_world) == before == ["".join(each for each in ALL if each not in "ikx")]
    assert columns_of(path) == set(choose_schema(path, file_schema(EVENTS)).names)
    assert [row["dma"] for row in local_world.events()].count("501") == 1


def test_reading_by_name_gives_nulls_for_what_is_left_out(local_world: World) -> None:
    """Of the table's types, beside the columns that are there: who erases need not know of families."""
    local_world.land([message(1, idfv="7A9B1C2D-0E1F-4A5B-8C9D-A0B1C2D3E4F5")])
    local_world.ingest()
    (path,) = local_world.live_paths()

    key = f"events/{path.rpartition('/events/')[2]}"
    (batch,) = read_columns(local_world.lake, key, ID_COLUMNS)

    assert {"oaid", "embedded_ids"} <= list_omitted(read_omitted(path))
    assert batch.schema.names == list(ID_COLUMNS)
    assert all(batch.schema.field(name).type == EVENTS.schema.field(name).type for name in ID_COLUMNS)
    assert (batch["oaid"].null_count, batch["embedded_ids"].null_count, batch["idfv"].null_count) == (1, 1, 0)
    (alone,) = read_columns(local_world.lake, key, ["oaid"])
    assert alone.to_pylist() == [{"oaid": None}]


@pytest.mark.parametrize("policy", ["rows", "identifiers"])
@pytest.mark.parametrize("column", ["oaid", "imei", "idfv"])
def test_a_person_is_erased_from_the_files_that_name_them(
    local_world: World, policy: Policy, column: str
) -> None:
    """By an id in a column that other files leave out, and nobody else is."""
    person = "7a9b1c2d-0e1f-4a5b-8c9d-a0b1c2d3e4f5"
    for number in range(3):
        fields = {column: person} if number == 1 else {}
        local_world.land([message(number, **fields)], f"push/2026/09/01/13/{number}.json.gz")
        local_world.ingest()
    assert len(set(omitted_of(local_world))) == 2

    found = erase_people(local_world.settings, Wanted([WantedId(person)]), policy, is_dry_run=False)

    assert found.tables[0].rows_gone + found.tables[0].rows_changed == 1
    assert len(local_world.events()) == (2 if policy == "rows" else 3)
    assert [row for row in local_world.events() if row[column]] == []


def test_a_value_is_never_lost_in_writing(tmp_path: Path) -> None:
    """A file whose name says that a filled column is left out is not written."""
    rows = complete(pa.table({"af_sub2": ["x"]}), WRITE_SCHEMA)
    path = tmp_path / name_file("a", "k")

    with (
        path.open("wb") as sink,
        open_events_writer(sink, choose_schema(path.name, WRITE_SCHEMA)) as writer,
        pytest.raises(ConservationError, match=r"af_sub2 would be lost"),
    ):
        write_sorted(writer, rows)


def test_completed_rows_have_all_columns() -> None:
    """In the table's order, and beside them any others that a file has."""
    rows = complete(pa.table({"strange": ["x"], "event_id": ["y"]}), file_schema(EVENTS))

    assert rows.column_names == [*file_schema(EVENTS).names, "strange"]
    assert list_filled(rows) == ["event_id", "strange"]


def test_a_spill_from_before_leaves_nothing_out(local_world: World) -> None:
    """A run that was cut off by an update goes on, with all columns."""
    local_world.land([message(1)])
    run = local_world.discover()
    (outcome,) = local_world.normalize(run)
    path = Path(local_world.scratch.path_of(f"{outcome.name}.json"))
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept.pop("omitted") == ALL
    path.write_text(json.dumps(kept), encoding="utf-8")

    found = read_outcome(local_world.scratch, outcome.name)
    local_world.publish(run, [found], local_world.settle(run, [found]))

    assert found == replace(outcome, omitted="")
    assert omitted_of(local_world) == [""]
