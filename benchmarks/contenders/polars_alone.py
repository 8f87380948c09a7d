"""Polars alone, on all cores: parse, cast, `unique`, and a partitioned sink by its streaming engine.

Its reader fails a file for one bad line, so lines that cannot be messages are left out before it; two
threads inflate and sift, with the faster inflater.
"""

from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import polars as pl
from isal import igzip

from benchmarks.contenders.columns import BOOLEANS, IDENTITY, MONEY, TIMES, list_files, read_names

_MONEY_TYPE = pl.Decimal(28, 10)


def ingest_landing(landing: Path, output: Path) -> None:
    """Write the events of a landing as Parquet; lines that look unreadable are dropped."""
    files = list_files(landing)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        contents: list[IO[bytes]] = [io.BytesIO(sound) for sound in pool.map(read_sound_lines, files)]
    messages = pl.scan_ndjson(contents, schema=dict.fromkeys(read_names(files[0]), pl.String))
    type_events(messages).unique(subset=IDENTITY, keep="any", maintain_order=False).sink_parquet(
        pl.PartitionBy(output, key=["app_id", "event_date"], include_key=False),
        compression="zstd",
        compression_level=1,
        maintain_order=False,
        mkdir=True,
        engine="streaming",
    )


def read_sound_lines(file: str) -> bytes:
    """Give the lines of an object that look like a whole message."""
    with igzip.open(file) as content:  # type: ignore[no-untyped-call]  # isal ships no annotation of it
        lines = content.read().split(b"\n")
    return b"\n".join(
        [line for line in lines if line.startswith(b"{") and line.endswith(b"}") and _is_text(line)]
    )


def type_events(messages: pl.LazyFrame) -> pl.LazyFrame:
    """Cast times, booleans and money, and add the day of the event."""
    return (
        messages.filter(pl.col("app_id").is_not_null() & pl.col("event_time").is_not_null())
        .with_columns(
            *(pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.3f", strict=False) for name in TIMES),
            *(pl.col(name) == "true" for name in BOOLEANS),
            *(pl.col(name).cast(_MONEY_TYPE, strict=False) for name in MONEY),
        )
        .with_columns(pl.col("event_time").dt.date().alias("event_date"))
    )


def _is_text(line: bytes) -> bool:
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


if __name__ == "__main__":
    ingest_landing(Path(sys.argv[1]), Path(sys.argv[2]))
