"""A run of a Pull file against one version of the lake: its records and the lake's rows, paired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.appsflyer.pull.local_times import find_doubled_hours
from etl.appsflyer.pull.reports import REPORTS, Report
from etl.appsflyer.pull.source import PullSource
from etl.appsflyer.unify import as_text
from etl.jobs.pulls.lake_rows import Hours, read_lake
from etl.jobs.pulls.matching import Matcher, Numbers
from etl.jobs.pulls.narrowing import prepare_rows
from etl.lake.spill import NO_OBJECT, OBJECT_COLUMN, ChunkOutcome, read_batch
from etl.stores import Store

Mask = npt.NDArray[np.bool_]

_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a comparison stands: the lake at one version, scratch, and the file's spilled records."""

    lake: Store
    events: DeltaTable | None
    scratch: Store
    pull: PullSource
    outcomes: Sequence[ChunkOutcome]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A matcher that has paired both sides, the apps and hours that it looked at, and those that count.

    Of `unclear` hours, which the file's zone has twice, nothing counts as missing in Pull.
    """

    matcher: Matcher
    apps: tuple[str, ...]
    period: Hours | None
    unclear: tuple[datetime, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What was met in a file: its apps, and its first and last second."""

    apps: set[str] = field(default_factory=set)
    first: int | None = None
    last: int | None = None

    def meet(self, rows: pa.Table) -> None:
        found = pc.min_max(rows["second"]).as_py()
        self.apps.update(rows["app_id"].unique().to_pylist())
        self.first = found["min"] if self.first is None else min(self.first, found["min"])
        self.last = found["max"] if self.last is None else max(self.last, found["max"])

    def hours(self) -> Hours | None:
        if self.first is None or self.last is None:
            return None
        return Hours(_start_hour(self.first), _start_hour(self.last) + _HOUR)


@contextmanager
def compare(ground: Ground, stated: Hours | None = None) -> Iterator[Comparison]:
    """Pair a file's records with the lake's rows of its report.

    `stated` are the hours that the file was made for; without them, those from its first record to its last.
    """
    with Matcher() as matcher:
        seen = _take_pull(ground, matcher)
        met = seen.hours()
        period = stated or met
        apps = tuple(sorted({*seen.apps, *([ground.pull.app_id] if ground.pull.app_id else [])}))
        unclear: tuple[datetime, ...] = ()
        if period is not None:
            if ground.pull.zone != "UTC":
                unclear = tuple(find_doubled_hours(period.first, period.end, ground.pull.zone))
            hours = period if met is None else period.join(met)
            _take_push(ground, matcher, apps, (hours, period, unclear))
        matcher.pair()
        yield Comparison(matcher, apps, period, unclear)


def find_missing(ground: Ground) -> Numbers:
    """Find the records of a run that the lake lacks, by their numbers among its rows."""
    with compare(ground) as found:
        return found.matcher.list_missing()


def _take_pull(ground: Ground, matcher: Matcher) -> _Seen:
    seen, start = _Seen(), 0
    for outcome in ground.outcomes:
        for place in range(len(outcome.batches)):
            batch = read_batch(ground.scratch, outcome, place).combine_chunks()
            is_row = pc.not_equal(batch[OBJECT_COLUMN], NO_OBJECT)
            numbers = pa.array(np.arange(start, start + batch.num_rows))
            start += batch.num_rows
            kept = batch.append_column("_number", numbers).filter(is_row).combine_chunks()
            if kept.num_rows:
                columns = {name: _as_array(kept[name]) for name in kept.column_names}
                is_due = pa.array(np.ones(kept.num_rows, dtype=bool))
                rows = prepare_rows(columns, columns["_number"], "source_position", columns["app_id"], is_due)
                seen.meet(rows)
                matcher.add_pull(rows)
    return seen


def _take_push(
    ground: Ground,
    matcher: Matcher,
    apps: Sequence[str],
    when: tuple[Hours, Hours, Sequence[datetime]],
) -> None:
    hours, period, unclear = when
    report, start = REPORTS[ground.pull.report], 0
    for app_id, batch in read_lake(ground.lake, ground.events, apps, hours):
        kept = batch.filter(pa.array(_choose_rows(batch, report)))
        columns = {name: kept[name] for name in kept.schema.names}
        numbers = pa.array(np.arange(start, start + kept.num_rows))
        start += kept.num_rows
        if kept.num_rows:
            is_due = _mark_sources(kept, report) & _mark_hours(kept, period, unclear)
            app = pa.array([app_id] * kept.num_rows, pa.string())
            matcher.add_push(prepare_rows(columns, numbers, "event_id", app, pa.array(is_due)))


def _choose_rows(batch: pa.RecordBatch, report: Report) -> Mask:
    """Choose the rows of the report's topics; the vendor's test messages are in no report."""
    topics = pa.array([topic.value for topic in report.topics])
    is_topic = pc.is_in(as_text(batch["topic"]), value_set=topics)
    is_test = pc.fill_null(batch["is_test_message"], False)
    chosen: Mask = pc.and_not(is_topic, is_test).to_numpy(zero_copy_only=False)
    return chosen


def _mark_sources(batch: pa.RecordBatch, report: Report) -> Mask:
    sources = as_text(batch["media_source"]).dictionary_encode()
    known = np.array(
        [*(report.holds_source(each) for each in sources.dictionary.to_pylist()), report.holds_source(None)]
    )
    marked: Mask = known[
        pc.fill_null(sources.indices, len(sources.dictionary)).to_numpy(zero_copy_only=False)
    ]
    return marked


def _mark_hours(batch: pa.RecordBatch, period: Hours, unclear: Sequence[datetime]) -> Mask:
    seconds = batch["event_time"].cast(pa.int64()).to_numpy(zero_copy_only=False) // 1_000_000
    is_within = (seconds >= _second_of(period.first)) & (seconds < _second_of(period.end))
    doubled = np.array([_second_of(each) // 3600 for each in unclear], dtype=np.int64)
    marked: Mask = is_within & ~np.isin(seconds // 3600, doubled)
    return marked


def _second_of(instant: datetime) -> int:
    return int((instant - _EPOCH).total_seconds())


def _start_hour(second: int) -> datetime:
    return _EPOCH + timedelta(hours=second // 3600)


def _as_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
