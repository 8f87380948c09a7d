"""Rows by the million into a table: Arrow columns in, and no Python object a value where it can be helped."""

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from etl.ledger.database import Ledger, begin_write

BULK_ROWS: Final = 20_000
"""Rows a transaction: fractions of a second, in which other writers of a SQLite ledger wait."""

STATEMENT_ROWS: Final = 40
"""Rows a statement of SQLite's: beginning and ending a statement costs as much as a row does."""

_WRITING: Final = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")


def insert_in_bulk(ledger: Ledger, table: Table, rows: pa.Table, constants: Mapping[str, object]) -> None:
    """Insert rows whose columns are named as the table's, each with the constants besides.

    Each slice of `BULK_ROWS` is a transaction of its own.
    """
    insert = _insert_into_sqlite if ledger.is_sqlite else _copy_into_postgres
    written = pa.table([_write_out(column) for column in rows.columns], names=rows.column_names)
    for start in range(0, written.num_rows, BULK_ROWS):
        with begin_write(ledger) as connection:
            insert(connection, table, written.slice(start, BULK_ROWS), constants)


def _write_out(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write dates and instants as text, each distinct instant once."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type):
        encoded = column.cast(pa.timestamp("us", "UTC")).combine_chunks().dictionary_encode()
        return pa.chunked_array([pc.strftime(encoded.dictionary, "%Y-%m-%d %H:%M:%S").take(encoded.indices)])
    return column.cast(pa.string()) if pa.types.is_date(column.type) else column


def _insert_into_sqlite(
    connection: Connection, table: Table, rows: pa.Table, constants: Mapping[str, object]
) -> None:
    """Insert so many rows a statement, each with the constants once.

    A violation ends the whole transaction: ending a statement alone would cost a journal for each.
    """
    width, common = rows.num_columns, tuple(constants.values())
    values = list(chain.from_iterable(zip(*map(_list_values, rows.columns), strict=True)))
    whole = len(values) - len(values) % (width * STATEMENT_ROWS)
    for statement_rows, part in ((STATEMENT_ROWS, values[:whole]), (1, values[whole:])):
        statement = _spell_insert(table, [*constants, *rows.column_names], len(common), statement_rows)
        step = width * statement_rows
        parameters = [(*common, *part[at : at + step]) for at in range(0, len(part), step)]
        if parameters:
            connection.exec_driver_sql(statement, parameters)


def _spell_insert(table: Table, names: Sequence[str], constants: int, rows: int) -> str:
    """Spell an insert of some rows, whose first columns, the constants, are parameters they share."""
    width = len(names) - constants
    places = (
        [*range(1, constants + 1), *range(first, first + width)]
        for first in range(constants + 1, constants + 1 + rows * width, width)
    )
    marks = ", ".join(f"({', '.join(f'?{place}' for place in row)})" for row in places)
    return f'INSERT OR ROLLBACK INTO "{table.name}" ({_spell_names(names)}) VALUES {marks}'  # noqa: S608 - our own names


def _spell_names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _list_values(column: pa.ChunkedArray) -> list[object]:
    """List a column's values; texts by way of NumPy, which is four times as fast."""
    if pa.types.is_string(column.type):
        values: list[object] = column.to_numpy().tolist()
        return values
    return list(column.to_pylist())


def _copy_into_postgres(
    connection: Connection, table: Table, rows: pa.Table, constants: Mapping[str, object]
) -> None:
    """Copy as CSV, in which a quoted empty text is a text and an unquoted one is null."""
    for name, value in constants.items():
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    statement = f'COPY "{table.name}" ({_spell_names(rows.column_names)}) FROM STDIN (FORMAT csv)'
    written = io.BytesIO()
    pyarrow.csv.write_csv(rows, written, _WRITING)
    driver_connection: Any = connection.connection.driver_connection
    try:
        with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(written.getbuffer())
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(statement, None, error) from None
