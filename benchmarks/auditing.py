"""What the audit adds to an ingest: `python -m benchmarks.auditing LANDING OUTPUT` prints JSON.

The steps of `etl.jobs.ingest.ingest`, timed one by one in a process of its own. Great Expectations is
imported before the audit and timed apart, since an ingest imports it while its workers work.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from pathlib import Path

from etl.jobs import ingest as story
from etl.jobs.encoding import encode_all
from etl.jobs.worker_steps import Share, normalize_share
from etl.jobs.workers import count_workers, map_unordered, open_workers
from etl.quality.auditing import prepare
from etl.settings.models import Settings, Storage


def time_audit(landing: Path, output: Path) -> dict[str, float]:
    """Ingest a landing; gives the seconds of all but the audit, of the audit, and of the import."""
    settings = Settings(
        storage=Storage(
            landing=str(landing), lake=str(output / "lake"), ledger=f"sqlite:///{output / 'ledger.db'}"
        )
    )
    output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    run = story.discover(settings, story.IngestOptions())
    if run is None:
        raise FileNotFoundError(f"{landing} holds no objects: make a landing first.")
    with open_workers(min(count_workers(0), len(run.chunks))) as pool:
        shares = [Share(run.chunk_name(place), chunk) for place, chunk in enumerate(run.chunks)]
        found = dict(map_unordered(pool, partial(normalize_share, settings), shares))
        outcomes = [found[place] for place in range(len(shares))]
        encode = partial(encode_all, settings, pool)
        settled = story.settle(settings, run, outcomes, encode)
        before = time.monotonic()
        prepare()
        imported = time.monotonic()
        audited = story.audit(settings, run, settled)
        judged = time.monotonic()
        story.publish(settings, run, outcomes, audited, encode)
    ended = time.monotonic()
    return {
        "ingest": ended - started - (judged - before),
        "audit": judged - imported,
        "import": imported - before,
        "checks": len(audited.checks),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(time_audit(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())))
