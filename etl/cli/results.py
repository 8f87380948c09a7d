"""Write the rows of a query: a table for people; CSV, JSON or Parquet for programs, in bounded memory."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from itertools import islice
from pathlib import Path
from pydoc import pager
from shutil import get_terminal_size
from typing import TextIO

import pyarrow as pa
import typer

from etl.cli.output import make_table, to_json
from etl.errors import StoreRefusedWrite
from etl.lake.reading import iterate_rows


class Format(StrEnum):
    """What rows are written as; a document is what --json prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    DOCUMENT = "document"


def write_rows(
    reader: pa.RecordBatchReader, form: Format, output: Path | None, limit: int, *, is_paged: bool = False
) -> None:
    """Write a reader's rows to a file, or to standard output; a table shows `limit` of them."""
    try:
        if form is Format.PARQUET and output is not None:
            write_parquet(reader, output)
            return
        with open_output(output) as sink:
            if form is Format.CSV:
                write_csv(reader, sink)
            elif form is Format.TABLE and is_paged and output is None:
                page_table(reader, limit)
            elif form is Format.TABLE:
                write_table(reader, sink, limit)
            else:
                write_json(reader, sink, is_document=form is Format.DOCUMENT)
    except BrokenPipeError:
        # Whoever read has read enough, as `head` does.
        sys.stderr.close()
    except OSError as error:
        raise StoreRefusedWrite(f"{output or 'The result'} cannot be written: {error}") from error


@contextmanager
def open_output(output: Path | None) -> Iterator[TextIO]:
    """Open the file, or standard output."""
    if output is None:
        yield typer.get_text_stream("stdout")
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        yield file


def write_table(reader: pa.RecordBatchReader, sink: TextIO, limit: int) -> None:
    """Write the first rows as a table, and say when there are more."""
    rows = list(islice(iterate_rows(reader), limit + 1))
    sink.writelines(f"{line}\n" for line in make_table(reader.schema.names, rows[:limit]))
    if len(rows) > limit:
        sink.write(f"… the first {limit:,} rows; see --limit and --format\n")


def page_table(reader: pa.RecordBatchReader, limit: int) -> None:
    """Show a table by the terminal's pager where it is longer than the terminal is high."""
    shown = StringIO()
    write_table(reader, shown, limit)
    text = shown.getvalue()
    if text.count("\n") < get_terminal_size().lines:
        typer.echo(text, nl=False)
    else:
        pager(text)


def write_csv(reader: pa.RecordBatchReader, sink: TextIO) -> None:
    """Write CSV with a header; nested values are JSON, null is nothing."""
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(reader.schema.names)
    writer.writerows([spell_field(value) for value in row] for row in iterate_rows(reader))


def write_json(reader: pa.RecordBatchReader, sink: TextIO, *, is_document: bool) -> None:
    """Write an array of objects, or one object with `columns` and `rows`."""
    names = reader.schema.names
    head = f'{{"columns": {json.dumps(names)}, "rows": [' if is_document else "["
    sink.write(head)
    for place, row in enumerate(iterate_rows(reader)):
        value = row if is_document else dict(zip(names, row, strict=True))
        sink.write(",\n" if place else "\n")
        sink.write(json.dumps(value, default=to_json, ensure_ascii=False))
    sink.write("\n]}\n" if is_document else "\n]\n")


def write_parquet(reader: pa.RecordBatchReader, output: Path) -> None:
    """Write a Parquet file with the query's types."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(output, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def spell_field(value: object) -> object:
    """Spell a value for CSV."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=to_json, ensure_ascii=False)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value).lower() if isinstance(value, bool) else value
