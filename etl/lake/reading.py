"""Read the lake: its tables at one version each, for pyarrow, DuckDB, pandas and Polars alike.

`etl.open_lake().events` is the way in for people. Everything here goes through the Delta log, so that drafts
and superseded files are never seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from etl.errors import ConfigurationError
from etl.lake.filesystems import open_filesystem
from etl.lake.tables import CHECKS, EVENTS, LOADS, POSTBACKS, PROFILES, QUARANTINE, TABLES, Table, find_table
from etl.settings import Settings, load_settings
from etl.stores import Store, open_store

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table to read; each call reads its newest version, and a table that is not there yet is empty."""

    store: Store
    table: Table

    def dataset(self) -> ds.Dataset:
        """Give the table as a pyarrow dataset; filters on `app_id` and `event_date` prune partitions."""
        delta = find_table(self.store, self.table)
        return ds.dataset(self.table.schema.empty_table()) if delta is None else self.dataset_of(delta)

    def dataset_of(self, delta: DeltaTable) -> ds.Dataset:
        """Give one version of the table as a pyarrow dataset."""
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
    """The lake's tables."""

    store: Store

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


def open_lake(config: str | Path | Settings | None = None) -> Lake:
    """Open the lake of a configuration: settings, a file, or (None) what the command line would use."""
    settings = (
        config if isinstance(config, Settings) else load_settings(None if config is None else Path(config))
    )
    return Lake(open_store(settings.storage.lake, settings.storage.options))


def connect_duckdb(lake: Lake) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB database in memory with the lake's tables as views of their names.

    It cannot read or write anything else: no file, no network, no extension. Instants are shown in UTC.
    """
    connection = duckdb.connect(config={"autoinstall_known_extensions": False})
    connection.execute("SET TimeZone = 'UTC'; SET python_enable_replacements = false")
    for table in TABLES:
        connection.register(table.name, LakeTable(lake.store, table).dataset())
    connection.execute("SET enable_external_access = false")
    return connection


def query_lake(connection: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader | None:
    """Run statements and give the rows of the last one, batch by batch; None where it has none.

    Raises duckdb.Error, whose text may quote the query.
    """
    # The stubs do not say that an empty query has no relation.
    relation = cast("duckdb.DuckDBPyRelation | None", connection.sql(query))
    return None if relation is None else relation.to_arrow_reader(10_000)


def ask_lake(settings: Settings, query: str) -> tuple[tuple[str, ...], tuple[tuple[object, ...], ...]]:
    """Ask the lake once; gives the names of the columns, and the rows."""
    connection = connect_duckdb(open_lake(settings))
    try:
        reader = query_lake(connection, query)
        return (tuple(reader.schema.names), tuple(iterate_rows(reader))) if reader else ((), ())
    finally:
        connection.close()


def iterate_rows(reader: pa.RecordBatchReader) -> Iterator[tuple[object, ...]]:
    """Give a reader's rows as Python values; maps become dictionaries."""
    maps = [pa.types.is_map(field.type) for field in reader.schema]
    for batch in reader:
        columns = [
            [None if value is None else dict(value) for value in column.to_pylist()]
            if is_map
            else column.to_pylist()
            for column, is_map in zip(batch.columns, maps, strict=True)
        ]
        yield from zip(*columns, strict=True)
