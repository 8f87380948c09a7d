"""What judging against a year of hourly runs costs: 8,760 publishes of `profiles`, each some 600 rows.

`python -m benchmarks.history FOLDER` makes the table, with a file a run, a file a day and as upkeep leaves
it, and measures reading the past and judging three apps, each in a fresh process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deltalake import CommitProperties, Transaction
from deltalake.transaction import AddAction

from etl.jobs.maintain import maintain_lake
from etl.lake.drafts import DraftFile, write_draft
from etl.lake.publish import TRANSACTION_ID
from etl.lake.tables import PROFILES, open_or_create
from etl.quality.batches import AppBatch
from etl.quality.history import HistoryRules, judge_histories
from etl.quality.profile import Figure, Profile, merge_profiles, profiles_table
from etl.settings import Settings
from etl.settings.models import Storage
from etl.stores import Store, open_store

APPS = ("com.one", "com.two", "com.three")
HOURS = 8_760
FIGURES = 200
COMMITS_OF = 500
NOW = datetime(2026, 9, 1, tzinfo=UTC)


def make_profile(hour: int) -> Profile:
    """Make the profile of one run: three apps, some 200 figures each."""
    counts = {}
    for place, app_id in enumerate(APPS):
        rows = 1_000 + (hour * 7 + place) % 300
        counts[Figure(app_id, "push", "rows", "", "")] = (rows, rows)
        for number in range(FIGURES - 1):
            kind = ("field", "shape")[number % 2]
            value = "text" if kind == "shape" else ""
            counts[Figure(app_id, "push", kind, f"field_{number // 2}", value)] = (rows, rows - number)
    return Profile(counts)


def make_table(lake: Store, runs_a_file: int) -> None:
    """Write a year of profiles, so many runs a file."""
    drafts = []
    for hour in range(0, HOURS, runs_a_file):
        tables = [
            profiles_table(make_profile(each), f"run-{each}", NOW - timedelta(hours=HOURS - each))
            for each in range(hour, min(hour + runs_a_file, HOURS))
        ]
        drafts.append(write_draft(lake, PROFILES, f"{hour:05d}.parquet", tables))
    for start in range(0, len(drafts), COMMITS_OF):
        chosen = [draft for draft in drafts[start : start + COMMITS_OF] if draft is not None]
        open_or_create(lake, PROFILES).create_write_transaction(
            [_add(draft) for draft in chosen],
            mode="append",
            schema=PROFILES.schema,
            partition_by=[],
            commit_properties=CommitProperties(app_transactions=[Transaction(TRANSACTION_ID, start + 1)]),
        )
    open_or_create(lake, PROFILES).create_checkpoint()


def _add(draft: DraftFile) -> AddAction:
    return AddAction(draft.path, draft.size, {}, int(NOW.timestamp() * 1000), True, draft.statistics)


def compact(folder: Path) -> None:
    """Do upkeep, and tell what it compacted and the seconds that it took."""
    places = {name: str(folder / name) for name in ("landing", "scratch")}
    ledger = f"sqlite:///{folder}.ledger.db"
    storage = Storage.model_validate({"lake": str(folder), "ledger": ledger, **places})
    started = time.perf_counter()
    report = maintain_lake(Settings(storage=storage), is_dry_run=False)
    seconds = time.perf_counter() - started
    sys.stdout.write(f"{folder.name}: {report.compacted} in {seconds:.1f} s\n")


def measure(folder: Path) -> dict[str, float]:
    """Judge a run of three apps, and give the seconds that it took."""
    lake = open_store(str(folder))
    batches = [AppBatch(app_id, (), (), 0, 0, 0) for app_id in APPS]
    profile = merge_profiles([make_profile(HOURS)])
    started, cpu = time.perf_counter(), time.process_time()
    checks = judge_histories(lake, batches, profile, HistoryRules(), NOW)
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "checks": len(checks),
    }


def main(folder: Path) -> None:
    """Make the tables where they are not there, and measure each."""
    for name, runs_a_file in (("hourly", 1), ("daily", 24), ("compacted", 1)):
        if not (folder / name).exists():
            make_table(open_store(str(folder / name)), runs_a_file)
            if name == "compacted":
                compact(folder / name)
        command = [sys.executable, "-m", "benchmarks.history", "--measure", str(folder / name)]
        taken = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module itself
        sys.stdout.write(f"{name}: {taken.stdout}")


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        sys.stdout.write(json.dumps(measure(Path(sys.argv[2]))) + "\n")
    else:
        main(Path(sys.argv[1]))
