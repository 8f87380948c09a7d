"""Work in as many processes as there are cores: started clean, with the heavy imports paid once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from typing import Final, TypeVar

from etl.errors import WorkerDied
from etl.jobs.allocation import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

# Imports what workers need, and calls `warm_up()` of every module of ours that has one.
_PRELOADED: Final = ("etl.jobs.fork_server",)
# What a worker imports again because the program's main module does.
_COMMAND_LINE = "etl.cli"


@contextmanager
def open_workers(count: int, preloaded: Sequence[str] = _PRELOADED) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of `count` processes (0: one a core), each with one thread for Arrow.

    A fork server imports the heavy modules once, those `preloaded`, and forks from there, so that workers
    inherit them, but no thread, connection or lock of this process.
    """
    with ProcessPoolExecutor(
        count_workers(count), mp_context=_choose_context(preloaded), initializer=_prepare_worker
    ) as pool:
        yield pool


def count_workers(count: int) -> int:
    """Give the number of processes: as configured, else one for each core that this process may use."""
    return (
        count or len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else count or os.cpu_count() or 1
    )


def map_unordered(
    pool: ProcessPoolExecutor, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[tuple[int, Result]]:
    """Give results as they come, each with its item's place; the first error cancels what has not begun."""
    futures = {pool.submit(function, item): place for place, item in enumerate(items)}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise WorkerDied(
            "A worker process was killed, mostly for want of memory; nothing was published. "
            "Lower ingest.batch_bytes or ingest.workers, then run again."
        ) from None
    except BaseException:
        # Not `shutdown(wait=False)`: it would let this process tear down what a starting worker still needs.
        for future in futures:
            future.cancel()
        raise


def _choose_context(preloaded: Sequence[str]) -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    # Read by DuckDB's own allocator when it is loaded: it shall keep what it frees, as
    # `keep_freed_memory` has the others do.
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preloaded, *{_COMMAND_LINE}.intersection(sys.modules)])
    return context


def _prepare_worker() -> None:
    # A terminal sends Ctrl-C to every process: the one that opened the pool decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="die with parent", daemon=True).start()
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    keep_freed_memory()


def _die_with_parent() -> None:
    """End this process as soon as the one that opened the pool has ended, however that came about.

    A worker waits at a pipe whose other end it holds itself, so a killed parent would leave it waiting for
    ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
