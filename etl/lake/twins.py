"""Find published rows that a new row may be the twin of, or is: one lacks milliseconds, else they agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from etl.appsflyer.identity import PERSON_FIELDS, SecondKeys, compute_second_keys
from etl.appsflyer.pull.headers import PULL
from etl.appsflyer.topics import Topic, topic_family
from etl.appsflyer.unify import as_text
from etl.lake.history import FindRows, live_files, read_columns
from etl.lake.settle import LakeTwins, Partition
from etl.stores import Store

_CLOCK_COLUMNS = ("event_time", "clock_issues")
_DEED_COLUMNS = (
    *(*PERSON_FIELDS, "topic", "event_name", "event_value", "event_id"),
    *("media_source", "api_version", *_CLOCK_COLUMNS),
)


def read_twin_keys(
    lake: Store,
    table: DeltaTable | None,
    partitions: Sequence[Partition],
    rows: pa.Table,
    goes: FindRows | None = None,
) -> LakeTwins:
    """Read the second keys of the lake's rows of second precision, and of those that such a new row meets.

    Rows that `goes` marks (given `event_id`) are left out: they give way to this run's, and nothing is its
    own twin.
    """
    coarse = rows.filter(rows["is_second_precision"]).select(["event_second", "second_key"])
    files = live_files(table)
    found = [
        _read_file_keys(lake, f"events/{path}", partition[0], coarse, goes)
        for partition in partitions
        for path in files.get(partition, [])
    ]
    empty = LakeTwins()
    return LakeTwins(
        np.concatenate([empty.keys, *(each.keys for each in found)]),
        np.concatenate([empty.filled, *(each.filled for each in found)]),
    )


def _read_file_keys(lake: Store, key: str, app_id: str, coarse: pa.Table, goes: FindRows | None) -> LakeTwins:
    seconds = coarse["event_second"].unique()
    wanted = [_is_wanted(batch, seconds) for batch in read_columns(lake, key, _CLOCK_COLUMNS)]
    if not any(mask.any() for mask in wanted):
        return LakeTwins()
    batches = zip(read_columns(lake, key, _DEED_COLUMNS), wanted, strict=True)
    deeds = pa.Table.from_batches([_choose_deeds(batch, mask, goes) for batch, mask in batches])
    second = _compute_keys(deeds, app_id)
    is_coarse = _is_coarse(deeds["clock_issues"].combine_chunks()).to_numpy(zero_copy_only=False)
    is_met = np.isin(second.keys, coarse["second_key"].to_numpy())
    is_filled = pc.equal(as_text(deeds["api_version"].combine_chunks()), PULL).to_numpy(zero_copy_only=False)
    words = np.stack([second.keys, second.untimed], axis=1)
    return LakeTwins(
        second.keys[second.is_named & (is_coarse | is_met)],
        words[second.is_named & is_coarse & (is_filled == True)],  # noqa: E712 - null is not true
    )


def _is_wanted(clocks: pa.RecordBatch, seconds: pa.Array) -> npt.NDArray[np.bool_]:
    is_met: npt.NDArray[np.bool_] = np.isin(
        _seconds_of(clocks["event_time"]), seconds.to_numpy(zero_copy_only=False)
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


def _compute_keys(deeds: pa.Table, app_id: str) -> SecondKeys:
    fields = {name: deeds[name].combine_chunks() for name in deeds.column_names}
    fields["app_id"] = pa.array([app_id] * deeds.num_rows, pa.string())
    family = pa.array([topic_family(Topic(topic)) for topic in deeds["topic"].to_pylist()], pa.string())
    return compute_second_keys(fields, family, _seconds_of(deeds["event_time"]))
