"""Opening envelopes: the message under a JSON path, as an object, as text, or as base64 of either.

What API gateways, queues and log shippers wrap around a landed message: `$.body`, `$.message.data`.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.byte_lines import Mask, Offsets, mark_rows
from etl.appsflyer.envelope_path import ENVELOPE_PATH
from etl.appsflyer.json_cut import Step, cut_value
from etl.errors import ConfigurationError

_EXTRACT = """
    with found as (
        select row, case when json_valid(line) then json_extract(line, $path) end as value,
            coalesce(json_valid(line), false) as is_valid
        from envelopes
    )
    select
        case
            when not is_valid then 'invalid'
            when value is null then 'missing'
            else json_type(value)
        end as kind,
        value ->> '$' as text
    from found order by row
"""
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_-]*)|\."([^"\\]+)"|\[([0-9]+)\]')
# Base64 in either alphabet, with line breaks. A query or JSON text always has a byte that is none of these.
_BASE64 = r"^[A-Za-z0-9+/_\s-]+={0,2}\s*$"
_OBJECT = r"^\s*\{"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
# A number that a JSON parser may give back otherwise: with a point or an exponent, or too long for a double.
_REWRITTEN = r"[:\[,]\s*-?[0-9]+(?:[.eE]|[0-9]{15})"
_GZIP = b"\x1f\x8b"
# An object of this size is no message: it stops a small gzip from filling the memory.
_MOST_BYTES = 64 << 20


class EnvelopePathError(ConfigurationError, ValueError):
    """The JSON path of an envelope cannot be used."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """What stood in envelopes, with the row of the line that each was in; every line is in one of the four.

    `json_lines` are JSON objects and `text_lines` anything else, both without line breaks and as bytes.
    """

    json_lines: pa.Array
    json_rows: Offsets
    text_lines: pa.Array
    text_rows: Offsets
    missing_rows: Offsets
    invalid_rows: Offsets


def require_path(path: str) -> str:
    """Give the path back if it can be followed: a dollar sign, then names and places.

    Raises:
        EnvelopePathError: anything else, wildcards included.
    """
    if not ENVELOPE_PATH.fullmatch(path):
        raise EnvelopePathError(
            f"The envelope's path {path!r} is no JSON path to one value. Write a dollar sign, then each name "
            'behind a dot and each place in brackets: $.body, $.records[0].data, $."detail-type".'
        )
    return path


def open_envelopes(lines: pa.Array, path: str) -> Envelopes:
    """Take the message out of each line of JSON, given as bytes or text.

    A message is an object, or a text: one that starts with a brace is JSON, base64 is decoded (and unzipped
    where it is gzip) and then JSON or text, anything else is text. Lines without the path, or with null or
    an empty text there, are missing; lines that are no JSON, values of other kinds and base64 of no text
    are invalid.

    Raises:
        EnvelopePathError: the path cannot be used.
    """
    require_path(path)
    kinds, texts = _extract(_as_text(lines), path)
    is_text = _equals(kinds, "VARCHAR")
    is_empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True)
    is_missing = _equals(kinds, "missing") | _equals(kinds, "NULL") | (is_text & _to_mask(is_empty))
    is_message = _equals(kinds, "OBJECT") | (is_text & ~is_missing)
    opened = _decode_base64(texts.cast(pa.binary()), is_text & is_message)
    is_message &= _to_mask(opened.is_valid())
    is_object = is_message & _matches(opened, _OBJECT)
    json_rows, text_rows = np.flatnonzero(is_object), np.flatnonzero(is_message & ~is_object)
    return Envelopes(
        json_lines=_join_lines(opened.take(pa.array(json_rows))),
        json_rows=json_rows,
        text_lines=_join_lines(opened.take(pa.array(text_rows))),
        text_rows=text_rows,
        missing_rows=np.flatnonzero(is_missing),
        invalid_rows=np.flatnonzero(~is_missing & ~is_message),
    )


def _split_path(path: str) -> list[Step]:
    steps = (step.groups() for step in _STEP.finditer(path))
    return [name or quoted or int(place) for name, quoted, place in steps]


def _as_text(lines: pa.Array) -> pa.Array:
    """Make text of the lines; those that are no UTF-8 become null, which is no JSON either."""
    try:
        return lines.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decode(line) for line in lines.to_pylist()], pa.string())


def _decode(line: bytes | None) -> str | None:
    try:
        return None if line is None else line.decode()
    except UnicodeDecodeError:
        return None


def _extract(lines: pa.Array, path: str) -> tuple[pa.Array, pa.Array]:
    """Give what kind of value stands under the path in each line, and its text."""
    steps = _split_path(path)
    quoted = "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)
    table = pa.table({"line": lines, "row": np.arange(len(lines))})
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("envelopes", table)
        found = connection.sql(_EXTRACT, params={"path": quoted}).to_arrow_table()
    texts, kinds = (found[name].combine_chunks() for name in ("text", "kind"))
    return kinds, _restore_numbers(lines, texts, _equals(kinds, "OBJECT"), steps)


def _restore_numbers(lines: pa.Array, texts: pa.Array, is_object: Mask, steps: list[Step]) -> pa.Array:
    """Take objects that hold numbers which DuckDB may have rewritten from the lines, as they were written."""
    rows = np.flatnonzero(is_object & _matches(texts, _REWRITTEN))
    if not len(rows):
        return texts
    exact = [cut_value(line, steps) for line in lines.take(pa.array(rows)).to_pylist()]
    mask = mark_rows(rows, len(lines))
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(exact, pa.string()))


def _decode_base64(texts: pa.Array, is_text: Mask) -> pa.Array:
    """Decode the texts that are base64, to null where that is no text."""
    rows = np.flatnonzero(is_text & _matches(texts, _BASE64))
    if not len(rows):
        return texts
    decoded = [_decode_one(text) for text in texts.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(texts, pa.array(mark_rows(rows, len(texts))), pa.array(decoded, pa.binary()))


def _decode_one(text: bytes) -> bytes | None:
    digits = b"".join(text.translate(_URL_SAFE).split()).rstrip(b"=")
    try:
        decoded = base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        return None
    if decoded.startswith(_GZIP):
        decoded = _unzip(decoded) or b""
    return decoded if _is_message(decoded) else None


def _unzip(zipped: bytes) -> bytes | None:
    """Unzip one gzip member, or give None where it is broken or too large."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = reader.decompress(zipped, _MOST_BYTES)
    except zlib.error:
        return None
    return text if reader.eof else None


def _is_message(decoded: bytes) -> bool:
    """Say whether decoded bytes are a text that is not blank; what is in it is for its reader to judge."""
    return (
        not decoded.isspace()
        and decoded != b""
        and b"\x00" not in decoded
        and (b"=" in decoded or b"{" in decoded)
    )


def _join_lines(texts: pa.Array) -> pa.Array:
    """Make one line of each text, as bytes."""
    trimmed = texts
    for end in (b"\r\n", b"\n", b"\r"):
        trimmed = pc.replace_substring(trimmed, end, b" ")
    return trimmed


def _matches(texts: pa.Array, pattern: str) -> Mask:
    return _to_mask(pc.match_substring_regex(texts, pattern))


def _equals(kinds: pa.Array, kind: str) -> Mask:
    return _to_mask(pc.equal(kinds, kind))


def _to_mask(values: pa.Array) -> Mask:
    mask: Mask = values.fill_null(False).to_numpy(zero_copy_only=False)
    return mask
