"""Times of a zone become UTC; what the zone shows twice, or never, is no instant."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from etl.appsflyer.pull.local_times import find_doubled_hours, to_utc


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/Berlin", "2026-09-01 14:00:00", "2026-09-01 12:00:00"),
        ("Europe/Berlin", "2026-12-01 14:00:00.250", "2026-12-01 13:00:00.250"),
        ("Asia/Kathmandu", "2026-09-01 00:00:00", "2026-08-31 18:15:00"),
        ("Europe/Berlin", "no time", "no time"),
        ("Europe/Berlin", "2026-04-31 12:00:00", "2026-04-31 12:00:00"),
        ("Europe/Berlin", None, None),
    ],
)
def test_a_time_of_a_zone_is_told_in_utc(zone: str, local: str | None, utc: str | None) -> None:
    """With as many digits as it came with; what is no time stays as it is."""
    assert to_utc(pa.array([local], pa.string()), zone).to_pylist() == [utc]


@pytest.mark.parametrize("local", ["2026-10-25 02:30:00", "2026-03-29 02:30:00"])
def test_a_time_that_is_twice_or_never_is_no_instant(local: str) -> None:
    """Clocks in Berlin go from 03:00 to 02:00 on 25 October 2026, and from 02:00 to 03:00 on 29 March."""
    (found,) = to_utc(pa.array([local]), "Europe/Berlin").to_pylist()
    assert found == f"{local} twice or never in Europe/Berlin"


def test_the_hours_of_a_doubled_hour_are_known() -> None:
    """02:00 to 03:00 in Berlin is 00:00 to 02:00 UTC on 25 October 2026."""
    day = datetime(2026, 10, 25, tzinfo=UTC)
    found = find_doubled_hours(day, day.replace(hour=12), "Europe/Berlin")
    assert [each.hour for each in found] == [0, 1]
