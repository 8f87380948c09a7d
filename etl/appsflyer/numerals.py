"""Give numbers and nested values the text back that they came with, where a parser rewrote it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_VALUE = re.compile(rb"[ \t\r]*(?:(-?[0-9][0-9.eE+-]*)|([\[{]))")
_MARK = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[\[{]|[\]}]|\n')

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Restored:
    """Columns with their exact texts, and the objects and arrays that were found to be values of theirs."""

    columns: dict[str, pa.Array]
    nested: list[str]


def restore_numerals(columns: Mapping[str, pa.Array], payload: bytes, starts: Rows, rows: Rows) -> Restored:
    """Put the text of the numbers, objects and arrays at `starts` (ascending) back into their columns.

    `rows` are the rows that they stand in. What lies inside an object or array belongs to that one's text.
    """
    found: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    end = 0
    for start, row in zip(starts.tolist(), rows.tolist(), strict=True):
        value = _VALUE.match(payload, start) if start >= end else None
        name = _key_before(payload, start) if value else None
        if value and name is not None and name in columns:
            end = value.end() if value[1] else _find_end(payload, value.start(2))
            found[name][0].append(row)
            found[name][1].append(payload[value.start(value.lastindex or 0) : end].decode("utf-8", "replace"))
    nested: list[str] = []
    restored = {name: _restore(columns[name], *cells, nested) for name, cells in found.items()}
    return Restored({**columns, **restored}, nested)


def _key_before(payload: bytes, value_at: int) -> str | None:
    closing = payload.rfind(b'"', 0, value_at)
    opening = payload.rfind(b'"', 0, closing)
    while opening > 0 and _is_escaped(payload, opening):
        opening = payload.rfind(b'"', 0, opening)
    key = payload[opening : closing + 1]
    try:
        return str(json.loads(key)) if b"\\" in key else key[1:-1].decode()
    except ValueError:
        return None


def _is_escaped(payload: bytes, at: int) -> bool:
    before = at
    while before and payload[before - 1] == ord("\\"):
        before -= 1
    return (at - before) % 2 == 1


def _find_end(payload: bytes, start: int) -> int:
    """Find where an object or array ends, at the latest with its line."""
    depth = 0
    for mark in _MARK.finditer(payload, start):
        first = mark[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if not depth or first == b"\n":
            return mark.end()
    return len(payload)


def _restore(column: pa.Array, rows: Sequence[int], texts: Sequence[str], nested: list[str]) -> pa.Array:
    current = column.take(pa.array(rows, pa.int64())).to_pylist()
    exact = {
        row: text
        for row, text, parsed in zip(rows, texts, current, strict=True)
        if parsed is not None and _is_same_value(parsed, text)
    }
    if not exact:
        return column
    nested += [text for text in exact.values() if text[0] in "[{"]
    mask = np.zeros(len(column), dtype=bool)
    mask[list(exact)] = True
    return pc.replace_with_mask(
        column, pa.array(mask), pa.array([exact[row] for row in sorted(exact)], column.type)
    )


def _is_same_value(parsed: str, text: str) -> bool:
    if text[0] in "[{":
        return parsed[:1] == text[0]
    try:
        return float(parsed) == float(text)
    except ValueError:
        return False
