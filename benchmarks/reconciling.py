"""What comparing and filling a large Pull file costs: `python -m benchmarks.reconciling FOLDER [EVENTS]`.

So many events (a million, unless said otherwise) of two days and two apps are told by Push and by a file of
the Pull API, with gaps that the tests' own generator plants, which imports nothing of the package. What Push
told is ingested; the file is compared, its gaps are filled, and it is compared once more, each as a whole
process. The counts must be the planted ones. Prints JSON: wall time, time of the processor, peak of memory.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.measuring import Measurement, measure_command
from tests.pulls.gaps import Gaps, plant, write_file

_EVENTS: Final = 1_000_000
_REPORT: Final = "in-app-events"
_OBJECTS: Final = 48
_KINDS: Final = ("equal", "differing", "missing_in_push", "missing_in_pull")


def main(folder: Path, events: int = _EVENTS) -> None:
    """Measure, and hold what was found against what was planted."""
    folder.mkdir(parents=True)
    chance = Random(events)
    gaps = plant(chance, _REPORT, events)
    planted = count_planted(gaps)
    prepare(folder, chance, gaps)
    measured = {"ingest": run(folder, "ingest")}
    measured["compare"] = run(folder, "reconcile", "pull", "--timezone", gaps.zone, "--json")
    found = read_counts(folder)
    fill = ("reconcile", "pull", "--timezone", gaps.zone, "--ingest-missing", "--yes", "--json")
    measured["fill"] = run(folder, *fill)
    measured["compare again"] = run(folder, "reconcile", "pull", "--timezone", gaps.zone, "--json")
    filled = planted | {"equal": planted["equal"] + planted["missing_in_push"], "missing_in_push": 0}
    if (found, read_counts(folder)) != (planted, filled):
        raise SystemExit(f"Planted {planted}, found {found} and after filling {read_counts(folder)}.")
    told = {
        "messages": len(gaps.landing),
        "records": len(gaps.records),
        **planted,
        **{name: asdict(each) for name, each in measured.items()},
    }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def count_planted(gaps: Gaps) -> dict[str, int]:
    """Count what was planted, under the names that the report has."""
    total = sum(gaps.counts.values(), Counter[str]())
    return {kind: total["different" if kind == "differing" else kind] for kind in _KINDS}


def prepare(folder: Path, chance: Random, gaps: Gaps) -> None:
    """Land what Push told, and drop the file."""
    for name in ("landing", "pull"):
        (folder / name).mkdir()
    (folder / "pushlift.toml").write_text("[storage]\n", encoding="utf-8")
    for place in range(_OBJECTS):
        text = "".join(json.dumps(each) + "\n" for each in gaps.landing[place::_OBJECTS])
        (folder / "landing" / f"{place:02d}.json.gz").write_bytes(gzip.compress(text.encode(), 1))
    name, data = write_file(chance, gaps)
    (folder / "pull" / name).write_bytes(data)


def run(folder: Path, *arguments: str) -> Measurement:
    """Run a command to its end, and keep what it prints."""
    command = [sys.executable, "-m", "etl.cli", *arguments, "--config", str(folder / "pushlift.toml")]
    return measure_command(["sh", "-c", f'exec "$@" > "{folder}/printed.json"', "sh", *command])


def read_counts(folder: Path) -> dict[str, int]:
    """Read what the last command found."""
    told: dict[str, Any] = json.loads((folder / "printed.json").read_text(encoding="utf-8"))
    return {kind: sum(each[kind] for each in told["files"]) for kind in _KINDS}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
