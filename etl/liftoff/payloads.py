"""Parameters as the ledger keeps them: one JSON object a postback, with what it says and nothing else."""

from __future__ import annotations

import json

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from etl.liftoff.columns import as_mask
from etl.liftoff.postbacks import Mapped

_NEEDS_ESCAPE = r'["\\\x00-\x1f]'
_SPACE, _QUOTE, _BACKSLASH = (ord(mark) for mark in ' "\\')


def encode_parameters(mapped: Mapped) -> pa.Array:
    """Write each row's parameters as a JSON object; what is null is left out."""
    pieces = [_encode_column(name, mapped.column(name)) for name in mapped.parameters.column_names]
    # Each begins with a comma, of which the first becomes the brace. Skipping nulls, Arrow would leave out
    # rows in which all are null.
    joined = pc.binary_join_element_wise(*pieces, "}", "", null_handling="replace", null_replacement="")
    return pc.if_else(pc.equal(joined, "}"), "{}", pc.binary_replace_slice(joined, 0, 1, "{"))


def decode_parameters(text: str) -> dict[str, str]:
    """Read a postback's parameters."""
    parameters: dict[str, str] = orjson.loads(text)
    return parameters


def _encode_column(name: str, column: pa.Array) -> pa.Array:
    if column.null_count == len(column):
        return column
    return pc.binary_join_element_wise(f',{json.dumps(name)}:"', _escape(column), '"', "")


def _escape(column: pa.Array) -> pa.Array:
    if not _may_need_escape(column):
        return column
    needs = as_mask(pc.match_substring_regex(column, _NEEDS_ESCAPE))
    odd = column.filter(pa.array(needs)).to_pylist()
    escaped = pa.array([json.dumps(text, ensure_ascii=False)[1:-1] for text in odd], pa.string())
    return pc.replace_with_mask(column, pa.array(needs), escaped)


def _may_need_escape(column: pa.Array) -> bool:
    """Look at a column's bytes at once: most columns have none that JSON escapes."""
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    return bool(((data < _SPACE) | (data == _QUOTE) | (data == _BACKSLASH)).any())
