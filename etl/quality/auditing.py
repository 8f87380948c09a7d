"""Audit what a run would publish, app by app, against the suites.

Reading the next app overlaps with judging the one before. The suite of figures is judged once for all apps
where that says the same of each; an app alone is judged where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa

from etl.quality.batches import AppBatch, ReadBatch, read_batch
from etl.quality.checks import Check
from etl.quality.expecting import expect, prepare
from etl.quality.figures import add_balance
from etl.quality.frames import make_frame
from etl.quality.offered import OFFERED
from etl.quality.suites import Expectation, Suite, Suites, load_suites
from etl.quality.verdicts import to_check

if TYPE_CHECKING:
    from etl.stores import Store

__all__ = ["AppBatch", "audit_apps", "audit_run", "load_suites", "prepare"]


def audit_apps(lake: Store, batches: Sequence[AppBatch], suites: Suites) -> list[Check]:
    """Judge the batches of some apps: their rows by `events`, their figures by `batch`.

    Reads the columns that matter, from exactly the files of the batches. Raises StorageError where one
    cannot be read.
    """
    if not batches:
        return []
    checks: list[Check] = []
    read: list[ReadBatch] = []
    for each in _read_ahead(lake, batches, suites):
        checks += _judge_rows(each, suites.events)
        # The rows of one app only, however many apps there are.
        read.append(replace(each, frame=None))
    return [*checks, *_judge_figures(read, suites.batch)]


def audit_run(loads: pa.Table, suites: Suites) -> list[Check]:
    """Judge the run's rows of `loads`: what is wrong with them concerns every app."""
    if not loads.num_rows:
        return []
    suite = suites.loads
    frame = make_frame(add_balance(loads), suite.columns, suite)
    return [to_check(outcome, suite.name, None) for outcome in expect(frame, suite)]


def _read_ahead(lake: Store, batches: Sequence[AppBatch], suites: Suites) -> Iterator[ReadBatch]:
    """Read batches, one ahead of the one that is judged, so that no more than two are in memory."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-batch") as reader:
        ahead = reader.submit(read_batch, lake, batches[0], suites)
        for following in [*batches[1:], None]:
            ready = ahead.result()
            if following is not None:
                ahead = reader.submit(read_batch, lake, following, suites)
            yield ready


def _judge_rows(read: ReadBatch, suite: Suite) -> list[Check]:
    if read.frame is None:
        return []
    return [to_check(outcome, suite.name, read.batch.app_id) for outcome in expect(read.frame, suite)]


def _judge_figures(read: Sequence[ReadBatch], suite: Suite) -> list[Check]:
    frame = pd.DataFrame([each.figures for each in read], columns=list(OFFERED[suite.name]), dtype=float)
    shared = [each for each in suite.expectations if len(read) == 1 or is_rowwise(each)]
    settled = {
        outcome.expectation.rule_id: outcome
        for outcome in expect(frame, suite, shared)
        if outcome.success or len(read) == 1
    }
    alone = [each for each in suite.expectations if each.rule_id not in settled]
    checks = []
    for place, each in enumerate(read):
        outcomes = [*settled.values(), *expect(frame.iloc[[place]], suite, alone)]
        checks += [to_check(outcome, suite.name, each.batch.app_id, each.figures) for outcome in outcomes]
    return checks


def is_rowwise(expectation: Expectation) -> bool:
    """Tell whether an expectation that holds for some rows together holds for each of them alone."""
    if expectation.type in _EXTREME:
        return _EXTREME[expectation.type] not in expectation.kwargs
    return expectation.type in _ROWWISE and "mostly" not in expectation.kwargs


# One bound of an extreme holds for every row; the other bound is met by any row.
_EXTREME: Final[Mapping[str, str]] = {
    "expect_column_max_to_be_between": "min_value",
    "expect_column_min_to_be_between": "max_value",
}
_ROWWISE: Final = frozenset(
    {
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_a_to_be_greater_than_b",
    }
)
