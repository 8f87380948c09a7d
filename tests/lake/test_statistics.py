import json
from datetime import UTC, date, datetime

import pyarrow as pa

from etl.lake.statistics import find_ranges, write_statistics

COLUMNS = ("at", "day", "name")


def make_rows(*rows: tuple[datetime | None, date | None, str | None]) -> pa.Table:
    """Make a table of an instant, a day and a name of low cardinality."""
    schema = pa.schema([("at", pa.timestamp("us", "UTC")), ("day", pa.date32()), ("name", pa.string())])
    table = pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows], schema)
    return table.set_column(2, "name", table["name"].dictionary_encode())


FIRST = make_rows((datetime(2026, 9, 1, 12, 0, 0, 1000, UTC), date(2026, 9, 1), "b"), (None, None, None))
SECOND = make_rows((datetime(2026, 9, 2, tzinfo=UTC), None, "a"))


def test_ranges_of_row_groups_are_joined() -> None:
    """Ranges and nulls are those of all row groups, spelled as the Delta protocol has them."""
    written = json.loads(write_statistics(3, [find_ranges(FIRST, COLUMNS), find_ranges(SECOND, COLUMNS)]))

    assert written == {
        "numRecords": 3,
        "minValues": {"at": "2026-09-01T12:00:00.001000Z", "name": "a"},
        "maxValues": {"at": "2026-09-02T00:00:00.000000Z", "name": "b"},
        "nullCount": {"at": 1, "name": 1},
    }


def test_a_column_without_values_in_some_row_group_is_left_out() -> None:
    """Readers pass over a file by what is told, so nothing is told that does not hold for all of it."""
    assert "day" in json.loads(write_statistics(2, [find_ranges(FIRST, COLUMNS)]))["minValues"]
    assert "day" not in json.loads(write_statistics(1, [find_ranges(SECOND, COLUMNS)]))["minValues"]


def test_an_empty_file_has_a_count_alone() -> None:
    """No row group, no range."""
    empty: dict[str, dict[str, int]] = {"minValues": {}, "maxValues": {}, "nullCount": {}}

    assert json.loads(write_statistics(0, [])) == {"numRecords": 0} | empty
