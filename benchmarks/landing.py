"""The data that all contenders read: made once, kept under `benchmarks/.data/`."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from etl.sample import Shape, generate_landing, write_truth

DATA = Path(__file__).parent / ".data"


@dataclass(frozen=True, slots=True)
class Landing:
    """A landing of the sample generator, and what it holds: messages, distinct events, bytes."""

    folder: Path
    objects: int
    messages: int
    events: int
    uncompressed_bytes: int
    compressed_bytes: int


def prepare_landing(data: Path, messages: int, objects: int) -> Landing:
    """Make gzipped V2 messages in some objects, unless they are there already."""
    folder = data / f"v2-{messages}-{objects}"
    truth = folder / "truth.json"
    if not truth.exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_truth(
            generate_landing(folder / "landing", messages, objects=objects, shape=Shape.V2_GZIP_NDJSON), truth
        )
    found = json.loads(truth.read_text(encoding="utf-8"))
    return Landing(
        folder=folder / "landing",
        objects=found["objects"],
        messages=found["messages"],
        events=found["events"],
        uncompressed_bytes=found["uncompressed_bytes"],
        compressed_bytes=sum(path.stat().st_size for path in (folder / "landing").rglob("*.gz")),
    )
