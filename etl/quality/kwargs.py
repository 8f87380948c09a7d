"""Which columns an expectation's arguments name, and what it makes of their values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import IntFlag
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


class Use(IntFlag):
    """What an expectation makes of a column's values."""

    NAME = 0
    PRESENCE = 1
    EQUALITY = 2
    VALUE = 4
    COMPARISON = 8


def uses_of(type_: str, kwargs: Mapping[str, Any], offered: Collection[str]) -> Iterator[tuple[str, Use]]:
    """Give each column that an expectation names, with what it makes of its values."""
    condition = kwargs.get("row_condition")
    plain = {key: value for key, value in kwargs.items() if key != "row_condition"}
    use = _USES.get(type_, Use.COMPARISON if any(part in type_ for part in _COMPARED) else Use.VALUE)
    yield from ((column, use) for column in columns_named(plain, offered))
    yield from ((column, Use.VALUE) for column in columns_named({"row_condition": condition}, offered))


_USES: Final[Mapping[str, Use]] = {
    "expect_table_columns_to_match_set": Use.NAME,
    "expect_table_columns_to_match_ordered_list": Use.NAME,
    "expect_column_to_exist": Use.NAME,
    "expect_column_values_to_be_null": Use.PRESENCE,
    "expect_column_values_to_not_be_null": Use.PRESENCE,
    "expect_column_proportion_of_non_null_values_to_be_between": Use.PRESENCE,
    "expect_column_values_to_be_unique": Use.EQUALITY,
    "expect_column_unique_value_count_to_be_between": Use.EQUALITY,
    "expect_column_proportion_of_unique_values_to_be_between": Use.EQUALITY,
    "expect_compound_columns_to_be_unique": Use.EQUALITY,
}


def _words(condition: object) -> set[str]:
    """Find the words of a condition, which is a text or nested objects."""
    if isinstance(condition, Mapping):
        return set().union(*map(_words, condition.values()))
    if isinstance(condition, list):
        return set().union(*map(_words, condition))
    return set(re.findall(r"\w+", condition)) if isinstance(condition, str) else set()
