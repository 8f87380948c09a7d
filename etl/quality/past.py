"""Read from `profiles` what runs saw before: sums of the weeks, usual ranges, and what the latest run saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.lake.tables import PROFILES, find_table
from etl.quality.profile import Figure
from etl.stores import Store
from etl.stores.translating import explain_errors

_QUERY: Final = """
with runs as (
  select app_id, prefix, profiled_at, sum(rows) as total from seen where kind = 'rows' group by all
), figures as (
  select app_id, prefix, kind, name, value, profiled_at, sum(rows) as rows,
         if(any_value(kind) = 'lag', min(present), sum(present)) as present
  from seen where kind <> 'rows' group by all
), sums as (
  select app_id, prefix, kind, name, value, sum(rows) as rows, sum(present) as present,
         min(profiled_at) as first_seen, max(profiled_at) as last_seen,
         quantile_cont(present, 0.5) as usual, arg_max(present, profiled_at) as latest_present,
         arg_max(rows, profiled_at) as latest_rows
  from figures group by all
), shares as (
  select s.app_id, s.prefix, s.name, coalesce(f.present, 0) / r.total as share, r.total,
         r.profiled_at
  from sums s join runs r using (app_id, prefix)
  left join figures f using (app_id, prefix, kind, name, value, profiled_at)
  where s.kind = 'field' and r.total >= $least
), ranges as (
  select app_id, prefix, name, quantile_cont(share, [0.05, 0.95]) as range,
         arg_max(share, profiled_at, 8) as latest_shares, arg_max(total, profiled_at, 8) as latest_totals
  from shares group by all
)
select sums.*, range[1] as low, range[2] as high, latest_shares, latest_totals
from sums left join ranges on kind = 'field' and (sums.app_id, sums.prefix, sums.name)
  = (ranges.app_id, ranges.prefix, ranges.name)
"""
_RUNS: Final = """
select app_id, prefix, profiled_at, sum(rows) as rows from seen where kind = 'rows' group by all
order by profiled_at
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the past says of a figure.

    `rows` and `present` are sums. `low` and `high` are the 5 and 95 % quantiles of the share in runs with
    enough rows, `latest` the shares and the rows of the latest eight of them; None and empty where none had,
    or where it is no field. `usual` is the median of what was present; `latest_present` and
    `latest_rows` are of the latest run that had it.
    """

    rows: int
    present: int
    first_seen: datetime
    last_seen: datetime
    low: float | None
    high: float | None
    latest: tuple[tuple[float, int], ...]
    usual: float
    latest_present: int
    latest_rows: int


@dataclass(frozen=True, slots=True)
class Past:
    """What was seen before: figures, and when how many rows of an app and prefix came."""

    figures: Mapping[Figure, Seen] = field(default_factory=dict)
    runs: Mapping[tuple[str, str], Sequence[tuple[datetime, int]]] = field(default_factory=dict)

    def rows(self, app_id: str, prefix: str, after: datetime | None = None) -> int:
        """Count the rows of an app and prefix, all of them or those after an instant."""
        runs = self.runs.get((app_id, prefix), ())
        return sum(rows for at, rows in runs if after is None or at > after)

    def latest(self, app_id: str) -> datetime | None:
        """Tell when a run saw the app last."""
        return max(
            (runs[-1][0] for (app, _), runs in self.runs.items() if app == app_id and runs), default=None
        )


def read_past(lake: Store, since: datetime, least_rows: int) -> Past:
    """Read what runs since an instant saw; a run of fewer than `least_rows` has no share of its own."""
    return sum_up(read_profiles(lake, since), least_rows)


def sum_up(seen: pa.Table, least_rows: int) -> Past:
    """Sum up rows of `profiles`."""
    if not seen.num_rows:
        return Past()
    connection = duckdb.connect(config={"memory_limit": "600MB"})
    connection.execute("set enable_progress_bar = false; set TimeZone = 'UTC'")
    connection.register("seen", _plain_times(seen))
    found = _rows(connection, _QUERY, {"least": least_rows})
    runs = defaultdict(list)
    for row in _rows(connection, _RUNS):
        runs[row["app_id"], row["prefix"]].append((_utc(row["profiled_at"]), int(row["rows"])))
    return Past({_figure(row): _seen(row) for row in found}, runs)


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    result: pa.Table = connection.sql(query, params=None if values is None else dict(values)).to_arrow_table()
    rows: list[dict[str, Any]] = result.to_pylist()
    return rows


def read_profiles(lake: Store, since: datetime) -> pa.Table:
    """Read the rows of `profiles` since an instant, from the files that can hold one."""
    delta = find_table(lake, PROFILES)
    if delta is None:
        return PROFILES.schema.empty_table()
    actions = pa.table(delta.get_add_actions(flatten=True))
    if "max.profiled_at" in actions.column_names:
        actions = actions.filter(
            pc.fill_null(pc.greater_equal(actions["max.profiled_at"], since), fill_value=True)
        )
    tables = [_read(lake, f"{PROFILES.name}/{unquote(path)}") for path in actions["path"].to_pylist()]
    seen = pa.concat_tables([PROFILES.schema.empty_table(), *tables])
    return seen.filter(pc.greater_equal(seen["profiled_at"], since))


def _read(lake: Store, key: str) -> pa.Table:
    with explain_errors(lake, key), lake.fs.open(lake.path_of(key), "rb") as source:
        return pq.ParquetFile(source).read(columns=PROFILES.schema.names).cast(PROFILES.schema)


def _plain_times(seen: pa.Table) -> pa.Table:
    """Drop the zone, for which DuckDB would need a package; all is UTC."""
    place = seen.schema.get_field_index("profiled_at")
    return seen.set_column(place, "profiled_at", seen["profiled_at"].cast(pa.timestamp("us")))


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)


def _figure(row: Mapping[str, str]) -> Figure:
    return Figure(*(row[name] for name in Figure._fields))


def _seen(row: Mapping[str, Any]) -> Seen:
    return Seen(
        rows=int(row["rows"]),
        present=int(row["present"]),
        first_seen=_utc(row["first_seen"]),
        last_seen=_utc(row["last_seen"]),
        low=row["low"],
        high=row["high"],
        latest=tuple(zip(row["latest_shares"] or (), map(int, row["latest_totals"] or ()), strict=True)),
        usual=float(row["usual"]),
        latest_present=int(row["latest_present"]),
        latest_rows=int(row["latest_rows"]),
    )
