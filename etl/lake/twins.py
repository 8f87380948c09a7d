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
from etl.lake.history import live_files, read_columns
from etl.lake.settle import Partition
from etl.stores import Store

_CLOCK_COLUMNS = ("event_time", "clock_issues")
_DEED_COLUMNS = (*PERSON_FIELDS, "topic", "event_name", "event_value")


def read_twin_keys(
    lake: Store, table: DeltaTable | None, partitions: Sequence[Partition], rows: pa.Table
) -> npt.NDArray[np.uint64]:
    """Read the second keys of the lake's rows of second precision, and of those in a second where a new row is so."""
    coarse = rows.filter(rows["is_second_precision"])["event_second"].unique()
    files = live_files(table)
    found = [
        _read_file_keys(lake, f"events/{path}", partition[0], coarse)
        for partition in partitions
        for path in files.get(partition, [])
    ]
    return np.concatenate([np.empty(0, np.uint64), *found])


def _read_file_keys(lake: Store, key: str, app_id: str, coarse: pa.Array) -> npt.NDArray[np.uint64]:
    clocks = pa.Table.from_batches(list(read_columns(lake, key, _CLOCK_COLUMNS)))
    seconds = pc.divide(clocks["event_time"].cast(pa.int64()), 1_000_000)
    wanted = pc.or_(pc.is_in(seconds, value_set=coarse), _is_coarse(clocks["clock_issues"]))
    if not pc.any(wanted).as_py():
        return np.empty(0, np.uint64)
    deeds = pa.Table.from_batches(list(read_columns(lake, key, _DEED_COLUMNS))).filter(wanted)
    return _compute_keys(deeds, app_id, seconds.filter(wanted).to_numpy())


def _is_coarse(issues: pa.ChunkedArray) -> pa.Array:
    joined = pc.binary_join(issues.combine_chunks(), "\n")
    return pc.fill_null(pc.match_substring_regex(joined, r"(?m)^second_precision$"), False)


def _compute_keys(deeds: pa.Table, app_id: str, seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    fields = {name: deeds[name].combine_chunks() for name in deeds.column_names}
    fields["app_id"] = pa.array([app_id] * deeds.num_rows, pa.string())
    family = pa.array([topic_family(Topic(topic)) for topic in deeds["topic"].to_pylist()], pa.string())
    keys, named = compute_second_keys(fields, family, seconds)
    return keys[named]
