"""The lake's events of some apps and hours, narrow, without reading what lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

from etl.jobs.pulls.narrowing import READ
from etl.lake.history import live_files
from etl.lake.tables import EVENTS
from etl.stores import Store
from etl.stores.translating import explain_errors

_BATCH_ROWS: Final = 65_536
_TIME: Final = "event_time"


@dataclass(frozen=True, slots=True)
class Hours:
    """From one instant up to, and without, another; both at full hours, UTC."""

    first: datetime
    end: datetime

    def join(self, other: Hours) -> Hours:
        """Give the hours from the first to the last of both."""
        return Hours(min(self.first, other.first), max(self.end, other.end))


def read_lake(
    lake: Store, events: DeltaTable | None, apps: Sequence[str], hours: Hours
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Read the events of apps within hours: an app and its rows, some ten thousand at a time.

    Only files of these apps and days are opened, and only row groups that may hold one of the hours.
    """
    for (app_id, day), paths in sorted(live_files(events).items()):
        if app_id in apps and hours.first.date() <= date.fromisoformat(day) <= hours.end.date():
            for path in paths:
                yield from ((app_id, batch) for batch in _read_file(lake, f"{EVENTS.name}/{path}", hours))


def _read_file(lake: Store, key: str, hours: Hours) -> Iterator[pa.RecordBatch]:
    with explain_errors(lake, key), lake.fs.open(lake.path_of(key), "rb") as source:
        file = pq.ParquetFile(source)
        groups = [n for n in range(file.num_row_groups) if _may_hold(file.metadata.row_group(n), hours)]
        present = [name for name in READ if name in file.schema_arrow.names]
        for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=present):
            kind = batch.schema.field(_TIME).type
            first, end = (pa.scalar(each, kind) for each in (hours.first, hours.end))
            is_within = pc.and_(
                pc.greater_equal(batch[_TIME], first),
                pc.less(batch[_TIME], end),
            )
            kept = batch.filter(is_within)
            if kept.num_rows:
                yield kept


def _may_hold(group: pq.RowGroupMetaData, hours: Hours) -> bool:
    for place in range(group.num_columns):
        column = group.column(place)
        if column.path_in_schema == _TIME:
            found = column.statistics
            if found is None or not found.has_min_max:
                return True
            return bool(_as_utc(found.min) < hours.end and _as_utc(found.max) >= hours.first)
    return True


def _as_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
