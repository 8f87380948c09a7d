"""Finding device ids inside URLs, event values and other long texts, where erasure has to look as well.

Vendor document followed: "AppsFlyer: Push API V2.0", whose sample message carries ids in `original_url`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.byte_lines import Bytes, Mask, Offsets, read_words
from etl.appsflyer.id_scan import Spans, Texts, find_ids, mark_foreign, view_texts
from etl.appsflyer.percent import decode_bytes

_LONGEST_ID = 64
_WORD = 8
# Bit 5 of every byte makes ASCII letters small and leaves digits and dashes as they are.
_SMALL = np.uint64(0x2020202020202020)
# How often a query is encoded inside another one, at most.
_LAYERS = 2

# Bytes of a parameter's name that are looked at, before an id.
_NAME_BYTES = 32
_NAME_STARTS = np.zeros(256, dtype=bool)
_NAME_STARTS[np.frombuffer(b"&?;,{ \n", dtype=np.uint8)] = True
# Names under which clicks, orders and ads are numbered: an id there is nobody's.
_NOT_A_PERSON = re.compile(
    rb"(?:click|clk|tran|transaction|txn|order|receipt|request|req|session|impression|imp|bid|auction|campaign|creative"
    rb"|placement|adset|adgroup|content|product|item|sku|trace)[_-]?id$|(?:gclid|fbclid|ttclid|msclkid)$"
)
# The last eight bytes of such a parameter's name and equals sign, letters small: most of them end so, and no
# other name does.
_DENIED_WORDS = np.array(
    [
        int.from_bytes(ending, "little") | 0x2020202020202020
        for ending in (b"clickid=", b"_tranid=", b"orderid=", b"rder_id=")
    ],
    dtype=np.uint64,
)
_AFTER_NAME = re.compile(rb"(?:[\"'\\\s:=]|%22|%3a|%3d|%5c)+$")

Ids = npt.NDArray[np.uint8]
"""Ids in small letters, one a row of `_LONGEST_ID` bytes, the rest zeros."""


def find_embedded_ids(texts: Sequence[pa.Array], own: Mapping[str, pa.Array]) -> pa.Array:
    """Find device ids in some text columns that stand in none of the row's own id columns.

    Gives a `list<string>` a row, null where there is none: ids in small letters, sorted, each once. Found
    are UUIDs; 16, 32, 40 and 64 hexadecimal digits that are a whole token (Android ids, MD5, SHA-1 and
    SHA-256 of ids); and 15 digits in a parameter named like `imei`; behind percent-encoded delimiters and
    with percent-encoded dashes as well, up to twice encoded. All-zero ids are dropped, and casing is
    ignored.

    It gives too much rather than too little: a number of anything that is a UUID or has 16 digits is among
    them, unless its parameter is named for a click, an order or an ad (`clickid`, `transaction_id`, `gclid`).
    """
    rows = len(texts[0]) if texts else len(next(iter(own.values()), ()))
    filled = [column for column in texts if column.null_count < rows]
    if not filled:
        return pa.nulls(rows, pa.list_(pa.string()))
    mine = [view_texts(column) for column in own.values() if column.null_count < rows]
    found = [_find_foreign(column, mine) for column in filled]
    return _build_lists(
        np.concatenate([at for at, _ in found]), np.concatenate([ids for _, ids in found]), rows
    )


def _find_foreign(column: pa.Array, own: list[Texts]) -> tuple[Offsets, Ids]:
    """Find the ids in one column that are not the row's own, with their rows."""
    rows = np.arange(len(column))
    at, ids, encoded = _read_foreign(view_texts(column), rows, own)
    found = [(at, ids)]
    rows = rows[encoded]
    for layer in range(_LAYERS if len(rows) else 0):
        column = decode_bytes(column if layer else column.take(pa.array(rows)))
        found.append(_read_foreign(view_texts(column), rows, own)[:2])
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])


def _read_foreign(texts: Texts, rows: Offsets, own: list[Texts]) -> tuple[Offsets, Ids, Offsets]:
    spans, encoded = find_ids(texts)
    spans = spans.pick(mark_foreign(texts, spans, rows, own))
    spans = spans.pick(~_is_nobodys(texts, spans))
    return rows[spans.rows], _read_ids(texts.data, spans), encoded


def _is_nobodys(texts: Texts, spans: Spans) -> Mask:
    """Say which spans are the value of a parameter that is named for a click, an order or an ad."""
    at_least = texts.stops[spans.rows] + _WORD
    words = read_words(texts.data, np.maximum(spans.starts - _WORD, 0)) | _SMALL
    is_denied: Mask = np.isin(words, _DENIED_WORDS) & (spans.starts >= at_least)
    left = ~is_denied
    if left.any():
        is_denied[left] = _has_denied_name(texts, spans.pick(left))
    return is_denied


def _has_denied_name(texts: Texts, spans: Spans) -> Mask:
    places = spans.starts[:, None] - np.arange(_NAME_BYTES, 0, -1)
    window = texts.data.take(places, mode="clip")
    is_before = (places < texts.stops[spans.rows][:, None]) | _NAME_STARTS[window]
    # What stands before the last start of a name belongs to another parameter.
    is_other = np.logical_or.accumulate(is_before[:, ::-1], axis=1)[:, ::-1]
    window[is_other] = 0
    names, inverse = np.unique(window.view(f"V{_NAME_BYTES}").ravel(), return_inverse=True)
    denied = [_is_denied(name.tobytes()) for name in names]
    return np.array(denied, dtype=bool)[inverse]


def _is_denied(before: bytes) -> bool:
    name = _AFTER_NAME.sub(b"", before.lstrip(b"\0").lower())
    return _NOT_A_PERSON.search(name) is not None


def _read_ids(data: Bytes, spans: Spans) -> Ids:
    """Copy spans out as fixed-width bytes in small letters."""
    places = spans.starts[:, None] + np.arange(_LONGEST_ID)
    letters = (
        data.take(places, mode="clip") | np.uint8(32) if len(places) else np.empty(places.shape, np.uint8)
    )
    letters[places >= spans.ends[:, None]] = 0
    return np.ascontiguousarray(letters, dtype=np.uint8)


def _build_lists(at: Offsets, ids: Ids, rows: int) -> pa.Array:
    if not len(at):
        return pa.nulls(rows, pa.list_(pa.string()))
    at, ids = _sort_ids(at, ids)
    is_new = np.append(True, (at[1:] != at[:-1]) | (ids[1:] != ids[:-1]).any(axis=1))
    at, ids = at[is_new], ids[is_new]
    stops = np.searchsorted(at, np.arange(rows + 1)).astype(np.int32)
    is_empty = stops[1:] == stops[:-1]
    return pa.ListArray.from_arrays(pa.array(stops), _as_texts(ids), mask=pa.array(is_empty))


def _sort_ids(at: Offsets, ids: Ids) -> tuple[Offsets, Ids]:
    """Sort ids by row, then by themselves; most rows have one, which need not be compared."""
    order = np.argsort(at, kind="stable")
    at, ids = at[order], ids[order]
    is_next = at[1:] == at[:-1]
    shared = np.flatnonzero(np.append(is_next, False) | np.append(False, is_next))
    among = np.lexsort((ids[shared].view(f"S{_LONGEST_ID}").ravel(), at[shared]))
    ids[shared] = ids[shared[among]]
    return at, ids


def _as_texts(ids: Ids) -> pa.Array:
    is_letter = ids != 0
    offsets = np.concatenate([[0], np.cumsum(is_letter.sum(axis=1))]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(ids[is_letter])]
    return pa.Array.from_buffers(pa.string(), len(ids), buffers)
