"""The lake's tables as views of DuckDB, each of the live files of one version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import duckdb
from deltalake import DeltaTable

from etl.lake.families import list_omitted
from etl.lake.live_files import PROTOCOL, LiveFiles, NamedFile, name_folder, name_live_files
from etl.lake.spelling import DUCKDB
from etl.lake.tables import Table
from etl.stores import Store

# In a folder's path, what DuckDB takes for a pattern or for a partition.
_SPECIAL: Final = re.compile(r"[*?\[\]{}=]")


def show_tables(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    tables: Mapping[Table, DeltaTable | None],
    *,
    reads_only: bool,
) -> None:
    """Make a view of each table in a folder, and an empty one of each that is not there.

    DuckDB opens the files itself where all queries only read, and else through `LiveFiles`, which cannot
    write. A table on object storage is left to Arrow.
    """
    named = {
        table: name_live_files(table, delta, f"{store.root}/{table.name}")
        for table, delta in tables.items()
        if delta is not None and store.scheme == "file"
    }
    # No list of what may be opened: comparing thousands of paths with it takes longer than choosing some.
    own = {table for table, files in named.items() if reads_only and files and _tell_partitions(files)}
    connection.register_filesystem(
        LiveFiles([file for table, files in named.items() if table not in own for file in files])
    )
    connection.execute(f"SET allowed_directories = ['{PROTOCOL}://']")
    # Live files never change, and a query may read one several times. What is fetched ahead is not all used:
    # of a list's column, which takes some hundred bytes, DuckDB 2.0 fetches a megabyte.
    connection.execute("SET parquet_metadata_cache = true; SET disable_parquet_prefetching = true")
    if own:
        # Files are in the system's memory once they are read; a second copy costs some hundredths of a query.
        connection.execute("SET enable_external_file_cache = false")
    for table, delta in tables.items():
        if delta is None or named.get(table) == []:
            connection.execute(f"CREATE VIEW {table.name} AS {_select_nothing(table)}")
        elif table in named:
            alike = _group_alike(named[table])
            if table in own:
                # Named once: a view's text is read again wherever it is used.
                for omitted, files in alike.items():
                    texts = _list_texts(file.path for file in files)
                    connection.execute(f"SET VARIABLE {_name_variable(table, omitted)} = {texts}")
                sources = {each: f"getvariable('{_name_variable(table, each)}')" for each in alike}
            else:
                sources = {each: f"'{name_folder(table, each)}/**'" for each in alike}
            parts = [_select_files(table, files, omitted) for omitted, files in sources.items()]
            connection.execute(f"CREATE VIEW {table.name} AS {' UNION ALL '.join(parts)}")


def _tell_partitions(files: Sequence[NamedFile]) -> bool:
    """Tell whether each file's path is read as itself, and tells its partition as the log does."""
    folders = {(file.path.rpartition("/")[0], file.spelled) for file in files}
    for path, spelled in folders:
        root = path.removesuffix(spelled)
        if root == path or _SPECIAL.search(root) or _SPECIAL.search(spelled.replace("=", "")):
            return False
    return not any(_SPECIAL.search(file.path.rpartition("/")[2]) for file in files)


def _group_alike(files: Sequence[NamedFile]) -> dict[str, list[NamedFile]]:
    """Group files by what they leave out: DuckDB takes it that all read as one have the same columns."""
    groups: dict[str, list[NamedFile]] = {}
    for file in files:
        groups.setdefault(file.omitted, []).append(file)
    return dict(sorted(groups.items()))


def _name_variable(table: Table, omitted: str) -> str:
    return f"files_of_{table.name}_{omitted or 'all'}"


def _select_files(table: Table, files: str, omitted: str) -> str:
    """Spell the query of some of a table's files, with the partitions that their names tell."""
    left_out = list_omitted(omitted)
    columns = ", ".join(
        f"NULL::{DUCKDB.spell(each.type)} AS {DUCKDB.quote_name(each.name)}"
        if each.name in left_out
        else DUCKDB.quote_name(each.name)
        for each in table.schema
    )
    kinds = {each.name: DUCKDB.spell(each.type) for each in table.schema if each.name in table.partition_by}
    hive = (
        f", hive_types = {{{', '.join(f'{name}: {kind}' for name, kind in kinds.items())}}}" if kinds else ""
    )
    source = f"read_parquet({files}, hive_partitioning = {str(bool(kinds)).lower()}{hive})"
    return f"SELECT {columns} FROM {source}"  # noqa: S608 - names of our own


def _select_nothing(table: Table) -> str:
    columns = (f"NULL::{DUCKDB.spell(each.type)} AS {DUCKDB.quote_name(each.name)}" for each in table.schema)
    return f"SELECT {', '.join(columns)} WHERE false"


def _list_texts(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quote_text, texts))}]::VARCHAR[]"


def quote_text(text: str) -> str:
    """Spell a text for DuckDB."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
