"""Turning the parameters of landed partner postbacks into fields, column by column.

Does what `macros.read_postback` does for one message. Vendor document followed: "AppsFlyer: Postbacks for
analytics partners".
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.macros import Parameter, Template, Transform, resolve_parameter, translate
from etl.appsflyer.percent import decode_texts

_UNIX_SECONDS = r"^\s*[0-9]{1,10}\s*$"
_ENCODED_JSON = r"(?i)^\s*%(7B|5B)"
_SPACES = " \t\n\r\x0b\x0c"


def fit_postbacks(texts: Mapping[str, pa.Array], template: Template, rows: int) -> dict[str, pa.Array]:
    """Name columns by the fields that the template's parameters stand for, and read their values.

    Of two values of one field the one that the template fills by macro comes first; another, different value
    stands in the column `parameter:<name>`. Messages of an install template are named `install`, at their
    install time unless they have an event time.
    """
    columns: dict[str, pa.Array] = {}
    resolved = [(resolve_parameter(template, name), column) for name, column in texts.items()]
    for parameter, column in sorted(resolved, key=lambda pair: _rank(pair[0], template)):
        _put_column(columns, parameter, read_values(parameter, column))
    return _complete_installs(columns, rows) if template.is_install else columns


def read_values(parameter: Parameter, column: pa.Array) -> pa.Array:
    """Do as `macros.translate` does, for a column; empty texts become null."""
    match parameter.transform:
        case Transform.UNIX_SECONDS:
            read = _spell_instants(column)
        case Transform.ENCODED:
            read = _decode_event_values(column)
        case Transform.TOUCH_TYPE:
            read = _translate_each(parameter, column)
        case _:
            read = column
    read = _drop_unfilled(parameter, column, read)
    return pc.if_else(pc.equal(read, ""), pa.scalar(None, pa.string()), read)


def _rank(parameter: Parameter, template: Template) -> tuple[bool, int, str]:
    """Macros come before the rest, both in the template's order; names it does not have come last."""
    order = list(template.by_name)
    place = order.index(parameter.name) if parameter.name in order else len(order)
    return parameter.macro is None, place, parameter.name


def _put_column(columns: dict[str, pa.Array], parameter: Parameter, column: pa.Array) -> None:
    before = columns.get(parameter.target)
    if before is None:
        columns[parameter.target] = column
        return
    columns[parameter.target] = pc.coalesce(before, column)
    is_other = pc.fill_null(pc.not_equal(before, column), False)
    if pc.any(is_other).as_py():
        columns[f"parameter:{parameter.name}"] = pc.if_else(is_other, column, pa.scalar(None, pa.string()))


def _complete_installs(columns: dict[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    nulls = pa.nulls(rows, pa.string())
    columns["event_name"] = columns.get("event_name", nulls).fill_null("install")
    if (installed := columns.get("install_time")) is not None:
        columns["event_time"] = pc.coalesce(columns.get("event_time", nulls), installed)
    return columns


def _spell_instants(column: pa.Array) -> pa.Array:
    is_seconds = pc.match_substring_regex(column, _UNIX_SECONDS)
    trimmed = pc.utf8_trim(column, _SPACES)
    seconds = pc.if_else(is_seconds, trimmed, pa.scalar(None, pa.string())).cast(pa.int64())
    return pc.coalesce(seconds.cast(pa.timestamp("s")).cast(pa.string()), column)


def _decode_event_values(column: pa.Array) -> pa.Array:
    is_encoded = pc.match_substring_regex(column, _ENCODED_JSON)
    if pc.any(is_encoded).as_py():
        column = pc.if_else(is_encoded, decode_texts(column), column)
    return pc.utf8_rtrim(column, "\r\n")


def _translate_each(parameter: Parameter, column: pa.Array) -> pa.Array:
    encoded = column.dictionary_encode()
    texts = [translate(parameter, text) for text in encoded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _drop_unfilled(parameter: Parameter, column: pa.Array, read: pa.Array) -> pa.Array:
    """Drop macros that AppsFlyer left unfilled, such as `(advertiserId)`."""
    is_suspect = pc.starts_with(pc.utf8_ltrim(column, _SPACES), "(")
    if not pc.any(is_suspect).as_py():
        return read
    return pc.if_else(is_suspect, _translate_each(parameter, column), read)
