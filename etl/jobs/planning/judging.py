"""Rows judged beside their reading and writing: in a process of its own where they are many.

The next rows are read, and the last ones written, while those between them are judged. They come out in the
order in which they went in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from etl.errors import WorkerDied
from etl.jobs.planning.preparing import Judging, prepare_rows
from etl.jobs.workers import count_workers, open_workers

# A process has its imports behind it in about the time in which so many rows are judged.
MANY_ROWS: Final = 200_000
# Batches that wait to be written or judged: they differ in length, and neither side shall wait for the other.
AHEAD: Final = 3

Judge = Callable[[Iterable[pa.Table]], Iterator[tuple[int, pa.Table]]]


@contextmanager
def open_judge(judging: Judging, rows: int) -> Iterator[Judge]:
    """Open what judges batches of so many rows in all; gives of each its rows and what they became.

    Raises WorkerDied where the process that judges is killed.
    """
    if rows < MANY_ROWS or count_workers(0) == 1:
        yield lambda batches: ((batch.num_rows, prepare_rows(batch, judging)) for batch in batches)
        return
    with open_workers(1) as worker, ThreadPoolExecutor(1, "read ahead") as reader:
        yield lambda batches: _judge_beside(worker, reader, batches, judging)


def _judge_beside(
    worker: Executor, reader: Executor, batches: Iterable[pa.Table], judging: Judging
) -> Iterator[tuple[int, pa.Table]]:
    """Keep some batches judged or being judged, and one being read, while the caller has another."""
    judged: deque[tuple[int, Future[pa.Table]]] = deque()
    for rows in _read_ahead(reader, batches):
        judged.append((rows.num_rows, worker.submit(prepare_rows, rows, judging)))
        if len(judged) > AHEAD:
            yield _take(judged)
    while judged:
        yield _take(judged)


def _read_ahead(reader: Executor, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    source = iter(batches)
    coming = reader.submit(next, source, None)
    while (rows := coming.result()) is not None:
        coming = reader.submit(next, source, None)
        yield rows


def _take(judged: deque[tuple[int, Future[pa.Table]]]) -> tuple[int, pa.Table]:
    number, future = judged.popleft()
    try:
        return number, future.result()
    except BrokenProcessPool:
        raise WorkerDied(
            "The process that judges was killed, mostly for want of memory; nothing was planned. Plan fewer"
            " days at a time, or run again where there is more memory."
        ) from None
