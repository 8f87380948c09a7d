"""Plain pandas: `read_json(lines=True)`, `to_datetime`, `drop_duplicates`, `to_parquet(partition_cols=…)`.

One bad line fails `read_json`, so lines that cannot be messages are left out before it.
"""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pandas as pd

from benchmarks.contenders.columns import IDENTITY, TIMES, list_files


def ingest_landing(landing: Path, output: Path) -> None:
    """Write the events of a landing as Parquet; lines that look unreadable are dropped."""
    events = pd.concat([read_messages(file) for file in list_files(landing)], ignore_index=True)
    events = events.dropna(subset=["app_id", "event_time"])
    for name in TIMES:
        events[name] = pd.to_datetime(events[name], format="ISO8601", utc=True)
    events["event_date"] = events["event_time"].dt.date
    events = events.drop_duplicates(subset=list(IDENTITY))
    events.to_parquet(output, partition_cols=["app_id", "event_date"], compression="zstd", index=False)


def read_messages(file: str) -> pd.DataFrame:
    """Read the messages of one object."""
    with gzip.open(file) as content:
        sound = b"".join(
            line for line in content if line.startswith(b"{") and line.endswith(b"}\n") and _is_text(line)
        )
    return pd.read_json(io.BytesIO(sound), lines=True)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


if __name__ == "__main__":
    ingest_landing(Path(sys.argv[1]), Path(sys.argv[2]))
