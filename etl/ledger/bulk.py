"""Rows by the million into a table: Arrow columns in, and no Python object a value where it can be helped."""

import io
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from etl.ledger.database import Ledger, begin_write

BULK_ROWS: Final = 20_000
"""Rows a transaction: fractions of a second, in which other writers of a SQLite ledger wait."""

_WRITING: Final = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")


def insert_in_bulk(ledger: Ledger, table: Table, rows: pa.Table, constants: Mapping[str, object]) -> None:
    """Insert rows whose columns are named as the table's, each with the constants besides.

    Each slice of `BULK_ROWS` is a transaction of its own.
    """
    for start in range(0, rows.num_rows, BULK_ROWS):
        batch = _complete(rows.slice(start, BULK_ROWS), constants)
        with begin_write(ledger) as connection:
            insert = _insert_into_sqlite if ledger.is_sqlite else _copy_into_postgres
            insert(connection, table, batch)


def _complete(rows: pa.Table, constants: Mapping[str, object]) -> pa.Table:
    """Add the constants as columns, and write dates and instants as text."""
    for name, value in constants.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    columns = [_write_out(column) for column in rows.columns]
    return pa.table(columns, names=rows.column_names)


def _write_out(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("us", "UTC")), format="%Y-%m-%d %H:%M:%S")
    return column.cast(pa.string()) if pa.types.is_date(column.type) else column


def _insert_into_sqlite(connection: Connection, table: Table, rows: pa.Table) -> None:
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    marks = ", ".join("?" * rows.num_columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - our own names
    values = [column.to_pylist() for column in rows.columns]
    connection.exec_driver_sql(statement, list(zip(*values, strict=True)))


def _copy_into_postgres(connection: Connection, table: Table, rows: pa.Table) -> None:
    """Copy as CSV, in which a quoted empty text is a text and an unquoted one is null."""
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT csv)'
    written = io.BytesIO()
    pyarrow.csv.write_csv(rows, written, _WRITING)
    driver_connection: Any = connection.connection.driver_connection
    try:
        with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(written.getbuffer())
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(statement, None, error) from None
