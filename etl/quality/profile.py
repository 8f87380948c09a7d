"""What a run saw of an app, as counts: which fields are filled, in which shape, in which zone, how late.

A profile holds names and counts, never a value of a row. It is made where rows are encoded, so it must cost
next to nothing: null counts are known to Arrow, and shapes are told from a few rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.fields import FIELDS, Kind
from etl.lake.tables import EVENTS, PROFILES, file_schema
from etl.quality.prefixes import OTHER, is_tellable
from etl.quality.value_shapes import count_shapes

ROWS, FIELD, SHAPE, ISSUE, ZONE, CLOCK, LAG = "rows", "field", "shape", "issue", "zone", "clock", "lag"
# The app is the partition's name.
_VENDOR: Final = tuple(each.name for each in FIELDS if each.name in file_schema(EVENTS).names)
_TEXTS: Final = frozenset(each.name for each in FIELDS if each.kind is Kind.TEXT)
_UNPARSABLE: Final = "unparsable"
# An app has an endpoint or a few; more folders than that are no endpoints.
_MOST_PREFIXES: Final = 12
_MOST_NAMES: Final = 40
# Of a row group of 131,072 rows; a tenth of the time that encoding takes is nulls, the rest are shapes.
_SAMPLES: Final = 3
_SAMPLE_ROWS: Final = 30
_LEAST_SAMPLE: Final = 3
_ROWS_A_SAMPLE: Final = 1_000
_MICROS_A_MINUTE: Final = 60_000_000
# The freshest rows tell how late an event is known; those of a backlog do not.
_FRESHEST: Final = 0.05


class Figure(NamedTuple):
    """What was counted: of an app and landed prefix, a kind of figure, its name and value."""

    app_id: str
    prefix: str
    kind: str
    name: str
    value: str


Counts = tuple[int, int]
"""Rows that were looked at, and those that have it (of a lag: minutes)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts by figure; profiles add up."""

    counts: Mapping[Figure, Counts] = field(default_factory=dict)

    def of_app(self, app_id: str) -> dict[Figure, Counts]:
        """Give the counts of one app."""
        return {figure: counts for figure, counts in self.counts.items() if figure.app_id == app_id}


def profile_rows(table: pa.Table, app_id: str, prefix_of: Mapping[str, str]) -> Profile:
    """Profile rows of `events` as they are written; `prefix_of` gives the landed prefix of a source."""
    counts: dict[Figure, Counts] = {}
    for prefix, rows in _split(table, prefix_of):
        for (kind, name, value), figures in _count(rows):
            counts[Figure(app_id, prefix, kind, name, value)] = figures
    return Profile(counts)


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """Add profiles up; of lags the least counts."""
    total: dict[Figure, Counts] = {}
    for profile in profiles:
        for figure, (rows, present) in profile.counts.items():
            if figure not in total:
                total[figure] = (rows, present)
                continue
            before = total[figure]
            joined = min(before[1], present) if figure.kind == LAG else before[1] + present
            total[figure] = (before[0] + rows, joined)
    return Profile(total)


def profiles_table(profile: Profile, run_id: str, at: datetime) -> pa.Table:
    """Make the rows of `profiles`."""
    figures = list(profile.counts)
    columns = {
        "run_id": pa.repeat(run_id, len(figures)),
        "profiled_at": pa.repeat(pa.scalar(at, pa.timestamp("us", "UTC")), len(figures)),
        **{name: [getattr(figure, name) for figure in figures] for name in Figure._fields},
        "rows": [profile.counts[figure][0] for figure in figures],
        "present": [profile.counts[figure][1] for figure in figures],
    }
    return pa.table(columns, schema=PROFILES.schema)


def _encode(column: pa.ChunkedArray) -> pa.DictionaryArray:
    is_encoded = pa.types.is_dictionary(column.type)
    return (column if is_encoded else column.dictionary_encode()).unify_dictionaries().combine_chunks()


def _split(table: pa.Table, prefix_of: Mapping[str, str]) -> Iterator[tuple[str, pa.Table]]:
    """Give the rows of each landed prefix; the table itself where there is one."""
    sources = _encode(table["source_uri"])
    named = [prefix_of.get(uri, "") for uri in sources.dictionary.to_pylist()]
    kept = [name for name, _ in Counter(named).most_common(_MOST_PREFIXES)]
    named = [name if name in kept else OTHER for name in named]
    codes = sources.indices.to_numpy()
    distinct = sorted({named[code] for code in np.unique(codes).tolist()})
    for prefix in distinct:
        if len(distinct) == 1:
            yield prefix, table
        else:
            mine = np.asarray([name == prefix for name in named])[codes]
            yield prefix, table.filter(pa.array(mine))


def _count(rows: pa.Table) -> Iterator[tuple[tuple[str, str, str], Counts]]:
    total = rows.num_rows
    # Looking a column up by its name takes as long as counting its nulls, a hundred times.
    columns = dict(zip(rows.column_names, rows.columns, strict=True))
    yield (ROWS, "", ""), (total, total)
    filled = {name: columns[name] for name in _VENDOR if columns[name].null_count < total}
    for name, column in filled.items():
        yield (FIELD, name, ""), (total, total - column.null_count)
    yield from _count_extra(columns["extra"], total)
    yield from _count_shapes({name: column for name, column in filled.items() if name in _TEXTS}, total)
    yield from _count_issues(rows, total)
    yield from _count_zones(rows)


def _count_extra(extra: pa.ChunkedArray, total: int) -> Iterator[tuple[tuple[str, str, str], Counts]]:
    """Count the fields that are not known yet."""
    if extra.null_count == total:
        return
    names = pa.chunked_array([_keys(chunk) for chunk in extra.chunks], pa.string())
    found = Counter({each["values"]: each["counts"] for each in names.value_counts().to_pylist()})
    for name, present in found.most_common(_MOST_NAMES):
        if is_tellable(name):
            yield (FIELD, f"extra:{name}", ""), (total, present)


def _keys(chunk: pa.MapArray) -> pa.Array:
    offsets = chunk.offsets
    return chunk.keys.slice(offsets[0].as_py(), offsets[-1].as_py() - offsets[0].as_py())


def _count_shapes(
    columns: Mapping[str, pa.ChunkedArray], total: int
) -> Iterator[tuple[tuple[str, str, str], Counts]]:
    size = max(_LEAST_SAMPLE, min(_SAMPLE_ROWS, total // _ROWS_A_SAMPLE)) // _SAMPLES
    starts = sorted({min(place * total // _SAMPLES, total - 1) for place in range(_SAMPLES)})
    # Slices share memory; rows picked one by one would be copied, column by column.
    whole = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    sample = pa.concat_tables([whole.slice(start, size) for start in starts])
    for name, column in zip(columns, sample.columns, strict=True):
        shapes = count_shapes(column.cast(pa.string()).to_pylist())
        for shape, present in shapes.items():
            yield (SHAPE, name, shape), (shapes.total(), present)


def _count_issues(rows: pa.Table, total: int) -> Iterator[tuple[tuple[str, str, str], Counts]]:
    """Count the texts that could not be typed, by field."""
    for column in ("quality_flags", "clock_issues"):
        if rows[column].null_count < total:
            for code, present in _count_codes(rows[column]).items():
                if code.startswith(_UNPARSABLE):
                    yield (ISSUE, code, ""), (total, present)


def _count_codes(lists: pa.ChunkedArray) -> dict[str, int]:
    found = pc.list_flatten(lists).value_counts().to_pylist()
    return {each["values"]: each["counts"] for each in found}


def _count_zones(rows: pa.Table) -> Iterator[tuple[tuple[str, str, str], Counts]]:
    zones = rows["selected_timezone"]
    if zones.null_count == rows.num_rows:
        return
    encoded = _encode(zones)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    lags = _lags(rows)
    issues = rows["clock_issues"]
    for code in np.unique(codes[codes >= 0]).tolist()[:_MOST_PREFIXES]:
        name = encoded.dictionary[code].as_py()
        zone = name if is_tellable(name) else OTHER
        mine = codes == code
        size = int(np.count_nonzero(mine))
        yield (ZONE, zone, ""), (size, size)
        yield (LAG, zone, _offset(rows, mine)), (size, int(np.quantile(lags[mine], _FRESHEST)))
        if issues.null_count < rows.num_rows:
            for issue, present in _count_codes(issues.filter(pa.array(mine))).items():
                yield (CLOCK, issue, zone), (size, present)


def _lags(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Give the minutes from each event to its loading."""
    times, loaded = (
        rows[name].cast(pa.int64()).fill_null(0).to_numpy() for name in ("event_time", "loaded_at")
    )
    lags: npt.NDArray[np.int64] = (loaded - times) // _MICROS_A_MINUTE
    return lags


def _offset(rows: pa.Table, mine: npt.NDArray[np.bool_]) -> str:
    """Give the zone's offset from UTC in minutes, of the first row that knows it."""
    offsets = rows["event_utc_offset_minutes"].filter(pa.array(mine)).drop_null()
    return str(offsets[0].as_py()) if len(offsets) else ""
