"""Tell queries that only read: DuckDB may open the lake's files itself for these alone.

A kind of statement does not tell: DuckDB takes `with x as (copy … to 'file') from x` for a select. So its own
parser gives the query's tree, and every step and table function in it has to be one that is known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import duckdb

_STEPS: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_FUNCTIONS: Final = frozenset({"unnest", "range", "generate_series"})
_STEP: Final = "_NODE"


def only_reads(query: str) -> bool:
    """Tell whether a text is one query that can do nothing but read; False where that is not known.

    Also false for an error, which is DuckDB's to tell, and for what is harmless but no query, as `explain`.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as parser:
        try:
            found = parser.execute("select json_serialize_sql($query)", {"query": query}).fetchone()
        except duckdb.Error:
            return False
    tree: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
    return not tree["error"] and len(tree["statements"]) == 1 and all(map(_is_known, _find_parts(tree)))


def _find_parts(tree: object) -> Iterator[dict[str, Any]]:
    """Give each part of a tree that says of which type it is."""
    if isinstance(tree, dict):
        if isinstance(tree.get("type"), str):
            yield tree
        for each in tree.values():
            yield from _find_parts(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _find_parts(each)


def _is_known(part: dict[str, Any]) -> bool:
    if part["type"] == "TABLE_FUNCTION":
        return part["function"]["function_name"] in _TABLE_FUNCTIONS
    return part["type"] in _STEPS or not part["type"].endswith(_STEP)
