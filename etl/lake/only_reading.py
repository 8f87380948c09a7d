"""Tell queries that only read the lake: DuckDB may open files itself for these alone.

A kind of statement does not tell: DuckDB takes `with x as (copy … to 'file') from x` for a select, and a name
such as 'x.csv' for a table. So its own parser gives the query's tree, in which every step and table function
has to be one that is known here, every table a plain name, and no function one that acts. Of functions there
are hundreds: those of one version were tried with files in reach, so of another version nothing is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import duckdb

_STEPS: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_FUNCTIONS: Final = frozenset({"unnest", "range", "generate_series"})
_STEP: Final = "_NODE"
# What binds a text that it is given, with the files that it names; what keeps something; what waits.
_ACTING: Final = frozenset(
    {
        *("json_serialize_plan", "json_serialize_sql", "json_deserialize_sql", "json_execute_serialized_sql"),
        *("write_log", "setseed", "nextval", "sleep_ms", "pg_sleep"),
    }
)
EXAMINED: Final = "2.0.0"
"""The version of DuckDB whose functions and query trees were looked through."""
# DuckDB's parser falls over texts of a depth that takes more.
_LONGEST: Final = 100_000
# What no file is called that DuckDB would take for a table; nor may a schema stand before it, as in x.csv.
_PLAIN: Final = re.compile(r'"?\w*"?')
_WORD: Final = re.compile(r"\w+")
_TELLING: Final = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
_QUALIFIERS: Final = ("schema_name", "catalog_name")
NO_EXTENSIONS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""How to connect: with functions of extensions, DuckDB would read more than files."""


def only_reads(query: str) -> bool:
    """Tell whether a text is one query that can do nothing but read the tables; False where it is not known.

    Also false for an error, which is DuckDB's to tell, and for what is harmless but no query, as `explain`.
    """
    if duckdb.__version__ != EXAMINED or len(query) > _LONGEST:
        return False
    with duckdb.connect(config=NO_EXTENSIONS) as parser:
        try:
            found = parser.execute("select json_serialize_sql($query)", {"query": query}).fetchone()
            tree: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
            return (
                not tree["error"] and len(tree["statements"]) == 1 and all(map(_is_known, _find_parts(tree)))
            )
        # Also one of a depth that nobody writes by hand.
        except (duckdb.Error, RecursionError):
            return False


def keeps_nothing(query: str) -> bool:
    """Tell whether a text, run or refused, leaves a connection as it was; False where it is not known.

    Of a text that cannot be parsed nothing is run. What is explained is not, unless it is analyzed.
    """
    if len(query) > _LONGEST:
        return False
    words = set(_WORD.findall(query.casefold()))
    try:
        kinds = {each.type for each in duckdb.extract_statements(query)}
    except duckdb.Error:
        return True
    return words.isdisjoint(_ACTING) and (
        kinds <= {duckdb.StatementType.SELECT} or (kinds <= _TELLING and "analyze" not in words)
    )


def _find_parts(tree: object) -> Iterator[dict[str, Any]]:
    """Give each part of a tree."""
    if isinstance(tree, dict):
        yield tree
        for each in tree.values():
            yield from _find_parts(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _find_parts(each)


def _is_known(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    if kind == "TABLE_FUNCTION" and part["function"]["function_name"] not in _TABLE_FUNCTIONS:
        return False
    if isinstance(kind, str) and kind.endswith(_STEP) and kind not in _STEPS:
        return False
    if str(part.get("function_name", "")).casefold() in _ACTING:
        return False
    return bool(_PLAIN.fullmatch(part.get("table_name", ""))) and not any(map(part.get, _QUALIFIERS))
