"""Mending lines before they are split: CloudFront's second encoding, a broken `&currency=`, raw values."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

import numpy as np
import orjson

from etl.appsflyer.byte_lines import Lines, Offsets, find_byte
from etl.appsflyer.fields import V1_SPECIAL, canonical_name
from etl.appsflyer.macros import mend_currency_bytes
from etl.appsflyer.percent import decode_lines

_TAB, _PERCENT = b"\t%"
# `&curren;cy=`, the longest spelling of the broken parameter.
_BROKEN_BYTES = 11
# A raw query of more pieces is junk; gluing them tries each one with all that follow.
_MOST_PIECES = 1000
_IS_BEFORE_BROKEN = np.zeros(256, dtype=bool)
_IS_BEFORE_BROKEN[[0xA4, ord(";"), ord("4")]] = True
_URL_WITH_QUERY = re.compile(rb"https?://[^\s?]+\?", re.IGNORECASE)

Pair = tuple[bytes, bytes]


def take_column(lines: Lines, column: int) -> Lines:
    """Cut one tab-separated column, counted from 0, and decode percent signs that were encoded again.

    Vendor document followed: "Amazon CloudFront: Standard logs", field `cs-uri-query`. `-`, which stands
    for no query there, and a column that is not there become empty lines.
    """
    tabs = find_byte(lines.data, _TAB)
    first = np.searchsorted(tabs, lines.starts)
    starts = lines.starts if column == 0 else _take_tab(tabs, first + column - 1, lines.ends - 1) + 1
    ends = np.maximum(_take_tab(tabs, first + column, lines.ends), starts)
    is_empty = (ends == starts + 1) & (lines.data[starts] == ord("-"))
    cut = Lines(lines.data, starts, np.where(is_empty, starts, ends))
    decoded = decode_lines(cut, plus=False, only=_PERCENT)
    return Lines(decoded.data, decoded.move(cut.starts), decoded.move(cut.ends))


def mend_currencies(lines: Lines, equals: Offsets) -> Lines:
    """Restore `&currency=` where HTML made a currency sign of it; `equals` says where `=` stands."""
    is_broken = _IS_BEFORE_BROKEN[lines.data[equals - 3]]
    for distance, byte in ((2, ord("c")), (1, ord("y"))):
        is_broken &= lines.data[equals - distance] == byte
    return _rebuild(lines, equals[is_broken] + 1) if is_broken.any() else lines


def encode_raw(query: bytes) -> bytes:
    """Split a query that was written out decoded where that is decidable, and encode it.

    What stands behind `&` belongs to the value before it when it has no `=`; when that value is JSON which
    would otherwise be cut; and when that value is a URL with a query of its own, up to the first field that
    occurs once.
    """
    return b"&".join(_encode(name) + b"=" + _encode(value) for name, value in split_raw(query))


def split_raw(query: bytes) -> list[Pair]:
    """Do as `encode_raw` does, and give the pairs."""
    pieces = query.split(b"&")
    counts = Counter(piece.partition(b"=")[0] for piece in pieces)
    repeated = {name for name, count in counts.items() if count > 1}
    is_junk = len(pieces) > _MOST_PIECES
    pairs: list[Pair] = []
    for index, piece in enumerate(pieces):
        name, mark, value = piece.partition(b"=")
        if pairs and not is_junk and _belongs_before(pairs[-1][1], piece, pieces[index:], repeated):
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + b"&" + piece)
        elif mark:
            pairs.append((name, value))
    return pairs


def _encode(text: bytes) -> bytes:
    return text.replace(b"%", b"%25").replace(b"&", b"%26").replace(b"+", b"%2B")


def _belongs_before(value: bytes, piece: bytes, rest: list[bytes], repeated: set[bytes]) -> bool:
    name, mark, _ = piece.partition(b"=")
    if not mark:
        return bool(piece)
    if value[:1] in {b"{", b"["} and not _is_json(value):
        return _closes(value, rest) or not _is_field(name)
    if _URL_WITH_QUERY.match(value):
        return not _is_field(name) or name in repeated
    return not _is_name(name)


def _closes(value: bytes, rest: list[bytes]) -> bool:
    for piece in rest:
        value += b"&" + piece
        if _is_json(value):
            return True
    return False


def _is_json(value: bytes) -> bool:
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return True


@lru_cache(maxsize=4096)
def _is_field(name: bytes) -> bool:
    wire = name.decode(errors="replace")
    return canonical_name(wire) is not None or wire in V1_SPECIAL


@lru_cache(maxsize=4096)
def _is_name(name: bytes) -> bool:
    return re.fullmatch(rb"[\w.\[\]-]+", name) is not None or _is_field(name)


def _take_tab(tabs: Offsets, index: Offsets, ends: Offsets) -> Offsets:
    if not len(tabs):
        return ends
    found = np.where(index < len(tabs), tabs.take(index, mode="clip"), ends)
    return np.minimum(found, ends)


def _rebuild(lines: Lines, stops: Offsets) -> Lines:
    """Write the data anew with each parameter that ends at a stop mended."""
    parts: list[bytes] = []
    grown = np.zeros(len(stops), dtype=np.int64)
    floors = lines.starts[np.searchsorted(lines.starts, stops, side="right") - 1]
    at = 0
    for index, (stop, floor) in enumerate(zip(stops.tolist(), floors.tolist(), strict=True)):
        window = lines.data[max(stop - _BROKEN_BYTES, floor, at) : stop].tobytes()
        mended = mend_currency_bytes(window)
        grown[index] = len(mended) - len(window)
        parts += (lines.data[at : stop - len(window)].tobytes(), mended)
        at = stop
    data = np.frombuffer(b"".join([*parts, lines.data[at:].tobytes()]), dtype=np.uint8)
    total = np.concatenate([[0], np.cumsum(grown)])
    return Lines(data, _shift(lines.starts, stops, total), _shift(lines.ends, stops, total))


def _shift(places: Offsets, stops: Offsets, total: Offsets) -> Offsets:
    shifted: Offsets = places + total[np.searchsorted(stops, places, side="right")]
    return shifted
