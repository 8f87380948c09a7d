"""Looking for wanted ids of any shape in named columns, each value as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from etl.proving.findings import Scan, Tally
from etl.proving.parquet import read_texts
from etl.proving.wanted import Wanted


def scan_columns(wanted: Wanted, store_key: str, raw: BinaryIO, columns: Collection[str]) -> Scan:
    """Find wanted ids that have no shape, such as `customer_user_id`, in columns of a Parquet file.

    Each distinct value of a batch is folded and hashed as a whole, in lists, maps and structs too; those of a
    dictionary count once. A column that the file lacks holds nothing.
    """
    tally, size = Tally(), 0
    try:
        for path, values in read_texts(raw, columns):
            size += values.nbytes
            tally.add(f"parquet:{path}", _find_values(wanted, values))
    except (pa.ArrowException, OSError):
        return Scan(tally.list_findings(store_key), size, ("parquet: damaged",))
    return Scan(tally.list_findings(store_key), size)


def _find_values(wanted: Wanted, values: pa.Array) -> Counter[str]:
    found: Counter[str] = Counter()
    counted = pc.value_counts(values.cast(pa.large_binary()))
    counts = counted.field("counts").to_pylist()
    for value, count in zip(counted.field("values").to_pylist(), counts, strict=True):
        # What is not UTF-8 is no text, and equals none.
        subject = wanted.find_text(value.decode(errors="replace")) if value is not None else None
        if subject:
            found[subject] += count
    return found
