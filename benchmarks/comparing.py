"""Run the contenders in turn on one landing, A B C A B C, and check that each published the same events."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from benchmarks.landing import Landing
from benchmarks.measuring import Measurement, measure_command

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that ingests a landing: its module, what it is, and whether it leaves out duplicates."""

    name: str
    module: str
    meaning: str
    is_deduplicating: bool = True


CONTENDERS = (
    Contender(
        "pushlift",
        "pushlift",
        "everything included: formats, quarantine, clocks, row rules, identities, settling, publish",
    ),
    Contender("audited", "audited", "pushlift with its audit, Great Expectations and its import included"),
    Contender("duckdb", "duckdb_alone", "DuckDB alone, all cores: parse, cast, dedupe, COPY … PARTITION_BY"),
    Contender("polars", "polars_alone", "Polars alone, all cores: the same by its streaming engine"),
    Contender(
        "floor", "floor", "one core: decompress, split JSON into text, encode Parquet", is_deduplicating=False
    ),
    Contender("pandas", "plain_pandas", "plain pandas: read_json, to_datetime, drop_duplicates, to_parquet"),
)


class WrongCountError(Exception):
    """A contender published another number of events than the landing holds."""


def compare(
    contenders: Sequence[Contender], landing: Landing, scratch: Path, runs: Mapping[str, int], tell: Tell
) -> dict[str, list[Measurement]]:
    """Run each contender as often as `runs` says, in turns. Raises WrongCountError, CalledProcessError."""
    found: dict[str, list[Measurement]] = {contender.name: [] for contender in contenders}
    for turn in range(max(runs.values())):
        for contender in contenders:
            if turn < runs[contender.name]:
                run = run_contender(contender, landing, scratch)
                found[contender.name].append(run)
                tell(f"{contender.name}: {run.wall_seconds:.1f} s, CPU {run.cpu_seconds:.1f} s")
    return found


def run_contender(contender: Contender, landing: Landing, scratch: Path) -> Measurement:
    """Run a contender once into a fresh folder, check what it published, and clear up."""
    output = scratch / contender.name
    shutil.rmtree(output, ignore_errors=True)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        measured = measure_command(make_command(contender, landing.folder, output))
        _check_count(contender, landing, count_events(output))
    finally:
        shutil.rmtree(output, ignore_errors=True)
    return measured


def make_command(contender: Contender, landing: Path, output: Path) -> list[str]:
    """Give the command that runs a contender."""
    return [sys.executable, "-m", f"benchmarks.contenders.{contender.module}", str(landing), str(output)]


def count_events(output: Path) -> int:
    """Count the rows that a contender published: through Delta where there is a log."""
    files = list(_list_files(output))
    if not files:
        return 0
    found = duckdb.connect().execute("select sum(num_rows) from parquet_file_metadata(?)", [files]).fetchone()
    return int(found[0]) if found else 0


def _list_files(output: Path) -> Iterator[str]:
    events = output / "lake" / "events"
    if events.exists():
        yield from DeltaTable(events).file_uris()
    else:
        yield from (str(path) for path in output.rglob("*.parquet"))


def _check_count(contender: Contender, landing: Landing, events: int) -> None:
    if contender.is_deduplicating and events != landing.events:
        raise WrongCountError(
            f"{contender.name} published {events} events where the landing holds "
            f"{landing.events}: mend it before timing it."
        )
