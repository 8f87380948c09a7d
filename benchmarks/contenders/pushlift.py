"""pushlift itself: the whole job into a fresh lake, in as many processes as there are cores."""

from __future__ import annotations

import sys
from pathlib import Path

from etl.jobs.ingest import ingest
from etl.settings.models import Settings, Storage


def ingest_landing(landing: Path, output: Path) -> None:
    """Ingest a landing into a new lake and a new ledger under `output`."""
    output.mkdir(parents=True, exist_ok=True)
    storage = Storage(
        landing=str(landing),
        lake=str(output / "lake"),
        opt_outs=str(output / "opt_outs"),
        ledger=f"sqlite:///{output / 'ledger.db'}",
    )
    report = ingest(Settings(storage=storage))
    if report.exit_code:
        sys.exit(report.exit_code)


if __name__ == "__main__":
    ingest_landing(Path(sys.argv[1]), Path(sys.argv[2]))
