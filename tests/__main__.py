"""Run the tests in a process a core: `python -m tests [what pytest takes]`.

Lines of each process begin with its number. Ends with 1 where a process fails or a test was run by none.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from tests.side_by_side import find_failed, find_lost

ROOT: Final = Path(__file__).parents[1]
# Each holds a few hundred megabytes, and has servers of its own.
MOST_PROCESSES: Final = 4
SLOWEST_SHOWN: Final = 15
INTERRUPTED: Final = 130
PRINTING: Final = threading.Lock()

Process = subprocess.Popen[str]


def count_processes() -> int:
    """Give the number of processes: one for each core that this one may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_PROCESSES)


def start(folder: str, arguments: Sequence[str]) -> Process:
    """Start a process that shares the suite; Ctrl-C reaches it through this one alone, and once."""
    # Given as one word: pytest would take a folder for a path to tests, and look there for its configuration.
    command = [sys.executable, "-m", "pytest", "-p", "tests.side_by_side", f"--share={folder}"]
    # Both would write what failed last to the same file.
    options = ["-p", "no:cacheprovider", f"--durations={SLOWEST_SHOWN}"]
    # The tests start hundreds of interpreters, each of which would compile all modules again.
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen(
        [*command, *options, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def show(number: int, output: IO[str]) -> None:
    """Show a process' output as it comes, in whole lines."""
    for line in output:
        with PRINTING:
            sys.stdout.write(f"{number} | {line}")
            sys.stdout.flush()


def stop(processes: Sequence[Process], kind: signal.Signals) -> None:
    """Ask the processes to stop, or kill them with all that they started."""
    for process in processes:
        with suppress(ProcessLookupError):
            if kind is signal.SIGKILL:
                os.killpg(process.pid, kind)
            elif process.poll() is None:
                process.send_signal(kind)


def await_all(processes: Sequence[Process]) -> bool:
    """Wait until all have ended; False where Ctrl-C stopped them, which a second one does at once."""
    try:
        for process in processes:
            process.wait()
    except KeyboardInterrupt:
        stop(processes, signal.SIGINT)
        try:
            for process in processes:
                process.wait()
        except KeyboardInterrupt:
            stop(processes, signal.SIGKILL)
        return False
    return True


def run(folder: str, arguments: Sequence[str]) -> int:
    """Run the suite; gives the exit code."""
    processes = [start(folder, arguments) for _ in range(count_processes())]
    outputs = [process.stdout for process in processes if process.stdout is not None]
    shown = [
        threading.Thread(target=show, args=(number, output), daemon=True)
        for number, output in enumerate(outputs, start=1)
    ]
    for thread in shown:
        thread.start()
    is_whole = await_all(processes)
    for thread in shown:
        # Something that a test left behind may hold the pipe open.
        thread.join(timeout=10)
    return judge(Path(folder), [process.wait() for process in processes]) if is_whole else INTERRUPTED


def judge(folder: Path, codes: Sequence[int]) -> int:
    """Say how the processes ended; gives the exit code for all of them."""
    failed = [f"process {number} ended with {code}" for number, code in enumerate(codes, start=1) if code]
    lost = 0 if failed else find_lost(folder)
    if lost:
        failed.append(f"{lost} tests were run by no process")
    # Said last: what the processes print is long, and one's failures come in the middle of the other's tests.
    for name, reason in find_failed(folder).items():
        sys.stdout.write(f"failed: {name}\n  {reason}\n")
    sys.stdout.write(f"tests: {'; '.join(failed) or 'all passed'}\n")
    return 1 if failed else 0


def main() -> int:
    """Run the suite with the arguments of the command line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="pushlift-tests-") as folder:
        return run(folder, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
