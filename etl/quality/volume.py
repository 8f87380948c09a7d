"""Volume: complete hours of an app and of its events, against the same hours of the weeks before.

Counted from the rows of `events` themselves, and from the batch's own files: only those whose range of times
meets an hour in question. An hour is judged once, by the first run after it is complete.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from etl.lake.tables import EVENTS, find_table
from etl.quality.batches import AppBatch
from etl.quality.checks import Check
from etl.quality.history_rules import VOLUME, HistoryRules
from etl.quality.prefixes import is_tellable
from etl.quality.robust import score_count
from etl.stores import Store
from etl.stores.translating import explain_errors

_WEEK: Final = timedelta(days=7)
_HOUR: Final = timedelta(hours=1)
_WEEKS: Final = 4
_MICROS_AN_HOUR: Final = 3_600_000_000
_ALL: Final = ""

Hours = Mapping[tuple[int, str], int]
"""Events by hour since 1970 and event name; under the empty name, all of them."""


@dataclass(frozen=True, slots=True)
class AppFile:
    """A live file of an app, with the range of its event times."""

    key: str
    first: datetime
    last: datetime


def judge_volume(
    lake: Store, batch: AppBatch, rules: HistoryRules, now: datetime, judged_until: datetime | None
) -> list[Check]:
    """Judge the hours that became complete after `judged_until`, the instant of the app's run before."""
    hours = list(complete_hours(rules, now, judged_until))
    files = list(list_app_files(find_table(lake, EVENTS), batch.app_id))
    begin = min((file.first for file in files), default=now)
    wanted = {hour - weeks * _WEEK for hour in hours for weeks in range(_WEEKS + 1)}
    chosen = [file.key for file in files if _meets(file, wanted)] + _batch_files(batch, wanted)
    counts = count_hours(lake, chosen, wanted) if hours else {}
    found = [check for hour in hours for check in _judge_hour(batch.app_id, counts, hour, begin, rules)]
    return rules.settle(VOLUME, batch.app_id, len(hours), found)


def complete_hours(rules: HistoryRules, now: datetime, judged_until: datetime | None) -> Iterator[datetime]:
    """Give the hours that became complete since the run before, none older than `recent_hours`."""
    settle = timedelta(hours=rules.settle_hours)
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=rules.recent_hours)
    while hour + _HOUR + settle <= now:
        if judged_until is None or hour + _HOUR + settle > judged_until:
            yield hour
        hour += _HOUR


def list_app_files(delta: DeltaTable | None, app_id: str) -> Iterator[AppFile]:
    """Give an app's live files from the log alone; one without statistics may hold anything of its day."""
    if delta is None:
        return
    actions = pa.table(delta.get_add_actions(flatten=True))
    mine = actions.filter(pc.equal(actions["partition.app_id"], app_id))
    names = mine.column_names
    nothing = [None] * mine.num_rows
    least = mine["min.event_time"].to_pylist() if "min.event_time" in names else nothing
    most = mine["max.event_time"].to_pylist() if "max.event_time" in names else nothing
    days = mine["partition.event_date"].to_pylist()
    for path, day, low, high in zip(mine["path"].to_pylist(), days, least, most, strict=True):
        midnight = datetime.fromisoformat(str(day)).replace(tzinfo=UTC)
        first, last = low or midnight, high or midnight + timedelta(days=1)
        yield AppFile(f"{EVENTS.name}/{unquote(path)}", _aware(first), _aware(last))


def count_hours(lake: Store, keys: Collection[str], wanted: Collection[datetime]) -> Hours:
    """Count the events of some hours in some files."""
    total: Counter[tuple[int, str]] = Counter()
    hours = pa.array(sorted(_number(hour) for hour in wanted), pa.int64())
    for key in keys:
        with explain_errors(lake, key), lake.fs.open(lake.path_of(key), "rb") as source:
            rows = pq.ParquetFile(source, read_dictionary=["event_name"]).read(["event_time", "event_name"])
        numbers = pa.array(rows["event_time"].cast(pa.int64()).fill_null(0).to_numpy() // _MICROS_AN_HOUR)
        rows = pa.table({"hour": numbers, "name": rows["event_name"].cast(pa.string())})
        counted = (
            rows.filter(pc.is_in(rows["hour"], hours))
            .group_by(["hour", "name"])
            .aggregate([([], "count_all")])
        )
        for hour, name, count in zip(
            *(counted[each].to_pylist() for each in ("hour", "name", "count_all")), strict=True
        ):
            total[hour, name] += count
            total[hour, _ALL] += count
    return total


def _judge_hour(
    app_id: str, counts: Hours, hour: datetime, begin: datetime, rules: HistoryRules
) -> Iterator[Check]:
    """Judge an app's hour, and the hour of each event unless the whole app is as odd."""
    earlier = [hour - weeks * _WEEK for weeks in range(1, _WEEKS + 1) if hour - weeks * _WEEK >= begin]
    if len(earlier) < rules.least_weeks:
        return
    names = sorted({name for _, name in counts if not name or is_tellable(name)} | {_ALL})
    for name in names:
        past = [counts.get((_number(each), name), 0) for each in earlier]
        count = counts.get((_number(hour), name), 0)
        if is_odd(count, past, rules):
            middle = float(np.median(past))
            yield rules.fail(
                VOLUME,
                app_id,
                subject=name or "all events",
                observed=float(count),
                threshold=f"about {middle:.0f}, as in that hour of the {len(past)} weeks before",
                detail=f"{hour:%Y-%m-%d %H}:00 UTC had {count} events.",
            )
            if not name:
                return


def is_odd(count: int, past: Sequence[int], rules: HistoryRules) -> bool:
    """Tell whether a count is far from past ones, in deviations and in proportion; small ones never are."""
    middle, deviations = score_count(count, past)
    if max(middle, count) < rules.least_events or (count > middle and count < 2 * rules.least_events):
        return False
    # Twice as many are as odd as half as many; and a spike must pass every one of the weeks before.
    least, most = (1 - rules.least_change) * min(past), max(past) / (1 - rules.least_change)
    return abs(deviations) >= rules.deviations and not least <= count <= most


def _meets(file: AppFile, hours: Collection[datetime]) -> bool:
    return any(file.first < hour + _HOUR and file.last >= hour for hour in hours)


def _batch_files(batch: AppBatch, hours: Collection[datetime]) -> list[str]:
    days = {hour.date().isoformat() for hour in hours}
    return [key for key, day in zip(batch.files, batch.partitions, strict=True) if day in days]


def _number(hour: datetime) -> int:
    return int(hour.timestamp()) // 3600


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
