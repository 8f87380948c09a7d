"""Give numbers back the text that they came with, where a parser rewrote it (`1.10` to `1.1`, 19 decimals to 17)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_NUMERAL = re.compile(rb"-?[0-9][0-9.eE+-]*")

Rows = npt.NDArray[np.int64]


def restore_numerals(
    columns: Mapping[str, pa.Array], payload: bytes, starts: Rows, rows: Rows
) -> dict[str, pa.Array]:
    """Put the text of the numbers that start at `starts` back into the columns that hold them.

    `rows` are the rows that the numbers stand in. Only a text of equal value is replaced, so that a number inside a
    nested value, whose key happens to be a column's name, changes nothing.
    """
    found: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    for start, row in zip(starts.tolist(), rows.tolist(), strict=True):
        numeral = _NUMERAL.match(payload, start)
        name = _key_before(payload, start)
        if numeral and name in columns:
            found[name][0].append(row)
            found[name][1].append(numeral[0].decode())
    return {**columns, **{name: _restore(columns[name], *cells) for name, cells in found.items()}}


def _key_before(payload: bytes, value_at: int) -> str:
    closing = payload.rfind(b'"', 0, value_at)
    opening = payload.rfind(b'"', 0, closing)
    return payload[opening + 1 : closing].decode("utf-8", "replace")


def _restore(column: pa.Array, rows: Sequence[int], texts: Sequence[str]) -> pa.Array:
    current = column.take(pa.array(rows, pa.int64())).to_pylist()
    restored = {
        row: text
        for row, text, parsed in zip(rows, texts, current, strict=True)
        if parsed is not None and parsed != text and _is_same_number(parsed, text)
    }
    if not restored:
        return column
    mask = np.zeros(len(column), dtype=bool)
    mask[list(restored)] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array([restored[row] for row in sorted(restored)], column.type))


def _is_same_number(parsed: str, text: str) -> bool:
    try:
        return float(parsed) == float(text)
    except ValueError:
        return False
