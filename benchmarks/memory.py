"""Memory for one object of any size: 5 GB uncompressed in a single gzip stream."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.comparing import CONTENDERS, run_contender
from benchmarks.landing import prepare_landing
from benchmarks.measuring import Measurement

_MESSAGES = 1_320_000


def measure_memory(data: Path, messages: int = _MESSAGES) -> Measurement:
    """Ingest one object of so many messages, about 3,900 bytes each, with the audit."""
    landing = prepare_landing(data, messages, objects=1)
    ours = next(each for each in CONTENDERS if each.name == "audited")
    try:
        return run_contender(ours, landing, data / "scratch")
    finally:
        shutil.rmtree(landing.folder.parent, ignore_errors=True)
