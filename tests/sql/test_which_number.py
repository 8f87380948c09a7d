"""The queries of docs/which-number.md say on the small lake what the page says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from etl.lake.library import list_queries
from etl.lake.reading import Lake
from tests.sql.small_lake import day, usd

PAGE: Final = (Path(__file__).parents[2] / "docs" / "which-number.md").read_text(encoding="utf-8")
QUERIES: Final = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ANSWERS: Final[list[list[tuple[Any, ...]]]] = [
    # An evening's install in New York is of the 1st; the shop's and the game's others are of the 2nd.
    [(day(1), day(2), 1), (day(2), day(2), 4)],
    # Five rows: one sale is told twice.
    [(5, 4)],
    [("liftoff_int", 0), ("organic", None), ("retarget_int", 10)],
    [("liftoff_int", "retarget_int", 10)],
    # `Organic` is one spelling, and null none.
    [(False, 2, 1), (True, 3, 1)],
    [(10, usd("14.5"), 1)],
    [("install", 5), ("reinstall", 1)],
    [(1,)],
]


@pytest.mark.parametrize(("query", "wanted"), list(zip(QUERIES, ANSWERS, strict=True)))
def test_the_page_is_right(small_lake: Lake, query: str, wanted: list[tuple[Any, ...]]) -> None:
    """Each query gives what was counted by hand."""
    assert small_lake.query(query).fetchall() == wanted


def test_named_queries_are_in_the_library() -> None:
    """`--query NAME` of the page."""
    named = set(re.findall(r"--query (\w+)", PAGE))
    assert named
    assert named <= {query.name for query in list_queries()}
