"""Read lists that are JSON: an array, one object, an object a line, or a body for Liftoff's opt-out API."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from etl.errors import UnreadableList
from etl.opt_outs.codes import make_unreadable
from etl.opt_outs.columns import Column, map_columns
from etl.opt_outs.delimited import list_lines
from etl.opt_outs.records import Row
from etl.opt_outs.rows import make_row

_UNTYPED: Final = (Column("id"),)
# What is wrong with a header is wrong with one object alone.
_REFUSALS: Final = {
    "no_id_column": "no_id",
    "repeated_column": "repeated_key",
    "column_unclear": "key_unclear",
}


class _Repeated:
    """Stands for an object that has a key twice, of which one would be lost."""


def read_document(text: str) -> Iterator[Row]:
    """Read one JSON document, whose rows are numbered by their place.

    An array has a string or an object a row. An object is one row, or where its ids are one list as many as
    there are in it, which is how a body for Liftoff looks. Raises UnreadableList where it is no JSON, or not
    of this form.
    """
    try:
        found = _parse(text)
    except (ValueError, RecursionError):
        raise make_unreadable("json_malformed") from None
    if isinstance(found, dict):
        return _read_object(found)
    if isinstance(found, _Repeated):
        return iter((Row(1, refusal="repeated_key"),))
    if not isinstance(found, list):
        raise make_unreadable("json_malformed")
    return (_read_element(place, element) for place, element in enumerate(found, start=1))


def is_lines(text: str) -> bool:
    """Whether a text is an object a line: its first line is a whole object, and not the only one."""
    lines = list_lines(text)
    _, first = next(lines, (0, ""))
    return next(lines, None) is not None and isinstance(_try_parse(first), dict | _Repeated)


def read_json_lines(text: str) -> Iterator[Row]:
    """Read an object, or a string, a line; one that cannot be read costs nobody but itself."""
    for number, line in list_lines(text):
        try:
            found = _parse(line)
        except (ValueError, RecursionError):
            yield Row(number, refusal="comment" if line.lstrip().startswith("#") else "invalid_json")
        else:
            yield _read_element(number, found)


def _read_object(found: Mapping[str, Any]) -> Iterator[Row]:
    columns = map_columns(tuple(found))
    named = [(name, column) for name, column in zip(found, columns, strict=True) if column is not None]
    ids = [name for name, column in named if column.role == "id"]
    if len(ids) > 1 or not isinstance(found[ids[0]], list) or not found[ids[0]]:
        return iter((make_row(1, columns, found.values()),))
    each_alone = enumerate(found[ids[0]], start=1)
    return (make_row(place, columns, (dict(found) | {ids[0]: [each]}).values()) for place, each in each_alone)


def _read_element(line: int, found: object) -> Row:
    if isinstance(found, str):
        return make_row(line, _UNTYPED, (found,))
    if not isinstance(found, dict):
        return Row(line, refusal="repeated_key" if isinstance(found, _Repeated) else "not_a_row")
    try:
        columns = map_columns(tuple(found))
    except UnreadableList as error:
        return Row(line, refusal=_REFUSALS[error.code])
    return make_row(line, columns, found.values())


def _try_parse(text: str) -> object:
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        return None


def _parse(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    return json.loads(text, object_pairs_hook=_mark_repeated, parse_constant=_refuse)


def _mark_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated()


def _refuse(constant: str) -> None:
    """Refuse NaN and infinities, which Python reads and JSON has not."""
    raise ValueError(constant)
