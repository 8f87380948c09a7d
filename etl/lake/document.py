"""Writes `docs/data-dictionary.md` from the authorities: `python -m etl.lake.document`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa

from etl.lake.meanings import ISSUE_MEANINGS, PURPOSES, VIEW_COLUMNS, explain_column, mark_personal
from etl.lake.opt_out_progress import PROGRESS
from etl.lake.reading import OPT_OUT_PROGRESS
from etl.lake.spelling import DUCKDB
from etl.lake.tables import TABLES, Table

DICTIONARY_PAGE: Final = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

_INTRODUCTION: Final = """\
# Data dictionary

Made by `python -m etl.lake.document` from `etl/appsflyer/fields.py`, `etl/lake/tables.py` and
`etl/lake/meanings.py`; change those, not this page.

The lake's tables are Delta tables; types are DuckDB's names, `timestamp with time zone` is an instant in UTC.
A column is null where nothing is known: absent, `null` and empty text mean the same. **id** marks what leads
to a person, **yes** other personal data; both are reached by erasure. Which number answers which question is
told in [which-number.md](which-number.md); V1.0 names and macros of AppsFlyer's fields stand in
[fields.md](fields.md), codes of `quality_flags` and of `quarantine.reason` in [quality.md](quality.md).
"""
_VIEWS: Final = """\
## Views

`sql/views.sql` makes them; all are without the vendor's test messages. `events_local` has all columns of
`events`, and `occurrences`, `conversions`, `installs` and `purchases` all of `events_local`, a row an
occurrence; `postback_outcomes` has those of `postbacks`. They add:

| column | meaning |
|---|---|
"""
_ISSUES: Final = """\
## Clock issues

What `clock_issues` says of a row. Of other times than `event_time` the field follows, as in
`local_disagrees:install_time`.

| issue | meaning |
|---|---|
"""


def render_dictionary() -> str:
    """Render the page: a section a table, then the views' columns and the clock issues."""
    tables = [_render_table(table) for table in TABLES]
    return "\n".join([_INTRODUCTION, *tables, _render_progress(), _render_views(), _render_issues()])


def write_dictionary(path: Path = DICTIONARY_PAGE) -> None:
    """Write the page, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_dictionary(), encoding="utf-8")


def _render_table(table: Table) -> str:
    folders = ", ".join(f"`{name}`" for name in table.partition_by)
    layout = f"Partitions: {folders}. " if folders else ""
    ranges = ", ".join(f"`{name}`" for name in table.statistics)
    head = f"## {table.name}\n\n{PURPOSES[table.name]} {layout}Ranges in the log: {ranges}.\n\n"
    rows = (_describe_column(table, each) for each in table.schema)
    return head + "| column | type | personal | meaning |\n|---|---|---|---|\n" + _render_rows(rows)


def _describe_column(table: Table, column: pa.Field) -> tuple[str, ...]:
    kind, mark = DUCKDB.spell(column.type), mark_personal(table, column.name)
    return f"`{column.name}`", kind, mark, explain_column(table.name, column.name)


def _render_progress() -> str:
    head = f"## {OPT_OUT_PROGRESS}\n\n{PURPOSES[OPT_OUT_PROGRESS]}\n\n"
    return (
        head
        + "| column | type | meaning |\n|---|---|---|\n"
        + _render_rows(map(_describe_progress, PROGRESS))
    )


def _describe_progress(column: pa.Field) -> tuple[str, ...]:
    return f"`{column.name}`", DUCKDB.spell(column.type), explain_column(OPT_OUT_PROGRESS, column.name)


def _render_views() -> str:
    return _VIEWS + _render_rows((f"`{name}`", meaning) for name, meaning in VIEW_COLUMNS.items())


def _render_issues() -> str:
    return _ISSUES + _render_rows((f"`{issue}`", meaning) for issue, meaning in ISSUE_MEANINGS.items())


def _render_rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    write_dictionary()
