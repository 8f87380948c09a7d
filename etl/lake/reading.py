"""Read the lake: its tables at one version each, for pyarrow, DuckDB, pandas and Polars alike.

`etl.open_lake().events` and `.query("from installs")` are the ways in for people. Everything here goes
through the Delta log, so that drafts and superseded files are never seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir
from typing import TYPE_CHECKING, Final, cast

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from etl.errors import ConfigurationError, UsageError
from etl.lake.duckdb_tables import quote_text, show_tables
from etl.lake.library import read_views
from etl.lake.only_reading import NO_EXTENSIONS, only_reads
from etl.lake.spelling import DUCKDB
from etl.lake.tables import (
    CHECKS,
    EVENTS,
    LOADS,
    POSTBACKS,
    PROFILES,
    QUARANTINE,
    TABLES,
    UTC_TYPE,
    Table,
    find_table,
)
from etl.settings import Settings, load_settings
from etl.stores import Store, open_store

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow.dataset as ds

# A table that is made when a query first names it, of counts that only the ledger has.
OPT_OUT_PROGRESS: Final = "opt_out_progress"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table to read; each call reads its newest version, and a table that is not there yet is empty."""

    store: Store
    table: Table

    def dataset(self) -> ds.Dataset:
        """Give the table as a pyarrow dataset; filters on `app_id` and `event_date` prune partitions."""
        import pyarrow.dataset as ds  # noqa: PLC0415 - half a second, and DuckDB can do without on folders

        delta = find_table(self.store, self.table)
        return ds.dataset(self.table.schema.empty_table()) if delta is None else self.dataset_of(delta)

    def dataset_of(self, delta: DeltaTable) -> ds.Dataset:
        """Give one version of the table as a pyarrow dataset."""
        from etl.lake.filesystems import open_filesystem  # noqa: PLC0415 - it, too, is for Arrow alone

        return delta.to_pyarrow_dataset(filesystem=open_filesystem(self.store, self.table.name))

    def duckdb(self) -> duckdb.DuckDBPyRelation:
        """Give the table as a DuckDB relation, in a database in memory that has the other tables too."""
        return connect_duckdb(Lake(self.store)).table(self.table.name)

    def pandas(
        self, columns: Sequence[str] | None = None, where: ds.Expression | None = None
    ) -> pd.DataFrame:
        """Read the table, or some columns and rows of it, into a pandas frame of Arrow types."""
        import pandas as pd  # noqa: PLC0415 - not every reader has need of it

        found = self.dataset().to_table(columns=None if columns is None else list(columns), filter=where)
        return found.to_pandas(types_mapper=pd.ArrowDtype)

    def polars(self) -> pl.LazyFrame:
        """Scan the table with Polars; raises ConfigurationError where that is not installed."""
        try:
            import polars as pl  # noqa: PLC0415 - a reader's own choice
        except ModuleNotFoundError:
            raise ConfigurationError("Polars is not installed; run: pip install polars") from None
        return pl.scan_pyarrow_dataset(self.dataset())


@dataclass(frozen=True, slots=True)
class Lake:
    """The lake's tables; `ledger` is the address of what counts opt-outs, where that is to be asked."""

    store: Store
    ledger: str | None = field(default=None, repr=False)

    @property
    def events(self) -> LakeTable:
        """What people did: a row an event."""
        return LakeTable(self.store, EVENTS)

    @property
    def quarantine(self) -> LakeTable:
        """What could not be read or was refused: a row a message."""
        return LakeTable(self.store, QUARANTINE)

    @property
    def loads(self) -> LakeTable:
        """What became of each landed object: a row a load."""
        return LakeTable(self.store, LOADS)

    @property
    def checks(self) -> LakeTable:
        """What was asked of each run's rows, what was seen, and what followed: a row a check."""
        return LakeTable(self.store, CHECKS)

    @property
    def profiles(self) -> LakeTable:
        """What each run saw of each app: a row a figure."""
        return LakeTable(self.store, PROFILES)

    @property
    def postbacks(self) -> LakeTable:
        """What became of each postback: a row an outcome."""
        return LakeTable(self.store, POSTBACKS)

    def query(self, text: str, **variables: str) -> duckdb.DuckDBPyRelation:
        """Ask the tables, and the views of `sql/`, such as `from installs`.

        `.df()`, `.pl()` and `.to_arrow_table()` give the rows. Variables are those that the library's queries
        know: `app`, `first_day`, `last_day`. Raises duckdb.Error, and UsageError for a text without rows.
        """
        connection = connect_duckdb(self, variables, reads_only=only_reads(text))
        show_opt_outs(connection, self, text)
        relation = cast("duckdb.DuckDBPyRelation | None", connection.sql(text))
        if relation is None:
            raise UsageError("The query has no rows; end it with a select.")
        return relation


def open_lake(config: str | Path | Settings | None = None) -> Lake:
    """Open the lake of a configuration: settings, a file, or (None) what the command line would use."""
    settings = (
        config if isinstance(config, Settings) else load_settings(None if config is None else Path(config))
    )
    return Lake(open_store(settings.storage.lake, settings.storage.options), settings.storage.ledger)


def connect_duckdb(
    lake: Lake, variables: Mapping[str, str] | None = None, *, reads_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB database in memory with the lake's tables, the views of `sql/`, and variables.

    It cannot read or write anything else: no file, no network, no extension, and no setting can be changed.
    Instants are shown in UTC. What does not fit in memory is spilled to a temporary folder, which goes with
    the connection. `reads_only` is the word of who asks that all will be queries of which `only_reads` is
    true, or our own: DuckDB then opens a folder's files itself, which is faster, and would open any other.
    """
    connection = duckdb.connect(config=NO_EXTENSIONS)
    # Not beside whoever asks: what is spilled is personal.
    connection.execute(f"SET temp_directory = {quote_text(f'{gettempdir()}/pushlift-sql-{token_hex(8)}')}")
    connection.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
    found = {table: find_table(lake.store, table) for table in TABLES}
    show_tables(connection, lake.store, found, reads_only=reads_only)
    for table, delta in found.items():
        if delta is not None and lake.store.scheme != "file":
            connection.register(table.name, LakeTable(lake.store, table).dataset_of(delta))
    for name, value in (variables or {}).items():
        connection.execute(f"SET VARIABLE {_spell_name(name)} = {quote_text(value)}")
    connection.execute(read_views())
    if not reads_only or lake.store.scheme != "file":
        connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _spell_name(name: str) -> str:
    if not name.isidentifier():
        raise UsageError(f"{name!r} is no name of a variable; write it with letters, digits and underscores.")
    return DUCKDB.quote_name(name)


def show_opt_outs(connection: duckdb.DuckDBPyConnection, lake: Lake, query: str) -> None:
    """Give a query that asks for it the table `opt_out_progress`: counts from the ledger, and no id.

    Queries that do not ask open no ledger.
    """
    if lake.ledger is None or OPT_OUT_PROGRESS not in query.casefold():
        return
    from etl.lake.opt_out_progress import read_progress  # noqa: PLC0415 - hardly any query asks for it

    connection.register(OPT_OUT_PROGRESS, read_progress(lake.ledger))


def query_lake(connection: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader | None:
    """Run statements and give the rows of the last one, batch by batch; None where it has none.

    Raises duckdb.Error, whose text may quote the query.
    """
    # The stubs do not say that an empty query has no relation.
    relation = cast("duckdb.DuckDBPyRelation | None", connection.sql(query))
    return None if relation is None else relation.to_arrow_reader(10_000)


def ask_lake(settings: Settings, query: str) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    """Ask the lake once; gives the names of the columns, and the rows."""
    connection = connect_duckdb(open_lake(settings), reads_only=only_reads(query))
    try:
        reader = query_lake(connection, query)
        return (tuple(reader.schema.names), tuple(iterate_rows(reader))) if reader else ((), ())
    finally:
        connection.close()


def iterate_rows(reader: pa.RecordBatchReader) -> Iterator[tuple[object, ...]]:
    """Give a reader's rows as Python values; maps become dictionaries."""
    for batch in reader:
        yield from zip(*map(_list_values, batch.columns), strict=True)


def _list_values(column: pa.Array) -> list[object]:
    if pa.types.is_map(column.type):
        return [None if value is None else dict(value) for value in column.to_pylist()]
    if column.type == UTC_TYPE:
        # Arrow asks pandas about time zones, whose import takes longer than most queries.
        counted = column.cast(pa.int64()).to_pylist()
        return [None if each is None else _EPOCH + timedelta(microseconds=each) for each in counted]
    return list(column.to_pylist())
