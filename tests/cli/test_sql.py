import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.cli.prompt import ask_queries, complete
from etl.cli.results import page_table
from etl.cli.sql import Session, list_words
from etl.errors import UsageError
from etl.lake.library import find_query
from etl.lake.reading import connect_duckdb, open_lake
from tests.cli.conftest import Shell
from tests.services.worlds import World, message, messages, open_local_world

QUERY = "select event_name, extra, event_revenue, is_retargeting, event_date from events order by event_time"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish two events, once for all tests."""
    folder = tmp_path_factory.mktemp("published")
    world = open_local_world(folder)
    world.land([message(1, brand_new="é,x"), message(2)])
    world.ingest()
    return folder


@pytest.fixture(autouse=True)
def _copied(published: Path, tmp_path: Path, shell: Shell) -> None:
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)


def test_a_table_for_people(shell: Shell) -> None:
    """Cut at a limit, which is said."""
    shown = shell.run("sql", QUERY, "--limit", "1").stdout

    assert shown.splitlines()[0].split() == [
        "event_name",
        "extra",
        "event_revenue",
        "is_retargeting",
        "event_date",
    ]
    assert '{"brand_new": "é,x"}' in shown
    assert "the first 1 rows" in shown


def test_csv(shell: Shell) -> None:
    """With a header; nested values are JSON, null is nothing."""
    header, first, second = csv.reader(shell.run("sql", QUERY, "--format", "csv").stdout.splitlines())

    assert header[0] == "event_name"
    assert first == ["af_purchase", '{"brand_new": "é,x"}', "1.5000000000", "", "2026-09-01"]
    assert second[1] == ""


def test_json(shell: Shell) -> None:
    """An array of objects by --format, one object of columns and rows by --json."""
    rows = json.loads(shell.run("sql", QUERY, "--format", "json").stdout)
    assert rows[0]["extra"] == {"brand_new": "é,x"}

    found = shell.ask("sql", "select 1 as a, 'x' as b")
    assert found == {"columns": ["a", "b"], "rows": [[1, "x"]]}


def test_parquet_needs_a_file(shell: Shell, tmp_path: Path) -> None:
    """The types are the lake's."""
    assert isinstance(shell.run("sql", QUERY, "--format", "parquet").exception, UsageError)

    shell.run("sql", QUERY, "--format", "parquet", "--output", str(tmp_path / "out.parquet"))
    assert pq.read_table(tmp_path / "out.parquet")["event_date"].to_pylist()[0].year == 2026


def test_a_file_and_standard_input(shell: Shell, tmp_path: Path) -> None:
    """A query is an argument, a file of SQL or what is piped in."""
    (tmp_path / "q.sql").write_text("select 7 as n", encoding="utf-8")

    assert shell.ask("sql", str(tmp_path / "q.sql"))["rows"] == [[7]]
    assert "8" in shell.run("sql", stdin="select 8 as n").stdout


def test_a_query_of_the_library(shell: Shell) -> None:
    """By its name, for an app and days; a file of one's own by --file."""
    asked = ("sql", "--query", "revenue_by_currency", "--param", "app=id1234567890")
    assert shell.ask(*asked)["rows"] == [["id1234567890", "USD", 2, "4.0000000000", "0.0000000000", 2]]
    assert shell.ask(*asked, "--param", "first_day=2026-09-02")["rows"] == []


def test_a_file_by_its_option(shell: Shell, tmp_path: Path) -> None:
    """Whatever it is called."""
    (tmp_path / "q").write_text("select getvariable('n')::int as n", encoding="utf-8")

    assert shell.ask("sql", "--file", str(tmp_path / "q"), "--param", "n=7")["rows"] == [[7]]


def test_the_library_is_listed(shell: Shell) -> None:
    """Each query with what it answers."""
    found = shell.ask("sql", "--list")["queries"]
    assert found["quarantine_by_reason"] == "what is in quarantine, and why?"
    assert "quarantine_by_reason" in shell.run("sql", "--list").stdout


def test_opt_outs_are_counted_from_the_ledger(shell: Shell) -> None:
    """In a table of which no column can hold an id."""
    found = shell.ask("sql", "from opt_out_progress")
    assert "requests" in found["columns"]
    assert not {"subject", "identifier"} & set(found["columns"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["select from"],
        ["select 1", "--format", "xml"],
        ["absent.sql"],
        ["copy events to 'x'"],
        ["--query", "absent"],
        ["select 1", "--query", "lateness"],
        ["select 1", "--param", "app"],
        ["select 1", "--param", "a b=c"],
    ],
)
def test_wrong_use_is_explained(shell: Shell, arguments: list[str]) -> None:
    """Exit code 2 and no traceback."""
    assert isinstance(shell.run("sql", *arguments).exception, UsageError)


def test_an_output_that_cannot_be_written(shell: Shell, tmp_path: Path) -> None:
    """A failure of the store, with the file's name."""
    result = shell.run("sql", "select 1", "--format", "csv", "--output", str(tmp_path / "absent" / "x"))

    assert result.exit_code == 1
    assert "cannot be written" in str(result.exception)


def test_a_prompt_takes_queries_until_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Over several lines, past errors, and an interrupt drops what was being typed."""
    typed: list[str | BaseException] = [
        "select",
        "1;",
        "bad;",
        "select",
        KeyboardInterrupt(),
        "select 2;",
        EOFError(),
    ]
    inputs = iter(typed)
    asked: list[str] = []

    def ask(_prompt: str) -> str:
        line = next(inputs)
        if isinstance(line, str):
            return line
        raise line

    def answer(query: str) -> None:
        if query == "bad;":
            raise UsageError("it is bad")
        asked.append(query)

    ask_queries(answer, ask)

    assert asked == ["select\n1;", "select 2;"]
    assert "it is bad" in capsys.readouterr().err


def test_a_prompt_is_left(shell: Shell) -> None:
    """By the words that people try."""
    ask_queries(lambda _: None, lambda _: ".quit")
    ask_queries(lambda _: None, lambda _: "exit")


def test_a_prompt_runs_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    """By name; a name that is none is told."""
    typed = iter([".run lateness", ".run absent", ".quit"])
    asked: list[str] = []

    ask_queries(asked.append, lambda _: next(typed))

    assert asked == [find_query("lateness").text]
    assert "no query 'absent'" in capsys.readouterr().err


def test_words_are_completed(shell: Shell) -> None:
    """Tables, views, columns and the language's words, in the casing that was begun with."""
    connection = connect_duckdb(open_lake(shell.config))
    words = list_words(connection)
    connection.close()

    assert {"events", "purchases", "event_time_local", "select"} <= set(words)
    assert complete(words, "retargeting_p") == ["retargeting_pairs"]
    assert "SELECT" in complete(words, "SEL")


def test_long_tables_are_paged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is longer than the terminal is high goes to its pager, which is the reader's choice."""
    monkeypatch.setenv("LINES", "10")
    rows = pa.table({"n": range(30)})

    page_table(rows.slice(0, 3).to_reader(), 100)
    assert capsys.readouterr().out.split() == ["n", "0", "1", "2"]
    page_table(rows.to_reader(), 100)
    assert len(capsys.readouterr().out.splitlines()) == 31


def test_the_first_row_needs_no_pandas(shell: Shell) -> None:
    """Nor Arrow's datasets: importing them would take as long as all the rest."""
    code = (
        "import sys; from etl.cli import main; sys.argv = ['pushlift', 'sql', 'from occurrences limit 1',"
        " '--config', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('heavy:', sorted({'pandas', 'pyarrow.dataset', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(shell.config)], text=True, capture_output=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_messages_of_others_drive_no_terminal(shell: Shell, local_world: World) -> None:
    """Control characters in a table are spelled out."""
    local_world.land(messages([5], event_name="\x1b[2J"), "push/2026/09/02/13/b.json.gz")
    shell.run("ingest")

    assert "\x1b" not in shell.run("sql", "select event_name from events").stdout


@pytest.mark.parametrize("query", ["", ";", "create temp table t (a int)"])
def test_json_is_an_object_where_there_is_no_row(shell: Shell, query: str) -> None:
    """Whoever reads --json gets one object, of whatever was asked."""
    assert shell.ask("sql", query)["rows"] == []


def test_what_a_session_sets_is_there_for_what_follows(shell: Shell) -> None:
    """Queries that only read go another way, until one does more."""
    session = Session(open_lake(shell.config), {})
    try:
        reading = session.connect("from events")
        assert session.connect("from installs") is reading
        session.connect("set variable app = 'a'").execute("set variable app = 'a'")
        assert session.connect("from events") is not reading
        assert session.connect("x").sql("select getvariable('app')").fetchall() == [("a",)]
    finally:
        session.close()


@pytest.mark.parametrize("query", ["selec 1", "explain from events", "from 'x.csv'", ""])
def test_a_slip_does_not_slow_what_follows(shell: Shell, query: str) -> None:
    """What leaves a connection as it was is run where it cannot write; the next query goes its own way."""
    session = Session(open_lake(shell.config), {})
    try:
        reading = session.connect("from events")
        guarded = session.connect(query)
        assert guarded is not reading
        assert session.connect("from events") is reading
        assert session.connect(query) is guarded
    finally:
        session.close()
