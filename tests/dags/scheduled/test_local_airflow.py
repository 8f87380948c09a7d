"""`make airflow` as it is: every component of Airflow, on this machine."""

import os
import subprocess
import sys
from pathlib import Path

BOUND_SECONDS = 600


def test_a_real_scheduler_ingests_and_backfills(tmp_path: Path) -> None:
    """It runs the DAG by hand and by Airflow's own backfill; the lake is right after each, and all ends."""
    done = subprocess.run(
        [sys.executable, "-m", "etl.airflow", "--once"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "published 490 events" in done.stdout
    assert "read them again and changed nothing" in done.stdout
    assert list(find_processes_of(tmp_path)) == []


def find_processes_of(home: Path) -> list[int]:
    """Find the processes whose environment names a folder."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if os.access(process / "environ", os.R_OK) and str(home).encode() in read_environment(process)
    ]


def read_environment(process: Path) -> bytes:
    """Read a process' environment; a process that has ended has none."""
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""
