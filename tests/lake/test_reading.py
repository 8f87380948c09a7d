import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir

import duckdb
import pyarrow.compute as pc
import pytest

import etl
from etl.errors import ConfigurationError, UsageError
from etl.lake.drafts import DraftFile
from etl.lake.library import VIEWS, find_query
from etl.lake.live_files import SharedFile, name_live_files
from etl.lake.only_reading import only_reads
from etl.lake.reading import Lake, LakeTable, connect_duckdb, iterate_rows, open_lake, query_lake
from etl.lake.tables import EVENTS, TABLES, find_table
from etl.stores import write_object
from tests.reports.lakes import event, write_rows
from tests.services.worlds import World, message, messages, open_local_world

SECOND = "push/2026/09/02/13/b.json.gz"


def ask(lake: Lake, query: str) -> list[tuple[object, ...]]:
    """Answer a query, in every way that it can be: by files that DuckDB opens itself, and by ours."""
    answers = []
    for reads_only in {False, only_reads(query)}:
        connection = connect_duckdb(lake, reads_only=reads_only)
        try:
            reader = query_lake(connection, query)
            answers.append([] if reader is None else list(iterate_rows(reader)))
        finally:
            connection.close()
    assert len({len(rows) for rows in answers}) == 1
    return answers[0]


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
    """A filter on app and day opens no file of another partition: here, those are spoilt."""
    lake = fill(local_world)
    for path in local_world.live_paths():
        if "id1234567890" in path:
            Path(path).write_bytes(b"no parquet")

    query = "select count(*) from events where app_id = 'com.other' and event_date = '2026-09-02'"
    assert ask(lake, query) == [(2,)]


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
        "copy (select 1) to 'lake://events/x.parquet'",
        # A copy inside a query is a query to DuckDB.
        "with x as (copy (select 1) to 'lake://events/x.parquet' (use_tmp_file false)) select 1",
        "explain analyze copy (select 1) to 'out.csv'",
        "from read_parquet('lake://events/**/*.parquet')",
        "set lock_configuration = false",
        "set profiling_output = 'profile.json'",
        "delete from events",
        "drop table events",
    ],
)
def test_queries_change_and_read_nothing_else(local_world: World, query: str) -> None:
    """No file, no network, no extension, no change of a table."""
    with pytest.raises(duckdb.Error):
        ask(open_lake(local_world.settings), query)


def test_nothing_is_spilled_beside_who_asks(local_world: World) -> None:
    """But to a folder of the connection's own, which is not there before it is needed."""
    [(spill,)] = ask(open_lake(local_world.settings), "select current_setting('temp_directory')")
    assert Path(str(spill)).parent == Path(gettempdir())
    assert not Path(str(spill)).exists()


def test_live_files_cannot_be_written_over(local_world: World) -> None:
    """Not even by their own names, by a copy that DuckDB takes for a query."""
    lake = fill(local_world)
    before = {path: Path(path).read_bytes() for path in local_world.live_paths()}
    delta = find_table(lake.store, EVENTS)
    assert delta is not None
    for file in name_live_files(EVENTS, delta, f"{lake.store.root}/events"):
        for name in (file.name, file.path):
            copy = f"copy (select 1) to '{name}' (use_tmp_file false, format parquet)"
            for query in (copy, f"with x as ({copy}) from x"):
                with pytest.raises(duckdb.Error):
                    ask(lake, query)
                with pytest.raises(duckdb.Error):
                    lake.query(query)

    assert {path: Path(path).read_bytes() for path in local_world.live_paths()} == before


def count_files(lake: Lake, query: str) -> int:
    """Count the files that DuckDB reads for a query, whose steps all read the same ones."""
    [(_, told)] = lake.query(f"explain analyze {query}").fetchall()
    [count] = set(map(int, re.findall(r"Total Files Read: (\d+)", told)))
    return count


@pytest.mark.parametrize("view", ["events", *(view for view in VIEWS if view != "postback_outcomes")])
def test_a_range_of_days_reads_its_files_alone(weeks: Lake, view: str) -> None:
    """Three of sixty files, through every view: the conditions reach the names of the files."""
    where = "app_id = 'com.a' and event_date between '2026-09-05' and '2026-09-07'"
    assert count_files(weeks, f"from {view} select count(*), min(occurrence_id) where {where}") == 3


def test_a_query_of_the_library_reads_its_files_alone(weeks: Lake) -> None:
    """The app's days may begin and end a UTC day earlier or later."""
    asked = {"app": "com.b", "first_day": "2026-09-05", "last_day": "2026-09-07"}
    text = f"explain analyze {find_query('revenue_by_day').text}"
    [(_, told)] = weeks.query(text, **asked).fetchall()
    assert "Total Files Read: 5" in told


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two apps and thirty days, a file each."""
    world = open_local_world(tmp_path_factory.mktemp("weeks"))
    days = [f"2026-09-{day:02d} 12:00" for day in range(1, 31)]
    write_rows(world.lake, EVENTS, [event(app, day) for app in ("com.a", "com.b") for day in days])
    return Lake(world.lake)


@pytest.mark.parametrize(
    "app_id", ["a b/c", "käse=1", "100%", "../up", "%41", "_", "__HIVE_DEFAULT_PARTITION__"]
)
def test_odd_app_ids_are_asked_for_as_they_are(local_world: World, app_id: str) -> None:
    """DuckDB takes partitions from names, which are spelled anew from the log."""
    local_world.land([message(1, app_id=app_id)])
    local_world.ingest()

    query = "from events select app_id where app_id = getvariable('app')"
    assert open_lake(local_world.settings).query(query, app=app_id).fetchall() == [(app_id,)]


def test_all_columns_have_the_declared_types(local_world: World) -> None:
    """Whether the table has rows, has none or is not there yet."""
    empty = connect_duckdb(open_lake(local_world.settings))
    before = {
        table.name: (empty.table(table.name).columns, empty.table(table.name).types) for table in TABLES
    }
    fill(local_world)
    full = connect_duckdb(open_lake(local_world.settings))

    assert {
        table.name: (full.table(table.name).columns, full.table(table.name).types) for table in TABLES
    } == before
    assert before["events"][0] == EVENTS.schema.names


def test_a_query_is_asked_in_one_line(local_world: World) -> None:
    """Tables and views, as whatever frame one likes; variables may hold anything."""
    lake = fill(local_world)

    assert lake.query("from installs").df().empty
    assert lake.query("from purchases select sum(event_revenue)").pl().item() == Decimal("24.5")
    assert lake.query("select getvariable('x')", x="it's").fetchall() == [("it's",)]
    with pytest.raises(UsageError, match="no rows"):
        lake.query(";")
    with pytest.raises(UsageError, match="no name"):
        lake.query("select 1", **{"a b": "x"})


def test_instants_are_utc_and_maps_are_dictionaries(local_world: World) -> None:
    """A query shows what was published, wherever it runs."""
    local_world.land([message(1, brand_new="x")])
    local_world.ingest()

    rows = ask(open_lake(local_world.settings), "select event_time::varchar, extra from events")

    assert rows == [("2026-09-01 12:00:01.001+00", {"brand_new": "x"})]


def test_instants_are_python_s_own_too(local_world: World) -> None:
    """Rows can be taken without a frame: an instant is a datetime that knows it is UTC."""
    lake = fill(local_world)

    ((instant,),) = lake.query("select min(event_time) from events").fetchall()

    assert isinstance(instant, datetime)
    assert instant.utcoffset() == timedelta(0)


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


def test_threads_do_not_share_a_place(tmp_path: Path) -> None:
    """Each reads on where it was, whatever the others read of the same file between."""
    (tmp_path / "f").write_bytes(b"0123456789")
    file = SharedFile(str(tmp_path / "f"))
    file.seek(5)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(file.read, 2).result() == b"01"
    assert (file.read(2), file.tell(), file.seek(-1, 2), file.read()) == (b"56", 7, 9, b"9")
    file.close()
    file.close()
    assert file.closed


def test_many_threads_read_what_one_reads(weeks: Lake) -> None:
    """Scans that are abandoned, cut or interrupted leave the next one right."""
    connection = connect_duckdb(weeks)
    asked = "select count(*), sum(hash(app_id, event_time, event_name)) from events"
    wanted = connection.execute(asked).fetchall()
    for _ in range(10):
        reader = connection.sql("from events select event_time").to_arrow_reader(1)
        next(iter(reader))
        del reader
        connection.execute("from events select event_name limit 1").fetchall()
        assert connection.execute(asked).fetchall() == wanted
    connection.close()
