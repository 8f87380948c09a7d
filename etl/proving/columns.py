"""Looking for wanted ids of any shape among values, each as a whole."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from etl.proving.messages import spell_messages
from etl.proving.wanted import Wanted

_CHUNK = 8_192  # messages that are spelled at once: they stay in the processor's cache


def find_values(wanted: Wanted, values: pa.Array) -> Counter[str]:
    """Count the wanted ids that are values of an array of texts or bytes, by keyed hash.

    Each distinct value is folded and hashed as a whole, whatever its shape; `customer_user_id` has none.
    """
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
