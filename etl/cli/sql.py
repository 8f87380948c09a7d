"""`pushlift sql`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import AsJson, Config
from etl.errors import UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from etl.cli.results import Format


def sql(
    query: Annotated[str | None, typer.Argument(metavar="[QUERY|FILE]", help="SQL, or a file of it.")] = None,
    output_format: Annotated[str, typer.Option("--format", metavar="table|csv|json|parquet")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write here instead.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Rows to show as a table.", min=1)] = 100,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Query events, quarantine, loads, checks and profiles with DuckDB; nothing can be changed.

    Without a query, reads standard input, or asks for queries on a terminal.
    """
    from etl.cli.results import Format
    from etl.lake.reading import connect_duckdb, open_lake

    try:
        form = Format("document" if as_json else output_format)
    except ValueError:
        raise UsageError(f"There is no format {output_format!r}; use table, csv, json or parquet.") from None
    if form is Format.PARQUET and output is None:
        raise UsageError("Parquet is no text: name a file with --output.")
    connection = connect_duckdb(open_lake(config))
    try:
        if query is None and sys.stdin.isatty():
            from etl.cli.prompt import ask_queries

            ask_queries(lambda text: answer(connection, text, form, output, limit))
        else:
            answer(connection, read_query(query), form, output, limit)
    finally:
        connection.close()


def read_query(query: str | None) -> str:
    """Return the query: the argument, the file that it names, or standard input."""
    if query is None:
        return sys.stdin.read()
    if not query.endswith(".sql"):
        return query
    try:
        return Path(query).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{query} cannot be read as SQL: {error}") from None


def answer(
    connection: "DuckDBPyConnection", query: str, form: "Format", output: Path | None, limit: int
) -> None:
    """Run a query and write its rows; UsageError says what DuckDB has against it."""
    import duckdb
    import pyarrow as pa

    from etl.cli.results import Format, write_rows
    from etl.lake.reading import query_lake

    try:
        reader = query_lake(connection, query)
        if reader is None and form is Format.DOCUMENT:
            reader = pa.table({}).to_reader()
        if reader is not None:
            write_rows(reader, form, output, limit)
    except duckdb.Error as error:
        raise UsageError(f"DuckDB refuses the query: {error}") from None
