"""pushlift with its audit: `pushlift ingest` as it is unless configured otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.contenders.pushlift import run_ingest

if __name__ == "__main__":
    run_ingest(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute(), is_audited=True)
