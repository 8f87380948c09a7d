"""The floor: decompress, split JSON into text columns, encode Parquet; nothing else, on one core.

No typing, no identities, no duplicates removed, nothing counted and nothing set aside: what cannot be had
for less. The Parquet is ours: zstd at level 1, dictionaries for the same columns, a file an app and day.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

# The floor keeps freed memory as pushlift's workers do; DuckDB reads this when it is loaded.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from isal import igzip

from benchmarks.contenders.columns import list_files, read_names
from etl.appsflyer.fields import canonical_name
from etl.jobs.allocation import keep_freed_memory
from etl.lake.tables import EVENTS, is_low_cardinality

_BLOCK_BYTES = 16 << 20
_ROW_GROUP_ROWS = 131_072


class TextWriter:
    """Writes text columns, a file an app and day."""

    def __init__(self, output: Path, names: list[str], stack: ExitStack) -> None:
        """Open nothing yet."""
        self._output, self._stack = output, stack
        self._low = [name for name in names if is_low_cardinality(canonical_name(name) or name)]
        self._statistics = [name for name in names if name in EVENTS.statistics]
        self._writers: dict[tuple[str, str], pq.ParquetWriter] = {}
        self._waiting: dict[tuple[str, str], list[pa.Table]] = {}
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        """Take rows, and write what waits when there is a row group of them."""
        days = pc.utf8_slice_codeunits(table["event_time"], 0, 10)
        keys = pc.binary_join_element_wise(table["app_id"], days, "/").combine_chunks().dictionary_encode()
        for name in self._low:
            place = table.column_names.index(name)
            table = table.set_column(place, name, pc.dictionary_encode(table[name]))
        places = pc.fill_null(keys.indices, -1).to_numpy(zero_copy_only=False)
        for place, key in enumerate(keys.dictionary.to_pylist()):
            rows = table.take(pa.array(np.flatnonzero(places == place)))
            app, _, day = key.partition("/")
            self._waiting.setdefault((app, day), []).append(rows)
        self._rows += table.num_rows
        if self._rows >= _ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for key, tables in self._waiting.items():
            rows = pa.concat_tables(tables).unify_dictionaries()
            writer = self._writers.get(key) or self._open(key, rows.schema)
            writer.write_table(rows, row_group_size=rows.num_rows)
        self._waiting, self._rows = {}, 0

    def _open(self, key: tuple[str, str], schema: pa.Schema) -> pq.ParquetWriter:
        folder = self._output / f"app_id={key[0]}" / f"event_date={key[1]}"
        folder.mkdir(parents=True)
        writer = pq.ParquetWriter(
            folder / "part.parquet",
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=self._low,
            write_statistics=self._statistics,
            store_schema=False,
        )
        self._writers[key] = self._stack.enter_context(writer)
        return writer


def ingest_landing(landing: Path, output: Path) -> None:
    """Write the messages of a landing as text in Parquet, duplicates and all."""
    pa.set_cpu_count(1)
    keep_freed_memory()
    files = list_files(landing)
    names = read_names(files[0])
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set enable_progress_bar = false")
    descriptor = os.memfd_create("lines")
    query = (
        f"from read_json('/proc/self/fd/{descriptor}', format='newline_delimited', "
        f"columns={columns}, ignore_errors=true)"
    )
    with ExitStack() as stack:
        writer = TextWriter(output, names, stack)
        for block in _read_blocks(files):
            os.pwrite(descriptor, block, 0)
            os.ftruncate(descriptor, len(block))
            writer.add(connection.sql(query).to_arrow_table())
        writer.flush()


def _read_blocks(files: list[str]) -> Iterator[bytes]:
    for file in files:
        rest = b""
        with igzip.open(file) as content:  # type: ignore[no-untyped-call]  # isal ships no annotation of it
            while piece := content.read(_BLOCK_BYTES):
                whole, newline, tail = piece.rpartition(b"\n")
                yield rest + whole + newline
                rest = tail
        if rest:
            yield rest


if __name__ == "__main__":
    ingest_landing(Path(sys.argv[1]), Path(sys.argv[2]))
