"""What a verification costs: `python -m benchmarks.verifying FOLDER [EVENTS] [FILES] [IDS]` prints JSON.

The lake is that of `benchmarks.erasing`, with none of the erased people in it, as delta-rs wrote it and then
as pushlift's own writer does; then it is emptied, and six landed objects of zstd take its place. The requests
are written into the ledger as a sweep leaves them. Decompressing every column of texts of every Parquet file
once, or every landed object, one after the other, is 1. Both are measured in turns in one process, by the
clock and by the processor's seconds, and the medians compared: a verification takes a thread a core.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import SecretStr

from benchmarks.erasing import build_settings, make_lake
from benchmarks.proving import make_zstd
from etl.appsflyer.formats.compression import decompress
from etl.jobs.proving.story import VerifyReport, verify
from etl.jobs.warming import warm_up_modules
from etl.lake.layout import WRITE_SCHEMA, open_events_writer, write_sorted
from etl.lake.tables import EVENTS
from etl.ledger.opt_outs import NewRequest, Request, add_requests, record_erasure
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings
from etl.subjects import hash_forms

RUNS = 3
OBJECTS = 6
DEFAULTS = (400_000, 16, 10_000)
KEY = "a key of the benchmark's own, 32+"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock, and of the processor, of all threads."""

    wall: float
    cpu: float


def main(folder: Path, events: int, files: int, ids: int) -> None:
    """Make a lake, and measure it as either writer leaves it."""
    shutil.rmtree(folder, ignore_errors=True)
    make_lake(folder, "even", events, files, ids)
    storage = build_settings(folder).storage.model_copy(update={"opt_outs": str(folder / "opt_outs")})
    settings = Settings(storage=storage)
    add_erased(settings, ids)
    warm_up_modules()
    measured = {"delta-rs": measure(lambda: decompress_all(folder / "lake"), settings)}
    rewrite_files(folder / "lake")
    measured["pushlift"] = measure(lambda: decompress_all(folder / "lake"), settings)
    shutil.rmtree(folder / "lake")
    make_landing(folder / "landing")
    measured["landed zstd"] = measure(lambda: decompress_landing(folder / "landing"), settings)
    sys.stdout.write(json.dumps(measured, indent=1) + "\n")


def measure(decompress_alone: Callable[[], None], settings: Settings) -> dict[str, float]:
    """Measure decompressing and verifying in turns."""
    alone, whole, report = [], [], None
    for _ in range(RUNS):
        alone.append(time_call(decompress_alone))
        taken, report = time_verify(settings)
        whole.append(taken)
    base, cost = take_median(alone), take_median(whole)
    return {
        "decompressing_seconds": round(base.wall, 2),
        "verifying_seconds": round(cost.wall, 2),
        "ratio": round(cost.wall / base.wall, 2),
        "decompressing_cpu_seconds": round(base.cpu, 2),
        "verifying_cpu_seconds": round(cost.cpu, 2),
        "cpu_ratio": round(cost.cpu / base.cpu, 2),
        "read_megabytes": round((report.read_bytes if report else 0) / 1e6),
        "peak_mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB,
    }


def rewrite_files(lake: Path) -> None:
    """Write the files of events again as an ingest writes them."""
    for path in (lake / EVENTS.name).glob("app_id=*/**/*.parquet"):
        with pq.ParquetFile(path) as file:
            rows = file.read()
        names = [name for name in WRITE_SCHEMA.names if name in rows.column_names]
        schema = pa.schema([WRITE_SCHEMA.field(name) for name in names])
        with path.open("wb") as sink, open_events_writer(sink, schema) as writer:
            write_sorted(writer, rows.select(names).cast(schema))


def add_erased(settings: Settings, ids: int) -> None:
    """Record requests of people who are in no lake, as erased."""
    ledger, now = open_current_ledger(settings.storage.ledger), datetime.now(UTC)
    made = []
    for number in range(ids):
        identifier = str(uuid.UUID(int=(number + 1) * 0x1234567890ABCDEF1234567, version=4))
        forms = hash_forms(KEY.encode(), identifier)
        request = Request(
            subject=forms[0],
            app_id="*",
            id_type="gaid",
            kind="erase",
            identifier=identifier,
            store_id=None,
            list_id="list",
            requested_at=now,
            received_at=now,
            deadline_at=now + timedelta(days=30),
            installs=1,
            state="open",
            submission="not_needed",
            erasure="due",
        )
        made.append(NewRequest(request, forms))
    add_requests(ledger, made)
    record_erasure(ledger, [(each.request.subject, "*") for each in made], "erased")


def time_verify(settings: Settings) -> tuple[Taken, VerifyReport]:
    """Time a verification, which must find nobody."""
    reports: list[VerifyReport] = []
    taken = time_call(lambda: reports.append(verify(settings, Secrets(hash_key=SecretStr(KEY)))))
    if reports[0].exit_code:
        raise ValueError("Somebody was found who is nowhere.")
    return taken, reports[0]


def time_call(call: Callable[[], None]) -> Taken:
    """Time a call by the clock and by the processor."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu)


def take_median(all_taken: Sequence[Taken]) -> Taken:
    """Take the median of each."""
    return Taken(
        statistics.median(each.wall for each in all_taken), statistics.median(each.cpu for each in all_taken)
    )


def decompress_all(lake: Path) -> None:
    """Decompress every column of texts, as pyarrow does it, in one thread, and do nothing else."""
    for path in lake.rglob("*.parquet"):
        with pq.ParquetFile(path) as file:
            schema = file.metadata.schema
            columns = [schema.column(leaf) for leaf in range(len(schema))]
            paths = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
            for group in range(file.num_row_groups):
                file.read_row_group(group, columns=paths, use_threads=False)


def make_landing(landing: Path) -> None:
    """Land an object of JSON lines, every one with new ids, some times."""
    landing.mkdir(exist_ok=True)
    first = landing / "0.json.zst"
    make_zstd(first)
    for number in range(1, OBJECTS):
        shutil.copy(first, landing / f"{number}.json.zst")


def decompress_landing(landing: Path) -> None:
    """Decompress every landed object and do nothing else."""
    for path in landing.iterdir():
        with path.open("rb") as raw:
            for _ in decompress(raw):
                pass


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[2:]]
    main(Path(sys.argv[1]), *(*numbers, *DEFAULTS[len(numbers) :]))
