"""The small lake, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from etl.lake.library import find_query
from etl.lake.reading import Lake, connect_duckdb
from tests.sql.small_lake import make_small_lake


@pytest.fixture(scope="session")
def small_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Give the lake; nothing may change it."""
    return make_small_lake(tmp_path_factory.mktemp("small-lake"))


@pytest.fixture(scope="module")
def answer(small_lake: Lake) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Answer a query of the library."""
    connection = connect_duckdb(small_lake)
    yield lambda name: connection.sql(find_query(name).text).fetchall()
    connection.close()
