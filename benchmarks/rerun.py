"""The hour in which nothing landed: 10,000 known objects, none of them new."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measuring import Measurement, measure_command

_OBJECTS = 10_000
_RUNS = 3
_MESSAGE = (
    b'{"app_id":"com.example","event_name":"install",'
    b'"event_time":"2026-09-01 10:00:00.%03d","appsflyer_id":"%d-1"}\n'
)


def measure_rerun(scratch: Path, objects: int = _OBJECTS) -> list[Measurement]:
    """Ingest many small objects once, unmeasured, then again with nothing new."""
    folder = scratch / "rerun"
    shutil.rmtree(folder, ignore_errors=True)
    write_small_objects(folder / "landing", objects)
    command = [
        sys.executable,
        "-m",
        "benchmarks.contenders.pushlift",
        str(folder / "landing"),
        str(folder / "out"),
    ]
    try:
        measure_command(command)
        return [measure_command(command) for _ in range(_RUNS)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_small_objects(landing: Path, objects: int) -> None:
    """Write objects of one message each, an hour's worth in each folder."""
    for number in range(objects):
        folder = landing / f"2026/09/{1 + number // 2400:02d}/{number // 100 % 24:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"push-{number:06d}.json").write_bytes(_MESSAGE % (number % 1000, number))
