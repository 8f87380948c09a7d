"""`pushlift sql`."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import AsJson, Config
from etl.errors import UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from etl.cli.results import Format
    from etl.lake.reading import Lake


def sql(
    query: Annotated[str | None, typer.Argument(metavar="[QUERY|FILE]", help="SQL, or a file of it.")] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="A file of SQL.")] = None,
    named: Annotated[
        str | None, typer.Option("--query", metavar="NAME", help="A query of the library; see --list.")
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME=VALUE",
            help="What getvariable('NAME') gives; the library knows app, first_day, last_day.",
        ),
    ] = None,
    is_list: Annotated[bool, typer.Option("--list", help="List the library's queries.")] = False,
    output_format: Annotated[str, typer.Option("--format", metavar="table|csv|json|parquet")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here instead.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Rows to show as a table.", min=1)] = 100,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Query the lake's tables and views with DuckDB; nothing can be changed.

    Without a query, reads standard input, or asks for queries on a terminal.
    """
    if is_list:
        list_library(as_json=as_json)
        return
    text = choose_query(query, file, named)
    form = choose_format(output_format, output, as_json=as_json)
    variables = dict(map(read_parameter, parameters or ()))

    if text is None and not sys.stdin.isatty():
        text = sys.stdin.read()
    from etl.lake.reading import open_lake

    session = Session(open_lake(config), variables)
    try:
        if text is None:
            from etl.cli.prompt import ask_queries

            ask_queries(
                lambda asked: answer(session, asked, form, output, limit, is_paged=True),
                words=list_words(session.connect("select 1")),
            )
        else:
            answer(session, text, form, output, limit)
    finally:
        session.close()


class Session:
    """Connections to the lake for queries one after another.

    Those that only read have one over which DuckDB opens files itself; all others one that cannot write
    files. After the first that may have changed something, such as a variable, all have the latter, and see
    what it did.
    """

    def __init__(self, lake: "Lake", variables: "Mapping[str, str]") -> None:
        """Take the lake, and what `getvariable` gives."""
        self.lake = lake
        self._variables = variables
        self._reading: DuckDBPyConnection | None = None
        self._guarded: DuckDBPyConnection | None = None
        self._is_changed = False

    def connect(self, query: str) -> "DuckDBPyConnection":
        """Give the connection for a query."""
        from etl.lake.only_reading import keeps_nothing, only_reads
        from etl.lake.reading import connect_duckdb

        if not self._is_changed and only_reads(query):
            self._reading = self._reading or connect_duckdb(self.lake, self._variables, reads_only=True)
            return self._reading
        self._is_changed = self._is_changed or not keeps_nothing(query)
        self._guarded = self._guarded or connect_duckdb(self.lake, self._variables)
        return self._guarded

    def close(self) -> None:
        """Close what was opened."""
        for connection in (self._reading, self._guarded):
            if connection is not None:
                connection.close()


def list_library(*, as_json: bool) -> None:
    """List the library's queries with what they answer."""
    from etl.cli.output import make_table, show
    from etl.lake.library import list_queries

    found = list_queries()
    lines = make_table(["query", "question"], [(each.name, each.question) for each in found])
    show({"queries": {each.name: each.question for each in found}}, lines, as_json=as_json)


def choose_query(query: str | None, file: Path | None, named: str | None) -> str | None:
    """Give the query: the argument or the file that it names, a file, one of the library, or None."""
    if sum(each is not None for each in (query, file, named)) > 1:
        raise UsageError("There are several queries; give one, as an argument, by --file or by --query.")
    if named is not None:
        from etl.lake.library import find_query

        return find_query(named).text
    if query is not None and query.endswith(".sql"):
        file = Path(query)
    return query if file is None else read_file(file)


def read_file(path: Path) -> str:
    """Read a file of SQL."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as SQL: {error}") from None


def choose_format(name: str, output: Path | None, *, as_json: bool) -> "Format":
    """Choose what rows are written as."""
    from etl.cli.results import Format

    try:
        form = Format("document" if as_json else name)
    except ValueError:
        raise UsageError(f"There is no format {name!r}; use table, csv, json or parquet.") from None
    if form is Format.PARQUET and output is None:
        raise UsageError("Parquet is no text: name a file with --output.")
    return form


def read_parameter(text: str) -> tuple[str, str]:
    """Read NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--param {text} gives no value; write --param {name}=VALUE.")
    return name, value


def list_words(connection: "DuckDBPyConnection") -> Sequence[str]:
    """List what may be completed: tables, views, their columns and the language's words."""
    names = connection.execute(
        "select view_name from duckdb_views() where not internal"
        " union select column_name from duckdb_columns() where not internal"
        " union select keyword_name from duckdb_keywords() order by all"
    ).fetchall()
    return [name for (name,) in names]


def answer(
    session: Session,
    query: str,
    form: "Format",
    output: Path | None,
    limit: int,
    *,
    is_paged: bool = False,
) -> None:
    """Run a query and write its rows; UsageError says what DuckDB has against it."""
    import duckdb
    import pyarrow as pa

    from etl.cli.results import Format, write_rows
    from etl.lake.reading import query_lake, show_opt_outs

    try:
        connection = session.connect(query)
        show_opt_outs(connection, session.lake, query)
        reader = query_lake(connection, query)
        if reader is None and form is Format.DOCUMENT:
            reader = pa.table({}).to_reader()
        if reader is not None:
            write_rows(reader, form, output, limit, is_paged=is_paged)
    except duckdb.Error as error:
        raise UsageError(f"DuckDB refuses the query: {error}") from None
