"""Rows of times for the tests of clocks, and what was made of them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import pyarrow as pa

from etl.appsflyer.clocks import Clocks, read_clocks

Row = Mapping[str, str | None]

LOCAL = "event_time_selected_timezone"
ZONE = "selected_timezone"


def read_rows(*rows: Row) -> Clocks:
    """Settle the clocks of rows, each given by the fields it has."""
    fields = sorted({field for row in rows for field in row})
    columns = {field: pa.array([row.get(field) for row in rows], pa.string()) for field in fields}
    return read_clocks(columns, len(rows))


def describe(
    clocks: Clocks, row: int = 0, field: str = "event_time"
) -> tuple[str | None, int | None, list[str]]:
    """Tell a row's instant (ISO, UTC), its offset in minutes and its issues."""
    at = clocks.instants[field][row].as_py()
    offset = clocks.offsets[f"{field.removesuffix('_time')}_utc_offset_minutes"][row].as_py()
    issues = clocks.clock_issues[row].as_py()
    assert issues != []
    return at and at.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds"), offset, issues or []


@cache
def load_zone(name: str) -> ZoneInfo:
    """Load the zone that the package `tzdata` has: the machine's own may be older."""
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)
