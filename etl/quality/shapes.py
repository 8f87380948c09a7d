"""The shapes of ids and addresses, tested for whole columns.

Most ids are sound, so numpy passes those at once by their bytes; only what is left meets a regular
expression, which decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.id_scan import Texts, view_texts

Mask = npt.NDArray[np.bool_]

_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_OCTET = r"(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"
_GROUPS = rf"(?:{_GROUP}(?::{_GROUP})*)?"
# Eight groups, or fewer with one run of zeros left out (RFC 4291, 2.2); `_are_ipv6` counts them.
_IPV6 = rf"^(?:(?:{_GROUP}:){{7}}{_GROUP}|{_GROUPS}::{_GROUPS})$"
_MOST_COLONS = 7
_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "appsflyer_id": rf"[0-9]+-[0-9]+|{_UUID}",
        "advertising_id": _UUID,
        "idfa": _UUID,
        "idfv": _UUID,
        # Vendors of phones differ: Huawei and Samsung give UUIDs, others hexadecimal digits.
        "oaid": rf"{_UUID}|[0-9A-Fa-f]{{16,64}}",
        "amazon_aid": _UUID,
        # Old systems spell the number without leading zeros.
        "android_id": "[0-9A-Fa-f]{12,16}",
        # Without its check digit 14, with the software's version 16; a MEID begins above 9.
        "imei": "[0-9]{14,16}|[A-Fa-f][0-9A-Fa-f]{13}",
    }
)
_ANDROID_ID_BYTES = 16
_UUID_BYTES, _UUID_DASHES = 36, [8, 13, 18, 23]
_HYPHEN = ord("-")
# Private networks, links, the device itself and nowhere: RFC 1918, 3927, 1122, 4193, 4291.
_PRIVATE_IPV4 = r"(?:10|127|0|169\.254|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\."
_PRIVATE_IP = rf"^(?i:(?:::ffff:)?{_PRIVATE_IPV4}|f[cd][0-9a-f]{{2}}:|fe[89ab][0-9a-f]:|::1?(?:%|$))"
# No other address begins so.
_STARTS_OF_PRIVATE_IP = (b"10.", b"127", b"169", b"172", b"192", b"0.", b":", b"f", b"F")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column, and its bytes viewed once for all that is asked of them."""

    array: pa.Array
    texts: Texts


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Texts of one size, byte by byte: a row each."""

    rows: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


def view_column(array: pa.Array) -> TextColumn:
    """View a text column's bytes."""
    return TextColumn(array, view_texts(array))


def mark_shaped(field: str, column: TextColumn) -> Mask:
    """Mark the rows whose text has the shape of the field's ids; nulls have not."""
    mask = _QUICK.get(field, _pass_none)(column)
    if mask.sum() == len(mask) - column.array.null_count:
        return mask
    return mask | _match_among(column.array, ~mask, rf"^(?:{_PATTERNS[field]})$")


def mark_ips(column: TextColumn) -> Mask:
    """Mark the rows whose text is an IPv4 or IPv6 address, as Python's `ipaddress` has it; nulls are not."""
    mask = match(column.array, rf"^{_IPV4}$")
    rows = np.flatnonzero(~mask)
    if len(rows) > column.array.null_count:
        mask[rows] = _are_ipv6(view_column(column.array.take(pa.array(rows))))
    return mask


def mark_zeros(column: TextColumn) -> Mask:
    """Mark the rows whose id is nothing but zeros and hyphens."""
    texts, zero = column.texts, ord("0")
    mask: Mask = texts.stops[1:] > texts.stops[:-1]
    if len(texts.data):
        mask &= texts.data.take(texts.stops[:-1], mode="clip") == zero
        mask &= texts.data.take(texts.stops[1:] - 1, mode="clip") == zero
    return _match_among(column.array, mask, r"^[0\-]+$")


def mark_private_ips(column: TextColumn) -> Mask:
    """Mark the rows whose address is not of the public internet."""
    return _match_among(column.array, mark_starts(column.texts, _STARTS_OF_PRIVATE_IP), _PRIVATE_IP)


def mark_holding(column: TextColumn, byte: int, pattern: str) -> Mask:
    """Mark the rows that match a pattern which needs some byte; a column without that byte costs one pass."""
    places = np.flatnonzero(column.texts.data == byte)
    mask = np.zeros(len(column.array), dtype=bool)
    mask[np.searchsorted(column.texts.stops, places, side="right") - 1] = True
    return _match_among(column.array, mask, pattern)


def match(column: pa.Array, pattern: str) -> Mask:
    """Mark the rows that a regular expression finds something in; nulls are not marked."""
    found = pc.match_substring_regex(column, pattern)
    mask: Mask = found.fill_null(False).to_numpy(zero_copy_only=False)
    return mask


def mark_starts(texts: Texts, starts: Sequence[bytes]) -> Mask:
    """Mark the rows whose text begins with one of some bytes."""
    first, sizes = texts.stops[:-1], np.diff(texts.stops)
    mask = np.zeros(len(sizes), dtype=bool)
    if not len(texts.data):
        return mask
    bytes_at = [texts.data.take(first + at, mode="clip") for at in range(max(map(len, starts)))]
    for start in starts:
        begins = sizes >= len(start)
        for at, byte in enumerate(start):
            begins &= bytes_at[at] == byte
        mask |= begins
    return mask


def _match_among(column: pa.Array, among: Mask, pattern: str) -> Mask:
    """Mark those of some rows that match."""
    rows = np.flatnonzero(among)
    mask = np.zeros(len(column), dtype=bool)
    if len(rows):
        mask[rows] = match(column.take(pa.array(rows)), pattern)
    return mask


def _are_ipv6(column: TextColumn) -> Mask:
    texts, bare = column.texts, column.array
    if (texts.data == ord("%")).any():
        bare = pc.replace_substring_regex(bare, "%[^%/]+$", "")
    if (texts.data == ord(".")).any():
        bare = pc.replace_substring_regex(bare, rf":{_IPV4}$", ":0:0")
    colons = pc.count_substring(bare, ":").fill_null(0).to_numpy(zero_copy_only=False)
    is_open = mark_starts(texts, (b"::",))
    # Where zeros are left out at an end, their two colons stand beside one group instead of two.
    is_many = np.flatnonzero(colons > _MOST_COLONS)
    if len(is_many):
        is_open[is_many] |= match(bare.take(pa.array(is_many)), "::$")
    is_ipv6: Mask = match(bare, _IPV6) & (colons <= _MOST_COLONS + is_open)
    return is_ipv6


def _pass_none(column: TextColumn) -> Mask:
    return np.zeros(len(column.array), dtype=bool)


def _pass_uuids(column: TextColumn) -> Mask:
    fixed = _cut_fixed(column, _UUID_BYTES)
    is_sound = _are_hex(fixed.data)
    is_sound[:, _UUID_DASHES] = fixed.data[:, _UUID_DASHES] == _HYPHEN
    return _spread(fixed, is_sound, len(column.array))


def _pass_hex(column: TextColumn) -> Mask:
    fixed = _cut_fixed(column, _ANDROID_ID_BYTES)
    return _spread(fixed, _are_hex(fixed.data), len(column.array))


def _pass_digit_pairs(column: TextColumn) -> Mask:
    """Pass digits, a hyphen and digits, where a batch has nothing else."""
    data, stops = column.texts.data, column.texts.stops
    places = np.flatnonzero((data - ord("0")) > 9)  # noqa: PLR2004 - what is no digit, as unsigned bytes
    rows = np.flatnonzero(np.diff(stops))
    mask = _pass_none(column)
    if len(places) == len(rows) and (data[places] == _HYPHEN).all():
        # As many hyphens as rows, each inside the row of its turn: then every row has one, and only then.
        mask[rows] = ((places > stops[rows]) & (places < stops[rows + 1] - 1)).all()
    return mask


def _cut_fixed(column: TextColumn, size: int) -> _Fixed:
    """Cut out the texts of one size, without a copy where all are."""
    rows = np.flatnonzero(np.diff(column.texts.stops) == size)
    is_whole = len(rows) * size == len(column.texts.data)
    texts = column.texts if is_whole else view_texts(column.array.take(pa.array(rows)))
    return _Fixed(rows, texts.data.reshape(-1, size))


def _spread(fixed: _Fixed, is_sound: npt.NDArray[np.bool_], count: int) -> Mask:
    mask = np.zeros(count, dtype=bool)
    mask[fixed.rows] = True if is_sound.all() else is_sound.all(axis=1)
    return mask


def _are_hex(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    is_hex: Mask = ((data - ord("0")) < 10) | (((data | 32) - ord("a")) < 6)  # noqa: PLR2004 - 0-9 and a-f
    return is_hex


_QUICK: Mapping[str, Callable[[TextColumn], Mask]] = MappingProxyType(
    {
        "appsflyer_id": _pass_digit_pairs,
        "android_id": _pass_hex,
        **dict.fromkeys(("advertising_id", "idfa", "idfv", "oaid", "amazon_aid"), _pass_uuids),
    }
)
