"""Judging in a process of its own gives what judging in this one does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import cast

import pyarrow as pa
import pytest

from etl.errors import WorkerDied
from etl.jobs.planning import judging as module
from etl.jobs.planning.judging import MANY_ROWS, open_judge
from etl.jobs.planning.preparing import Judging, list_columns
from tests.jobs.planning.test_preparing import POLICIES, VARIANTS, make_judging, make_whole_rows

POLICY = POLICIES["usual"]


class Deadly:
    """What kills the process that is handed it."""

    def __reduce__(self) -> tuple[object, ...]:
        """Be unpickled by a signal."""
        return signal.raise_signal, (signal.SIGKILL,)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[pa.Table]:
    """Give some batches of different lengths, on a machine with two cores."""
    monkeypatch.setattr(module, "count_workers", lambda _: 2)
    rows = make_whole_rows(VARIANTS, list_columns(POLICY))
    return [rows.slice(first, 1 + first) for first in (0, 3, 7, 20)]


def test_batches_come_out_as_they_went_in(batches: list[pa.Table]) -> None:
    """In their order, each with its number of rows."""
    judging = make_judging(POLICY)
    with open_judge(judging, 1) as judge:
        expected = list(judge(batches))
    with open_judge(judging, MANY_ROWS) as judge:
        found = list(judge(iter(batches)))
    assert [number for number, _ in found] == [batch.num_rows for batch in batches]
    assert all(one.equals(other) for (_, one), (_, other) in zip(expected, found, strict=True))


def test_what_goes_wrong_while_reading_is_told(batches: list[pa.Table]) -> None:
    """The error is the reader's own, and the process is gone with it."""

    def read() -> Iterator[pa.Table]:
        yield batches[0]
        raise KeyError("lost")

    with open_judge(make_judging(POLICY), MANY_ROWS) as judge, pytest.raises(KeyError, match="lost"):
        list(judge(read()))


def test_a_judge_that_is_killed_is_told(batches: list[pa.Table]) -> None:
    """It was mostly for want of memory, and may do better next time."""
    deadly = cast("Judging", Deadly())
    with open_judge(deadly, MANY_ROWS) as judge, pytest.raises(WorkerDied, match="memory"):
        list(judge(batches))
