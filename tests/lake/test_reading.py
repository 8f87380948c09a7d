from datetime import date
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest

import etl
from etl.errors import ConfigurationError
from etl.lake.drafts import DraftFile
from etl.lake.reading import Lake, LakeTable, connect_duckdb, iterate_rows, open_lake, query_lake
from etl.lake.tables import EVENTS
from etl.stores import write_object
from tests.services.worlds import World, message, messages

SECOND = "push/2026/09/02/13/b.json.gz"


def ask(lake: Lake, query: str) -> list[tuple[object, ...]]:
    """Answer a query."""
    connection = connect_duckdb(lake)
    try:
        reader = query_lake(connection, query)
        return [] if reader is None else list(iterate_rows(reader))
    finally:
        connection.close()


def fill(world: World) -> Lake:
    """Publish seven events of two apps on two days."""
    world.land([*messages(range(5)), b"no json"])
    world.land(messages(range(5, 7), app_id="com.other", event_time="2026-09-02 01:00:00.000"), SECOND)
    world.ingest()
    return open_lake(world.settings)


def test_every_reader_sees_the_same(world: World) -> None:
    """Pyarrow, DuckDB, pandas and Polars, on folders and on object storage; partition columns are columns."""
    events = fill(world).events

    assert events.dataset().count_rows() == 7
    assert events.duckdb().aggregate("count(*), count(distinct app_id)").fetchall() == [(7, 2)]
    assert len(events.pandas(["event_id"], where=pc.field("app_id") == "com.other")) == 2
    days = events.polars().select("event_date").unique().collect()["event_date"].to_list()
    assert sorted(days) == [date(2026, 9, 1), date(2026, 9, 2)]


def test_a_limit_is_safe(world: World) -> None:
    """A scan that is abandoned neither hangs nor crashes, whatever the store."""
    lake = fill(world)

    for _ in range(5):
        assert len(ask(lake, "select event_id from events limit 1")) == 1


def test_partitions_are_pruned(local_world: World) -> None:
    """A filter on app and day opens no file of another partition: here, those are gone."""
    lake = fill(local_world)
    for path in local_world.live_paths():
        if "com.other" in path:
            Path(path).unlink()

    query = "select count(*) from events where app_id = 'id1234567890' and event_date = '2026-09-01'"
    assert ask(lake, query) == [(5,)]


def test_drafts_are_not_seen(local_world: World) -> None:
    """Only what the log names is read."""
    lake = fill(local_world)
    draft = DraftFile("events", "app_id=x/event_date=2026-09-01/d.parquet", 1, 1, (), "{}")
    write_object(local_world.lake, draft.key, b"no parquet")

    assert ask(lake, "select count(*) from events") == [(7,)]


def test_a_lake_without_tables_is_empty(local_world: World) -> None:
    """Queries work before the first run, and nothing is created by asking."""
    lake = open_lake(local_world.settings)

    assert ask(lake, "select count(*) from events, quarantine, loads") == [(0,)]
    assert not Path(local_world.lake.root).exists()


@pytest.mark.parametrize(
    "query",
    [
        "copy events to 'out.csv'",
        "select * from read_csv('/etc/passwd')",
        "attach 'other.db'",
        "install httpfs",
        "set enable_external_access = true",
        "delete from events",
        "drop table events",
    ],
)
def test_queries_change_and_read_nothing_else(local_world: World, query: str) -> None:
    """No file, no network, no extension, no change of a table."""
    with pytest.raises(duckdb.Error):
        ask(open_lake(local_world.settings), query)


def test_instants_are_utc_and_maps_are_dictionaries(local_world: World) -> None:
    """A query shows what was published, wherever it runs."""
    local_world.land([message(1, brand_new="x")])
    local_world.ingest()

    rows = ask(open_lake(local_world.settings), "select event_time::varchar, extra from events")

    assert rows == [("2026-09-01 12:00:01.001+00", {"brand_new": "x"})]


def test_an_empty_query_has_no_rows(local_world: World) -> None:
    """Nothing asked, nothing answered."""
    assert ask(open_lake(local_world.settings), ";") == []


def test_the_lake_is_opened_in_one_line(local_world: World, tmp_path: Path) -> None:
    """By settings, or by the configuration's path."""
    (tmp_path / "pushlift.toml").write_text("", encoding="utf-8")

    assert etl.open_lake(local_world.settings).events == LakeTable(local_world.lake, EVENTS)
    assert etl.open_lake(tmp_path / "pushlift.toml").events.dataset().count_rows() == 0
    with pytest.raises(ConfigurationError):
        etl.open_lake(tmp_path / "absent.toml")
    with pytest.raises(AttributeError):
        etl.open_sea  # noqa: B018 - the access is what is tested
