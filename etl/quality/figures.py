"""The figures of one app's batch: counts and shares over exactly the rows that would be published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.topics import Topic
from etl.lake.families import choose_schema
from etl.lake.tables import EVENTS, LOADS, file_schema
from etl.quality.offered import LEAST_COUNT, MANDATORY, UNACCOUNTED
from etl.quality.robust import low_share
from etl.quality.time_rules import FIRST_EVENT_AT

Days = npt.NDArray[np.int64]

# What figures are made from, whatever the suites name.
FIGURE_COLUMNS: Final = (
    *MANDATORY,
    "quality_flags",
    "clock_issues",
    "is_test_message",
    "api_version",
    "install_time",
    "event_revenue",
    "event_revenue_currency",
    "event_revenue_usd",
)
# Those whose fields `etl.appsflyer` knows how to read.
_API_VERSIONS: Final = ("1.0", "2.0", "pull")
# How people are named has a figure of its own.
_WEAK: Final = ("weak_identity",)
# The vendor's first version tells seconds only; that is no doubt about the clock.
_BENIGN: Final = ("milliseconds_recovered", "second_precision")
_MICROS_A_DAY: Final = 86_400_000_000
_MICROS_AN_HOUR: Final = 3_600_000_000


def count_figures(rows: pa.Table, days: Days, counts: Mapping[str, int]) -> dict[str, float]:
    """Count the figures of a batch; `days` is the day of each row's partition, since 1970.

    `counts` are `published`, `duplicates`, `quarantined` and `wrong_columns` of the batch.
    """
    messages = counts["published"] + counts["duplicates"] + counts["quarantined"]
    names = len(rows["event_name"].unify_dictionaries().unique().drop_null())
    revenue = rows["event_revenue"]
    paid = rows.num_rows - revenue.null_count
    return {
        "rows": rows.num_rows,
        **counts,
        "messages": messages,
        "mandatory_nulls": sum(rows[name].null_count for name in MANDATORY),
        "unknown_topics": _count_others(rows["topic"], Topic),
        **_count_times(rows, days),
        **_count_versions(rows["api_version"]),
        **_count_installs(rows["event_time"], rows["install_time"]),
        "event_names": names,
        "event_names_share": names / max(1, rows.num_rows),
        "revenue_usd": float(pc.sum(rows["event_revenue_usd"]).as_py() or 0),
        **_share("quarantined", counts["quarantined"], messages),
        **_share("duplicate", counts["duplicates"], messages),
        **_share("flagged", _count_beside(rows["quality_flags"], _WEAK), rows.num_rows),
        **_share("weak_identity", _count_item(rows["quality_flags"], "weak_identity"), rows.num_rows),
        **_share("doubtful_clock", _count_beside(rows["clock_issues"], _BENIGN), rows.num_rows),
        **_share("test_message", pc.sum(rows["is_test_message"]).as_py() or 0, rows.num_rows),
        **_share("revenue_without_currency", _count_bare(revenue, rows["event_revenue_currency"]), paid),
        **_share("negative_revenue", _count_negative(revenue), paid),
    }


def count_wrong_columns(path: str, schema: pa.Schema) -> int:
    """Count the columns of a file that are missing, unknown or of another type than the table's.

    Those that its name says are left out must be.
    """
    wanted = {field.name: field.type for field in choose_schema(path, file_schema(EVENTS))}
    found = {field.name: field.type for field in schema}
    return sum(_plain(found.get(name)) != _plain(wanted.get(name)) for name in wanted.keys() | found.keys())


def add_balance(loads: pa.Table) -> pa.Table:
    """Add to rows of `loads` how many messages nothing accounts for, and the least of the counts."""
    ends = [loads[name] for name in LOADS.schema.names if name in _ENDS]
    total = ends[0]
    for each in ends[1:]:
        total = pc.add(total, each)
    least = pc.min_element_wise(loads["messages"], *ends)
    return loads.append_column(UNACCOUNTED, pc.subtract(loads["messages"], total)).append_column(
        LEAST_COUNT, least
    )


_ENDS: Final = frozenset({"published", "duplicates", "quarantined", "suppressed", "held"})


def _share(name: str, count: int, total: int) -> dict[str, float]:
    return {f"{name}_share": count / max(1, total), f"{name}_share_low": low_share(count, total)}


def _count_times(rows: pa.Table, days: Days) -> dict[str, float]:
    times = rows["event_time"].cast(pa.int64()).fill_null(FIRST_EVENT_AT).to_numpy()
    loaded = rows["loaded_at"].cast(pa.int64()).fill_null(0).to_numpy()
    outside = times // _MICROS_A_DAY != days
    return {
        "rows_outside_partition": int(np.count_nonzero(outside)),
        "rows_before_2011": int(np.count_nonzero(times < FIRST_EVENT_AT)),
        "hours_ahead": float((times - loaded).max() / _MICROS_AN_HOUR) if len(times) else 0.0,
        **_share("after_loading", int(np.count_nonzero(times > loaded)), len(times)),
    }


def _count_versions(versions: pa.ChunkedArray) -> dict[str, float]:
    told = len(versions) - versions.null_count
    return {
        "rows_with_api_version": told,
        "unknown_api_version_share": _count_others(versions, _API_VERSIONS) / max(1, told),
    }


def _count_installs(events: pa.ChunkedArray, installs: pa.ChunkedArray) -> dict[str, float]:
    is_early = pc.less(events, installs)
    told = len(is_early) - is_early.null_count
    return {
        "rows_with_install_time": told,
        "event_before_install_share": (pc.sum(is_early).as_py() or 0) / max(1, told),
    }


def _count_others(texts: pa.ChunkedArray, known: Iterable[str]) -> int:
    """Count the texts that are none of the known; null is no text."""
    expected = set(known)
    found = texts.unify_dictionaries().value_counts().to_pylist()
    return sum(each["counts"] for each in found if each["values"] not in {None, *expected})


def _count_item(lists: pa.ChunkedArray, item: str) -> int:
    return pc.sum(pc.equal(pc.list_flatten(lists), item)).as_py() or 0


def _count_beside(lists: pa.ChunkedArray, benign: Collection[str]) -> int:
    """Count the rows that list a code beside the benign ones."""
    rows = 0
    for chunk in lists.chunks:
        items, parents = pc.list_flatten(chunk), pc.list_parent_indices(chunk)
        rows += len(pc.unique(parents.filter(pc.invert(_mark_benign(items, benign)))))
    return rows


def _mark_benign(items: pa.Array, benign: Collection[str]) -> pa.Array:
    """Mark the benign codes, of whichever field: its name follows a colon."""
    if not len(items):
        return pa.array([], pa.bool_())
    encoded = items.dictionary_encode()
    marks = [name.partition(":")[0] in benign for name in encoded.dictionary.to_pylist()]
    return pa.array(marks, pa.bool_()).take(encoded.indices)


def _count_bare(revenue: pa.ChunkedArray, currency: pa.ChunkedArray) -> int:
    return pc.sum(pc.and_(pc.is_valid(revenue), pc.is_null(currency))).as_py() or 0


def _count_negative(revenue: pa.ChunkedArray) -> int:
    return pc.sum(pc.less(revenue.cast(pa.float64()), 0.0)).as_py() or 0


def _plain(type_: pa.DataType | None) -> str:
    """Spell a type without what writers differ in: dictionaries, names of list items."""
    if type_ is None:
        return ""
    if pa.types.is_dictionary(type_):
        return str(type_.value_type)
    if pa.types.is_list(type_):
        return f"list<{type_.value_type}>"
    if pa.types.is_map(type_):
        return f"map<{type_.key_type}, {type_.item_type}>"
    return str(type_)


def needed_columns(named: Collection[str]) -> list[str]:
    """Give the columns to read from the files: those of the figures and those that a suite names."""
    wanted = {*named, *FIGURE_COLUMNS} - set(EVENTS.partition_by)
    return [name for name in file_schema(EVENTS).names if name in wanted]
