"""Which columns an expectation's arguments name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

_SINGLE: Final = ("column", "column_A", "column_B")
_MANY: Final = ("column_list", "column_set")
_COMPARED: Final = ("column_pair", "multicolumn", "select_column_values")


def columns_named(kwargs: Mapping[str, Any], offered: Collection[str]) -> Iterator[str]:
    """Give the columns that arguments name; of a row condition, those of the offered that stand in it."""
    yield from (str(kwargs[key]) for key in _SINGLE if key in kwargs)
    for key in _MANY:
        names = kwargs.get(key)
        yield from map(str, names if isinstance(names, list) else ())
    yield from sorted(_words(kwargs.get("row_condition")) & set(offered))


def text_columns_named(type_: str, kwargs: Mapping[str, Any]) -> Iterator[str]:
    """Give the columns whose values the expectation compares with those of another column."""
    if any(part in type_ for part in _COMPARED):
        yield from columns_named({key: value for key, value in kwargs.items() if key != "row_condition"}, ())


def _words(condition: object) -> set[str]:
    """Find the words of a condition, which is a text or nested objects."""
    if isinstance(condition, Mapping):
        return set().union(*map(_words, condition.values()))
    if isinstance(condition, list):
        return set().union(*map(_words, condition))
    return set(re.findall(r"\w+", condition)) if isinstance(condition, str) else set()
