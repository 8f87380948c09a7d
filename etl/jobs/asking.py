"""Queries of our own that lie beside the code as `.sql` files, and their answers as rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

from etl.lake.reading import iterate_rows, query_lake
from etl.quality.checks import Severity, Verdict

QUALITY: Final = Path(__file__).with_name("quality_queries")
REPORTING: Final = Path(__file__).parent / "reporting" / "queries"


def read_query(folder: Path, name: str) -> str:
    """Read a query of a folder."""
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


def ask(connection: duckdb.DuckDBPyConnection, folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Ask a query of a folder, and give its rows."""
    reader = query_lake(connection, read_query(folder, name))
    if reader is not None:
        for row in iterate_rows(reader):
            yield dict(zip(reader.schema.names, row, strict=True))


def judge(row: dict[str, Any]) -> dict[str, Any]:
    """Give a check's row with its severity and verdict as what they are."""
    return row | {"severity": Severity(row["severity"]), "verdict": Verdict(row["verdict"])}
