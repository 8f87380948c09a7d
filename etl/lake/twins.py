"""Find published rows that a new row may be the twin of: one of the two has no milliseconds, all else agrees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.appsflyer.identity import PERSON_FIELDS, compute_second_keys
from etl.appsflyer.topics import Topic, topic_family
from etl.lake.history import FindRows, live_files, read_columns
from etl.lake.settle import Partition
from etl.stores import Store

_CLOCK_COLUMNS = ("event_time", "clock_issues")
_DEED_COLUMNS = (*PERSON_FIELDS, "topic", "event_name", "event_value", "event_id")


def read_twin_keys(
    lake: Store,
    table: DeltaTable | None,
    partitions: Sequence[Partition],
    rows: pa.Table,
    goes: FindRows | None = None,
) -> npt.NDArray[np.uint64]:
    """Read the second keys of the lake's rows of second precision, and of those in a second where a new row is so.

    Rows that `goes` marks (given `event_id`) are left out: they give way to this run's, and nothing is its own twin.
    """
    coarse = rows.filter(rows["is_second_precision"])["event_second"].unique()
    files = live_files(table)
    found = [
        _read_file_keys(lake, f"events/{path}", partition[0], coarse, goes)
        for partition in partitions
        for path in files.get(partition, [])
    ]
    return np.concatenate([np.empty(0, np.uint64), *found])


def _read_file_keys(
    lake: Store, key: str, app_id: str, coarse: pa.Array, goes: FindRows | None
) -> npt.NDArray[np.uint64]:
    wanted = [_is_wanted(batch, coarse) for batch in read_columns(lake, key, _CLOCK_COLUMNS)]
    if not any(mask.any() for mask in wanted):
        return np.empty(0, np.uint64)
    columns = [*_DEED_COLUMNS, "event_time"]
    batches = zip(read_columns(lake, key, columns), wanted, strict=True)
    deeds = pa.Table.from_batches([_choose_deeds(batch, mask, goes) for batch, mask in batches])
    return _compute_keys(deeds.drop_columns("event_time"), app_id, _seconds_of(deeds["event_time"]))


def _is_wanted(clocks: pa.RecordBatch, coarse: pa.Array) -> npt.NDArray[np.bool_]:
    is_met: npt.NDArray[np.bool_] = np.isin(
        _seconds_of(clocks["event_time"]), coarse.to_numpy(zero_copy_only=False)
    )
    is_coarse: npt.NDArray[np.bool_] = _is_coarse(clocks["clock_issues"]).to_numpy(zero_copy_only=False)
    return is_met | is_coarse


def _choose_deeds(
    batch: pa.RecordBatch, mask: npt.NDArray[np.bool_], goes: FindRows | None
) -> pa.RecordBatch:
    chosen = batch.filter(pa.array(mask))
    return chosen if goes is None else chosen.filter(pa.array(~goes(chosen)))


def _seconds_of(instants: pa.Array) -> npt.NDArray[np.int64]:
    seconds: npt.NDArray[np.int64] = instants.cast(pa.int64()).to_numpy() // 1_000_000
    return seconds


def _is_coarse(issues: pa.Array) -> pa.Array:
    joined = pc.binary_join(issues, "\n")
    return pc.fill_null(pc.match_substring_regex(joined, r"(?m)^second_precision$"), False)


def _compute_keys(deeds: pa.Table, app_id: str, seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    fields = {name: deeds[name].combine_chunks() for name in deeds.column_names}
    fields["app_id"] = pa.array([app_id] * deeds.num_rows, pa.string())
    family = pa.array([topic_family(Topic(topic)) for topic in deeds["topic"].to_pylist()], pa.string())
    keys, named = compute_second_keys(fields, family, seconds)
    return keys[named]
