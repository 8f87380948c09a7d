"""What the Delta log says of a file, for readers to pass over it: row count, ranges of a few columns.

Never of an identifier: a value in the log would outlive the person's erasure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

Value = str | date | datetime
Ranges = Mapping[str, tuple[Value, Value, int]]
"""Least and greatest value and count of nulls, by column; columns that are all null are left out."""


def find_ranges(table: pa.Table, columns: Sequence[str]) -> Ranges:
    """Find the ranges of some columns of a table."""
    found = {}
    for name in columns:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        extremes = pc.min_max(column).as_py()
        if extremes["min"] is not None:
            found[name] = (extremes["min"], extremes["max"], column.null_count)
    return found


def write_statistics(rows: int, ranges: Sequence[Ranges]) -> str:
    """Write the statistics of a file, from those of its row groups, as the Delta protocol has them."""
    names = [name for name in (ranges[0] if ranges else {}) if all(name in group for group in ranges)]
    return json.dumps(
        {
            "numRecords": rows,
            "minValues": {name: _spell(min(group[name][0] for group in ranges)) for name in names},
            "maxValues": {name: _spell(max(group[name][1] for group in ranges)) for name in names},
            "nullCount": {name: sum(group[name][2] for group in ranges) for name in names},
        }
    )


def _spell(value: Value) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value.isoformat() if isinstance(value, date) else value
