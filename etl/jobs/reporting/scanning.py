"""One pass over the rows of some apps and days: each file is opened and each column decoded once.

What pages are counted from is of few values, which Parquet keeps as dictionaries. So rows are counted by the
codes of these, a number each, a partition at a time and several at once, in processes where there are many
rows; hashing the texts themselves, as a query over `events` does, takes three times as long.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from math import prod
from typing import Any, Final
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import WorkerDied
from etl.jobs.reporting.extra_rows import EXTRA_ROWS, NEEDED, TOLD, as_mask, find_extra, mark_sales
from etl.jobs.workers import count_workers, open_workers
from etl.lake.info import list_live_files
from etl.lake.settle import Partition
from etl.lake.tables import EVENTS, find_table
from etl.stores import Store
from etl.stores.translating import explain_errors

Ints = npt.NDArray[np.int64]
Dimension = tuple[Sequence[object], Ints]
"""Values, and of each row the place of its value among them."""

FACTS: Final = pa.schema(
    [
        *(EVENTS.schema.field(name) for name in ("app_id", "event_date")),
        ("day", pa.date32()),
        ("topic", pa.string()),
        ("event_name", pa.string()),
        ("is_test", pa.bool_()),
        ("zone", pa.string()),
        ("issues", pa.string()),
        ("records", pa.int64()),
    ]
)
MINUTES: Final = pa.schema(
    [("app_id", pa.string()), ("day", pa.date32()), ("minutes", pa.int64()), ("records", pa.int64())]
)
SALES: Final = pa.schema(
    [
        ("app_id", pa.string()),
        ("day", pa.date32()),
        ("currency", pa.string()),
        ("is_refund", pa.bool_()),
        ("sales", pa.int64()),
        ("without_usd", pa.int64()),
        ("revenue", pa.decimal128(38, 10)),
        ("usd", pa.decimal128(38, 10)),
    ]
)
_DICTIONARIES: Final = ("topic", "event_name", "selected_timezone", "load_id", "event_revenue_currency")
_COLUMNS: Final = tuple(
    dict.fromkeys((*NEEDED, "selected_timezone", "clock_issues", "load_id", "event_time"))
)
MANY_ROWS: Final = 3_000_000
_EPOCH: Final = date(1970, 1, 1)
_MINUTE_MS: Final = 60_000
_UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Scan:
    """What was counted, as tables of the schemas above.

    `facts` are rows by what they are (`issues` joined by commas), `minutes` rows by app's day and whole
    minutes, rounded up, from the event to the landing of its object, `sales` amounts by day and currency, the
    second tellings of a sale included; `extra_rows` are these, and those of other things.
    """

    facts: pa.Table
    minutes: pa.Table
    sales: pa.Table
    extra_rows: pa.Table


def scan_events(
    lake: Store, apps: Collection[str], first: date, last: date, landed: Mapping[str, int]
) -> Scan:
    """Scan the rows of some apps' UTC days; `landed` gives milliseconds since 1970 by load."""
    delta = find_table(lake, EVENTS)
    paths: dict[Partition, list[str]] = {}
    total = 0
    for file in [] if delta is None else list_live_files(EVENTS, delta):
        app_id, day = file.partition["app_id"], file.partition["event_date"]
        if app_id in apps and str(first) <= day <= str(last):
            paths.setdefault((app_id, day), []).append(f"{EVENTS.name}/{unquote(file.path)}")
            total += file.rows
    scans = _scan_all(partial(_scan, lake, landed), paths, total)
    return Scan(
        pa.concat_tables([FACTS.empty_table(), *(scan.facts for scan in scans)]),
        pa.concat_tables([MINUTES.empty_table(), *(scan.minutes for scan in scans)]),
        pa.concat_tables([SALES.empty_table(), *(scan.sales for scan in scans)]),
        pa.concat_tables([EXTRA_ROWS.empty_table(), *(scan.extra_rows for scan in scans)]),
    )


def _scan_all(
    scan: Callable[[Partition, Sequence[str]], Scan], paths: Mapping[Partition, Sequence[str]], rows: int
) -> list[Scan]:
    """Scan partitions at once: in processes where these have imported what they need long before the end."""
    if rows < MANY_ROWS or len(paths) == 1 or count_workers(0) == 1:
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            return list(pool.map(scan, paths, paths.values()))
    try:
        with open_workers(0, (__name__,)) as workers:
            return list(workers.map(scan, paths, paths.values()))
    except BrokenProcessPool:
        raise WorkerDied(
            "A worker process was killed, mostly for want of memory; no page was made. Ask for fewer days."
        ) from None


def _scan(lake: Store, landed: Mapping[str, int], partition: Partition, paths: Sequence[str]) -> Scan:
    """Scan one partition, in which all rows of its occurrences are."""
    app_id, day = partition[0], date.fromisoformat(partition[1])
    facts, minutes = Counter[tuple[object, ...]](), Counter[tuple[object, ...]]()
    with explain_errors(lake, paths[0]), ExitStack() as stack:
        files = [_open(lake, path, stack) for path in paths]
        kept, sales = [], []
        for file in files:
            rows = file.read(columns=list(_COLUMNS), use_threads=False)
            days = _read_days(rows, day)
            facts.update(_count_facts(rows, days))
            minutes.update(_count_minutes(rows, days, landed))
            sales.append(_take_sales(rows, day))
            kept.append(rows.select(NEEDED))
        extra = find_extra(kept, partition, lambda: _read_ids(files))
    return Scan(
        _tabulate(FACTS, [((app_id, day, *key), count) for key, count in facts.items()]),
        _tabulate(MINUTES, [((app_id, *key), count) for key, count in minutes.items()]),
        _sum_sales(app_id, pa.concat_tables(sales)),
        extra,
    )


def _open(lake: Store, path: str, stack: ExitStack) -> pq.ParquetFile:
    place = lake.path_of(path)
    source = stack.enter_context(pa.memory_map(place) if lake.is_local else lake.fs.open(place, "rb"))
    return pq.ParquetFile(source, read_dictionary=list(_DICTIONARIES))


def _read_ids(files: Sequence[pq.ParquetFile]) -> pa.ChunkedArray:
    tables = [file.read(columns=["event_id"], use_threads=False) for file in files]
    return pa.concat_tables(tables)["event_id"]


def _count_facts(rows: pa.Table, days: Dimension) -> Counter[tuple[object, ...]]:
    """Count rows by day, topic, name, whether they are tests, zone and clock issues."""
    dimensions = (
        days,
        _encode(rows["topic"]),
        _encode(rows["event_name"]),
        ((False, True), as_mask(rows["is_test_message"]).astype(np.int64)),
        _encode(rows["selected_timezone"]),
        _encode_issues(rows["clock_issues"]),
    )
    return Counter(dict(_count(dimensions)))


def _count_minutes(rows: pa.Table, days: Dimension, landed: Mapping[str, int]) -> Counter[tuple[object, ...]]:
    """Count rows by day and minutes; a device whose clock is ahead is not late, tests are not looked at."""
    loads, codes = _encode(rows["load_id"])
    landed_ms = np.array([landed.get(str(load), _UNKNOWN) for load in loads], dtype=np.int64)[codes]
    event_ms = rows["event_time"].cast(pa.int64()).to_numpy() // 1000
    known = (landed_ms != _UNKNOWN) & ~as_mask(rows["is_test_message"])
    minutes = np.maximum(-((event_ms[known] - landed_ms[known]) // _MINUTE_MS), 0)
    most = int(minutes.max(initial=0))
    values, places = days
    return Counter(dict(_count(((values, places[known]), (range(most + 1), minutes)))))


def _count(dimensions: Sequence[Dimension]) -> Iterator[tuple[tuple[object, ...], int]]:
    """Count rows by their values in some dimensions."""
    keys = np.zeros(len(dimensions[0][1]), dtype=np.int64)
    for values, places in dimensions:
        keys = keys * len(values) + places
    for key, count in zip(*_count_keys(keys, prod(len(values) for values, _ in dimensions)), strict=True):
        rest, told = key, []
        for values, _ in reversed(dimensions):
            rest, place = divmod(rest, len(values))
            told.append(values[place])
        yield tuple(reversed(told)), count


def _count_keys(keys: Ints, size: int) -> tuple[list[int], list[int]]:
    """Count keys from 0 to below a size: in a table where that is no larger than what is counted."""
    if size > len(keys):
        found, counts = np.unique(keys, return_counts=True)
        return found.tolist(), counts.tolist()
    table = np.bincount(keys, minlength=size)
    found = np.flatnonzero(table)
    return found.tolist(), table[found].tolist()


def _encode_issues(column: pa.ChunkedArray) -> Dimension:
    """Give clock issues, joined by commas; hardly any row has one."""
    has_any = pc.is_valid(column).to_numpy()
    values, places = _encode(pc.binary_join(column.filter(pa.array(has_any)), ","))
    every = np.full(len(has_any), len(values) - 1, dtype=np.int64)
    every[has_any] = places
    return values, every


def _encode(column: pa.ChunkedArray) -> Dimension:
    """Give a column of texts as values, None the last of them, and places."""
    is_encoded = pa.types.is_dictionary(column.type)
    encoded = (column if is_encoded else column.dictionary_encode()).unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # of no chunk at all
        return (None,), np.zeros(0, dtype=np.int64)
    values, indices = encoded.dictionary.to_pylist(), encoded.indices
    if indices.null_count:
        indices = indices.fill_null(len(values))
    return (*values, None), indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _read_days(rows: pa.Table, day: date) -> Dimension:
    """Give each row's day in its app's zone, the UTC day where that is not known."""
    local = rows["event_date_local"].cast(pa.int32()).fill_null((day - _EPOCH).days).to_numpy()
    first, last = int(local.min(initial=10**9)), int(local.max(initial=0))
    values = [_EPOCH + timedelta(days=number) for number in range(first, last + 1)]
    return values or (day,), local.astype(np.int64) - first


def _take_sales(rows: pa.Table, day: date) -> pa.Table:
    """Take the rows with an amount, as their day, currency and amounts."""
    is_paid = pc.or_(pc.is_valid(rows["event_revenue"]), pc.is_valid(rows["event_revenue_usd"]))
    paid = rows.select([*TOLD]).filter(pc.and_(is_paid, pc.invert(rows["is_test_message"].fill_null(False))))
    sold = paid.filter(pa.array(mark_sales(paid)))
    amount = pc.coalesce(sold["event_revenue_usd"], sold["event_revenue"])
    columns = {
        "day": sold["event_date_local"].fill_null(day),
        "currency": sold["event_revenue_currency"].cast(pa.string()),
        "is_refund": pc.less(amount, pa.scalar(Decimal(0), amount.type)),
        "revenue": sold["event_revenue"],
        "usd": sold["event_revenue_usd"],
    }
    return pa.Table.from_arrays(list(columns.values()), list(columns))


def _sum_sales(app_id: str, sold: pa.Table) -> pa.Table:
    no_usd = pc.CountOptions(mode="only_null")
    sums = sold.group_by(["day", "currency", "is_refund"]).aggregate(
        [([], "count_all"), ("usd", "count", no_usd), ("revenue", "sum"), ("usd", "sum")]
    )
    columns = {
        "app_id": pa.repeat(app_id, sums.num_rows),
        **{name: sums[name] for name in ("day", "currency", "is_refund")},
        "sales": sums["count_all"],
        "without_usd": sums["usd_count"],
        "revenue": sums["revenue_sum"],
        "usd": sums["usd_sum"],
    }
    return pa.Table.from_arrays(
        [column.cast(SALES.field(name).type) for name, column in columns.items()], schema=SALES
    )


def _tabulate(schema: pa.Schema, counts: Sequence[tuple[tuple[Any, ...], int]]) -> pa.Table:
    columns = list(zip(*((*key, count) for key, count in counts), strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
