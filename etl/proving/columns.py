"""Looking for wanted ids of any shape in named columns, each value as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from etl.proving.findings import Scan, Tally
from etl.proving.messages import spell_messages
from etl.proving.parquet import read_texts
from etl.proving.wanted import Wanted

_CHUNK = 8_192  # messages that are spelled at once: they stay in the processor's cache


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
    counted, found = pc.value_counts(values.cast(pa.large_binary())), Counter[str]()
    for start in range(0, len(counted), _CHUNK):
        found += _find_counted(wanted, counted.slice(start, _CHUNK))
    return found


def _find_counted(wanted: Wanted, counted: pa.StructArray) -> Counter[str]:
    """Count what is wanted of distinct values; plain ones are hashed all at once, and mostly none is."""
    spelled = spell_messages(counted.field("values"))
    if not wanted.find_messages(spelled.messages, spelled.count):
        counted = counted.filter(pa.array(spelled.is_other))
    return _count_one_by_one(wanted, counted)


def _count_one_by_one(wanted: Wanted, counted: pa.StructArray) -> Counter[str]:
    found: Counter[str] = Counter()
    values, counts = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    for value, count in zip(values, counts, strict=True):
        # What is not UTF-8 is no text, and equals none.
        subject = wanted.find_text(value.decode(errors="replace")) if value is not None else None
        if subject:
            found[subject] += count
    return found
