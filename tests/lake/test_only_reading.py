"""Which queries DuckDB may open the lake's files for by itself: those that can do nothing but read."""

from pathlib import Path

import duckdb
import pytest

from etl.lake.library import list_queries
from etl.lake.only_reading import keeps_nothing, only_reads
from etl.lake.reading import connect_duckdb, open_lake
from tests.services.worlds import message, messages, open_local_world

HARMLESS = [
    "from events",
    "select count(*) from events where event_name = 'copy' -- copy (select 1) to 'x'",
    "with a as materialized (select 1 as x), b as (from a) from a join b using (x) union all from a;",
    "with recursive r as (select 1 as a union all select a + 1 from r where a < 5) from r",
    "select unnest(quality_flags) from events, unnest([1, 2]), range(3), generate_series(1, 2)",
    "select [each || 'x' for each in quality_flags], {'type': 'COPY_QUERY_NODE'}, extra['a'] from events",
    "describe events",
    "summarize installs",
    "show tables",
    "values (1), (2)",
    "select *, row_number() over (partition by app_id) from events qualify true limit 3",
    "select app_id, count(*) from events group by grouping sets ((app_id), ()) having count(*) > 1",
    "unpivot loads on messages",
]
# They handle texts of paths and of JSON and the search path, tell of the query, or are refused.
KNOWN_NAMES = [
    "__internal_json_copy_to_geojson",
    "__internal_json_copy_to_json",
    "current_query",
    "current_query_id",
    "in_search_path",
    "json_copy_strftime_if_date",
    "json_copy_strftime_if_timestamp",
    "json_deserialize_sql",
    "json_extract_path",
    "json_extract_path_text",
    "json_serialize_plan",
    "json_serialize_sql",
    "nextval",
    "parse_dirpath",
    "parse_duckdb_log_message",
    "parse_filename",
    "parse_path",
    "path_join",
    "pg_conf_load_time",
    "pg_sleep",
    "setseed",
    "sleep_ms",
    "url_decode",
    "url_encode",
    "write_log",
]
OTHERS = [
    "copy events to 'x.csv'",
    "with a as (copy (select 1) to 'x.parquet' (use_tmp_file false)) from a",
    "select * from (with a as (copy (select 1) to 'x.parquet') from a)",
    "with a as (insert into t values (1) returning *) from a",
    "with a as (delete from t returning *) from a",
    "with a as (update t set x = 1 returning *) from a",
    "from query('from events')",
    "from query_table(['events'])",
    "from json_execute_serialized_sql('{}')",
    "from enable_logging(storage = 'file', storage_path = 'x')",
    "from read_parquet('x')",
    "from 'x.parquet'",
    "from x.parquet",
    "from main.events",
    "from memory.main.events",
    "describe main.csv",
    "from '/etc/passwd.csv'",
    'select * from "s3://bucket/x.parquet"',
    "select (select count(*) from 'x.csv') from events",
    "from events join 'x.json' on true",
    "from events where event_id in (from 'x.csv')",
    "with a as (from 'x.csv') from a",
    "from events union all from 'x.csv'",
    "describe 'x.csv'",
    "describe x.csv",
    "summarize 'x.csv'",
    "pivot 'x.csv' on a",
    "unpivot 'x.csv' on a",
    "from glob('*')",
    "select * from read_text('/etc/passwd')",
    "from events positional join 'x.csv'",
    "from pragma_table_info('events')",
    "from duckdb_settings()",
    "select 1; select 2",
    "select 1; copy events to 'x.csv'",
    "explain analyze copy (select 1) to 'x.csv'",
    "prepare p as copy (select 1) to 'x.csv'",
    "execute p",
    "attach 'x.db'",
    "set variable app = 'x'",
    "create table t as from events",
    "call enable_logging()",
    "pragma table_info('events')",
    "selec 1",
    "",
    "-- nothing",
    # What stands in the text is bound as it is planned: files are read for it, and folders made.
    "select json_serialize_plan('from read_csv(''/etc/hostname'')')",
    "select JSON_SERIALIZE_PLAN('describe ''x.csv''', optimize := true)",
    "select \"Json_Serialize_Plan\"('export database ''x''')",
    "select system.main.json_serialize_plan('from ''x.csv''')",
    "select ('from ''x.csv''').json_serialize_plan() from events",
    "select [json_serialize_plan(each) for each in ['from events']]",
    "select list_transform(['x'], lambda each: json_serialize_plan(each))",
    "from events order by json_serialize_plan('x')",
    "from events limit length(json_serialize_plan('x'))",
    "from range(length(json_serialize_plan('x')))",
    "values (json_serialize_plan('x'))",
    "select * replace (json_serialize_plan('x') as event_id) from events",
    "select write_log('x')",
    "select setseed(0.5)",
    "select sleep_ms(1)",
    "from " + "(from " * 60_000 + "range(1)" + ")" * 60_000,
    f"select {' + '.join(['1'] * 3_000)}",
]


@pytest.mark.parametrize("query", HARMLESS)
def test_queries_that_only_read_are_known(query: str) -> None:
    """Whatever they hold in texts, names and comments."""
    assert only_reads(query)


@pytest.mark.parametrize("query", OTHERS, ids=range(len(OTHERS)))
def test_all_else_is_not(query: str) -> None:
    """Be it harmless: it is answered all the same, by files that nobody can write."""
    assert not only_reads(query)


def test_no_function_within_a_query_opens_files() -> None:
    """Those that do are functions of tables, of which few are known; a new DuckDB's are to be looked at."""
    words = (
        "read|write|file|path|glob|http|url|load|open|copy|import|export|exec|env|plan|serialize|sql|query|log_"
        "|sleep|seed|nextval"
    )
    found = duckdb.execute(
        "select distinct function_name from duckdb_functions() where regexp_matches(function_name, $words)"
        " and function_type in ('scalar', 'aggregate', 'macro') order by all",
        {"words": words},
    ).fetchall()
    assert [name for (name,) in found] == KNOWN_NAMES


def test_of_another_duckdb_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its functions and query trees were not looked through."""
    monkeypatch.setattr(duckdb, "__version__", "9.9.9")
    assert not only_reads("from events")


def test_the_whole_library_only_reads() -> None:
    """So that it is answered the fast way."""
    assert [query.name for query in list_queries() if not only_reads(query.text)] == []


@pytest.mark.parametrize("folder", ["plain", "env=prod", "a[b]c", "what?", "it's *"])
@pytest.mark.parametrize("app_id", ["com.app", "x" * 250, "_odd", "a/b=c*", "50%25", "it's"])
def test_both_ways_see_the_same(tmp_path: Path, folder: str, app_id: str) -> None:
    """Wherever the lake lies, and whatever an app is called."""
    (tmp_path / folder).mkdir()
    world = open_local_world(tmp_path / folder)
    world.land([*messages(range(3)), message(9, app_id=app_id, event_time="2026-09-02 01:00:00.000")])
    world.ingest()
    lake = open_lake(world.settings)
    query = "select app_id, event_date, event_id from events order by all"

    own, guarded = (connect_duckdb(lake, reads_only=each).sql(query).fetchall() for each in (True, False))

    assert len(own) == 4
    assert own == guarded
    assert {row[0] for row in own} >= {app_id}


@pytest.mark.parametrize(
    "query", [*HARMLESS, "selec 1", "", "explain from events", "from nowhere; from events"]
)
def test_queries_and_slips_keep_nothing(query: str) -> None:
    """After them a connection is as it was, whether they were run or refused."""
    assert keeps_nothing(query)


@pytest.mark.parametrize(
    "query",
    [
        "set variable app = 'a'",
        "from events; set variable app = 'a'",
        "create temp table t (a int)",
        "explain analyze create temp table t as select 1",
        "select SetSeed(0.5)",
        "call pragma_version()",
        "select 1" + " + 1" * 50_000,
    ],
)
def test_what_may_keep_something_is_told(query: str) -> None:
    """Variables, tables, seeds, and what is too long to be looked through."""
    assert not keeps_nothing(query)
