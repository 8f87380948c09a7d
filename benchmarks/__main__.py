"""`python -m benchmarks`: every contender on the same landing, in turns, and where our own time goes."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.comparing import CONTENDERS, Contender, compare
from benchmarks.landing import DATA, Landing, prepare_landing
from benchmarks.measuring import project_root
from benchmarks.memory import measure_memory
from benchmarks.rerun import measure_rerun
from benchmarks.results import Results, write_results

RESULTS = Path(__file__).parent / "RESULTS.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, and record it."""
    chosen = read_arguments(arguments)
    landing = prepare_landing(chosen.data, chosen.messages, chosen.objects)
    contenders = choose_contenders(chosen.only)
    runs = {each.name: chosen.pandas_runs if each.name == "pandas" else chosen.runs for each in contenders}
    results = Results(
        made_at=datetime.now(UTC),
        command="python -m benchmarks " + " ".join(sys.argv[1:] if arguments is None else arguments),
        landing=landing,
        runs=compare(contenders, landing, chosen.data / "scratch", runs, tell),
        stages=run_module("stages", landing, chosen.data / "scratch"),
        rerun=None if chosen.only else measure_rerun(chosen.data / "scratch"),
        memory=measure_memory(chosen.data) if chosen.big else None,
        audit=run_module("auditing", landing, chosen.data / "scratch"),
    )
    tell(write_results(results, chosen.results))


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command's options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=400_000)
    parser.add_argument("--objects", type=int, default=4)
    parser.add_argument("--runs", type=int, default=3, help="runs of each contender")
    parser.add_argument(
        "--pandas-runs", type=int, default=1, help="runs of plain pandas, which takes minutes and 7 GB"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], choices=[each.name for each in CONTENDERS], metavar="NAME"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="where landings are kept between runs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to record the results")
    parser.add_argument("--big", action="store_true", help="also ingest one object of 5 GB, for its memory")
    return parser.parse_args(arguments)


def choose_contenders(names: Sequence[str]) -> list[Contender]:
    """Choose contenders by name; all of them where nobody says."""
    return [each for each in CONTENDERS if not names or each.name in names]


def run_module(name: str, landing: Landing, scratch: Path) -> Any:  # noqa: ANN401 - whatever JSON it prints
    """Run one of our measurements in a process of its own, and give what it prints."""
    output = scratch / name
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", str(landing.folder), str(output)]
    try:
        found = subprocess.run(command, check=True, capture_output=True, cwd=project_root()).stdout  # noqa: S603
    finally:
        shutil.rmtree(output, ignore_errors=True)
    return json.loads(found)


def tell(text: str) -> None:
    """Say how far it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
