"""Make a row of the values that stand in columns, whatever the list's form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from etl.opt_outs.columns import Column
from etl.opt_outs.records import IdType, Row

# What exports write where there is nothing; among ids such a word is rejected and not skipped.
_ABSENT: Final = frozenset({"", "null", "none", "nan", "nat", "\\n", "n/a"})
_EVERYWHERE: Final = frozenset({"*", "all"})
_BETWEEN_APPS: Final = re.compile(r"[\s,;|]+")


def make_row(line: int, columns: Sequence[Column | None], values: Iterable[Any]) -> Row:
    """Make a row; a list of ids in one column is as many ids.

    A row without an id is one that is refused.
    """
    ids: list[tuple[IdType | None, str | None]] = []
    found: dict[str, Any] = {}
    for column, value in zip(columns, values, strict=False):
        if column is None:
            continue
        if column.role == "id":
            ids.extend((column.id_type, text) for text in _read_ids(value))
        else:
            found[column.role] = value
    if not ids:
        return Row(line, refusal="no_id")
    if not found:
        return Row(line, tuple(ids))
    return Row(
        line,
        tuple(ids),
        id_type=_read_word(found.get("type")),
        apps=_read_apps(found.get("apps")),
        requested_at=found.get("requested_at"),
        kind=_read_word(found.get("kind")),
        test=found.get("test"),
    )


def is_absent(value: object) -> bool:
    """Whether a value says nothing: null, not a number, or a word for either."""
    if isinstance(value, str):
        return value.strip().casefold() in _ABSENT
    return value is None or (isinstance(value, float) and math.isnan(value))


def _read_ids(value: object) -> Iterator[str | None]:
    """Read ids: texts, and whole numbers as their digits; anything else is one that is no text."""
    if isinstance(value, str):
        if value and not value.isspace():
            yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _read_ids(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif not is_absent(value):
        yield None


def _read_word(value: object) -> str:
    """Read a type or a kind; what is no text is read as one that nothing is called."""
    if is_absent(value):
        return ""
    return value.strip() if isinstance(value, str) else "?"


def _read_apps(value: object) -> tuple[str, ...] | None:
    """Read app ids; none is all apps, and None is what cannot be read."""
    if is_absent(value):
        return ()
    given = [_spell_app(each) for each in (value if isinstance(value, list | tuple) else [value])]
    if None in given:
        return None
    apps = tuple(app for each in given if each for app in _BETWEEN_APPS.split(each) if app)
    if any(app.casefold() in _EVERYWHERE for app in apps):
        return () if len(apps) == 1 else None
    # A list that names nothing is not one for all apps.
    return apps or None


def _spell_app(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None
