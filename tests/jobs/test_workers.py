import os
import signal
import time
from functools import partial

import pytest

from etl.errors import StoreRefusedWrite, WorkerDied
from etl.jobs.workers import count_workers, map_unordered, open_workers


def describe_worker(number: int) -> tuple[int, int, int]:
    """Tell the number, the process and its Arrow threads."""
    import pyarrow as pa  # noqa: PLC0415 - of the worker

    return number, os.getpid(), pa.cpu_count()


def refuse(number: int) -> int:
    """Fail at one number as a full disk does."""
    if number == 1:
        raise StoreRefusedWrite("full")
    return number


def die(_number: int) -> None:
    """End as a process does that the system kills for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def wait_in_turn(delay_seconds: float, number: int) -> int:
    """Give the first item last."""
    time.sleep(delay_seconds if number == 0 else 0)
    return number


def test_results_come_with_the_place_of_their_item() -> None:
    """Whoever is done first is told first, and each result says whose it is."""
    with open_workers(2) as pool:
        found = list(map_unordered(pool, partial(wait_in_turn, 0.5), [0, 1, 2]))

    assert sorted(found) == [(0, 0), (1, 1), (2, 2)]
    assert found[-1] == (0, 0)


def test_workers_are_processes_with_one_arrow_thread_each() -> None:
    """Two processes on two cores leave no core to more threads."""
    with open_workers(2) as pool:
        found = [result for _, result in map_unordered(pool, describe_worker, range(4))]

    assert os.getpid() not in {pid for _, pid, _ in found}
    assert {threads for _, _, threads in found} == {1}


def test_an_error_of_ours_comes_back_whole() -> None:
    """Its kind and its sentence survive the way between processes."""
    with open_workers(1) as pool, pytest.raises(StoreRefusedWrite, match="full"):
        list(map_unordered(pool, refuse, range(3)))


def test_the_number_of_workers_is_as_configured_or_one_a_core() -> None:
    """0 means: as many as this process may use cores."""
    assert count_workers(7) == 7
    assert count_workers(0) == len(os.sched_getaffinity(0))


def test_a_killed_worker_is_told_of_in_a_sentence() -> None:
    """A worker that was killed gives an error that says so and what to do, not a broken pool."""
    with open_workers(1) as pool, pytest.raises(WorkerDied, match="memory"):
        list(map_unordered(pool, die, [0]))
