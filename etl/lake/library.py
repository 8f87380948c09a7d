"""The analysts' views and queries of `sql/`: where they lie, and what each says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from etl.errors import UsageError

VIEWS: Final = (
    "events_local",
    "occurrences",
    "conversions",
    "installs",
    "purchases",
    "retargeting_pairs",
    "postback_outcomes",
)
_VIEWS_FILE: Final = "views.sql"
_QUESTION: Final = re.compile(r"\A-- Question:  (.+?)\n-- Columns:   ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LibraryQuery:
    """A query of the library: its name, the question that it answers, and its text, header included."""

    name: str
    question: str
    text: str


def find_sql_folder() -> Path:
    """Find the folder: inside the installed package, or at the top of the checkout."""
    packaged = Path(__file__).parents[1] / "sql"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "sql"


def read_views() -> str:
    """Read the statements that make the views."""
    return (find_sql_folder() / _VIEWS_FILE).read_text(encoding="utf-8")


def list_queries() -> list[LibraryQuery]:
    """List the queries by name."""
    paths = sorted(path for path in find_sql_folder().glob("*.sql") if path.name != _VIEWS_FILE)
    return [_read(path) for path in paths]


def find_query(name: str) -> LibraryQuery:
    """Find a query by its name; UsageError where there is none."""
    for query in list_queries():
        if query.name == name:
            return query
    raise UsageError(f"The library has no query {name!r}; `pushlift sql --list` names them.")


def _read(path: Path) -> LibraryQuery:
    text = path.read_text(encoding="utf-8")
    found = _QUESTION.match(text)
    question = re.sub(r"\s*\n--\s*", " ", found[1]) if found else ""
    return LibraryQuery(path.stem, question, text)
