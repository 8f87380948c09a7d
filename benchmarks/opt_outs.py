"""What a long list costs: `python -m benchmarks.opt_outs FOLDER [IDS]` prints JSON.

A list of so many device ids (a million, unless said otherwise) is dropped, and three sweeps are made as whole
processes against the sandbox: a dry run, the sweep itself (every id suppressed in all its forms, erased from
a lake that has one of a thousand of them, submitted in batches at the configured rate), and a sweep of the
same list dropped again, which must find nothing to do. Wall time, the processor's time and the peak of memory
of each, and the average rate of bodies; then the people of the ledger are hashed once more with a new key.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from random import Random

from benchmarks.measuring import Measurement, measure_command
from etl.liftoff.sandbox.process import SandboxProcess, run_sandbox

_IDS = 1_000_000
_KEY, _NEW_KEY = "a key of the benchmark's own, 32+", "another key of the benchmark's own"
_BATCH, _PER_SECOND = 10_000, 1
_EVERY = 1_000


def main(folder: Path, ids: int = _IDS) -> None:
    """Measure the sweeps of a list."""
    folder.mkdir(parents=True)
    with run_sandbox() as sandbox:
        prepare(folder, sandbox)
        land(folder, ids)
        measured = {"ingest": run(folder, "ingest")}
        drop(folder, ids)
        measured["dry run"] = run(folder, "opt-outs", "sweep", "--dry-run")
        measured["sweep"] = run(folder, "opt-outs", "sweep")
        accepted = sandbox.state()["opt_outs"]["production"]["accepted_occurrences"]
        rate = find_rate(folder)
        drop(folder, ids)
        measured["the same list again"] = run(folder, "opt-outs", "sweep")
        os.environ |= {"PUSHLIFT_HASH_KEY": _NEW_KEY, "PUSHLIFT_HASH_KEYS_BEFORE": json.dumps([_KEY])}
        measured["rotation"] = run(folder, "ledger", "rotate-key", "--yes")
    figures = {name: asdict(each) for name, each in measured.items()}
    told = {
        "ids": ids,
        "accepted": accepted,
        "requests_per_second": rate,
        "configured_per_second": _PER_SECOND,
        "least_submission_seconds": ids / _BATCH / _PER_SECOND,
        "ledger_bytes": (folder / "ledger.db").stat().st_size,
        **figures,
    }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def prepare(folder: Path, sandbox: SandboxProcess) -> None:
    """Configure the sandbox as the partner."""
    for name in ("landing", "opt_outs/inbox"):
        (folder / name).mkdir(parents=True)
    (folder / "pushlift.toml").write_text(
        f'[liftoff]\nopt_out_url = "{sandbox.opt_out_url}"\n'
        f"[opt_outs]\nbatch_size = {_BATCH}\nrequests_per_second = {_PER_SECOND}\n",
        encoding="utf-8",
    )
    os.environ |= {
        "PUSHLIFT_HASH_KEY": _KEY,
        "PUSHLIFT_LIFTOFF_OPT_OUT_USER": sandbox.credentials.opt_out_user,
        "PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD": sandbox.credentials.opt_out_password,
    }


def name_devices(ids: int) -> Iterator[str]:
    """Name devices, the same each time."""
    chance = Random(ids)
    return (str(uuid.UUID(int=chance.getrandbits(128), version=4)).upper() for _ in range(ids))


def land(folder: Path, ids: int) -> None:
    """Land an event of one device of a thousand."""
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    rows = (
        {
            "app_id": "id1234567890",
            "event_name": "install",
            "event_time": f"{day} 12:00:00.{number % 1000:03d}",
            "appsflyer_id": f"1756684800000-{number:019d}",
            "idfa": device,
            "api_version": "2.0",
        }
        for number, device in enumerate(name_devices(ids))
        if number % _EVERY == 0
    )
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "landing" / "a.json.gz").write_bytes(gzip.compress(text.encode()))


def drop(folder: Path, ids: int) -> None:
    """Drop the list."""
    lines = "".join(f"{device}\n" for device in name_devices(ids))
    (folder / "opt_outs" / "inbox" / "list.csv").write_text(f"idfa\n{lines}", encoding="utf-8")


def find_rate(folder: Path) -> float:
    """Find how many bodies a second were answered on average, from the first answer to the last."""
    query = "SELECT count(DISTINCT answered_at), min(answered_at), max(answered_at) FROM opt_out_requests"
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        bodies, *ends = ledger.execute(query).fetchone()
    first, last = map(datetime.fromisoformat, ends)
    return float(round((bodies - 1) / (last - first).total_seconds(), 3))


def run(folder: Path, *arguments: str) -> Measurement:
    """Run a command to its end."""
    config = str(folder / "pushlift.toml")
    return measure_command([sys.executable, "-m", "etl.cli", *arguments, "--config", config])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
