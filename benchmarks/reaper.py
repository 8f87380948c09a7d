"""Run a command and account for its whole process tree: wall time, CPU, and the peak of its largest process.

A program of its own, `python -m benchmarks.reaper REPORT COMMAND…`. It adopts what the command leaves
behind (Linux: `PR_SET_CHILD_SUBREAPER`), such as the workers of a fork server, so that the kernel's account
of waited-for children is whole.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def run_command(command: list[str]) -> dict[str, float]:
    """Run a command to the end of its last descendant; gives seconds and bytes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    status = subprocess.run(command, check=False).returncode  # noqa: S603 - the benchmark's own command
    wall = time.monotonic() - started
    with suppress(ChildProcessError):
        while True:
            os.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "status": status,
        "wall_seconds": wall,
        "user_seconds": used.ru_utime,
        "system_seconds": used.ru_stime,
        "peak_bytes": used.ru_maxrss * _RSS_UNIT,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(run_command(sys.argv[2:])), encoding="utf-8")
