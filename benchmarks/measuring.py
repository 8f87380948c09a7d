"""Measure commands as whole processes, and put runs together."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of a command: wall time, CPU of its process tree, peak memory of its largest process."""

    wall_seconds: float
    cpu_seconds: float
    system_seconds: float
    peak_bytes: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The median of some runs, between the least and the most."""

    least: float
    median: float
    most: float


def measure_command(command: Sequence[str]) -> Measurement:
    """Run a command in a clean process tree, imports and all. Raises CalledProcessError when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run = [sys.executable, "-m", "benchmarks.reaper", str(report), *command]
        done = subprocess.run(run, check=True, capture_output=True, cwd=project_root(), env=_environment())  # noqa: S603 - our own command
        found = json.loads(report.read_text(encoding="utf-8"))
    if found["status"]:
        raise subprocess.CalledProcessError(found["status"], list(command), done.stdout, done.stderr)
    return Measurement(
        wall_seconds=found["wall_seconds"],
        cpu_seconds=found["user_seconds"] + found["system_seconds"],
        system_seconds=found["system_seconds"],
        peak_bytes=found["peak_bytes"],
    )


def project_root() -> Path:
    """Give the folder that holds `etl` and `benchmarks`."""
    return Path(__file__).parents[1]


def summarize(runs: Sequence[Measurement], figure: Callable[[Measurement], float]) -> Summary:
    """Summarize one figure of some runs."""
    values = [figure(run) for run in runs]
    return Summary(min(values), statistics.median(values), max(values))


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(project_root())}
