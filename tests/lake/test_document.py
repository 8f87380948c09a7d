from pathlib import Path

from etl.appsflyer.clock_issues import Issue
from etl.lake.document import DICTIONARY_PAGE, render_dictionary, write_dictionary
from etl.lake.library import VIEWS
from etl.lake.meanings import ISSUE_MEANINGS, VIEW_COLUMNS, list_explained
from etl.lake.opt_out_progress import PROGRESS
from etl.lake.reading import OPT_OUT_PROGRESS, Lake, connect_duckdb
from etl.lake.tables import EVENTS, POSTBACKS, TABLES
from tests.services.worlds import World


def test_page_is_current() -> None:
    """The page in docs/ is what the authorities say now; `python -m etl.lake.document` makes it so."""
    assert DICTIONARY_PAGE.read_text(encoding="utf-8") == render_dictionary()


def test_each_column_is_explained_once() -> None:
    """Those of every table, in its order, and no other."""
    for table in TABLES:
        if table is not EVENTS:
            assert list_explained(table.name) == table.schema.names
    assert list_explained(OPT_OUT_PROGRESS) == PROGRESS.names
    rows = [line for line in render_dictionary().splitlines() if line.startswith("| `")]
    columns = sum(len(table.schema) for table in TABLES) + len(PROGRESS)
    assert len(rows) == columns + len(VIEW_COLUMNS) + len(Issue)
    assert set(ISSUE_MEANINGS) == set(Issue)
    assert not [row for row in rows if row.rstrip(" |").endswith("`")]


def test_what_views_add_is_explained(local_world: World) -> None:
    """Every column of a view is one of its table's, or is explained as the view's own."""
    connection = connect_duckdb(Lake(local_world.lake))
    known = {*EVENTS.schema.names, *POSTBACKS.schema.names}
    added = {name for view in VIEWS for name in connection.table(view).columns} - known
    connection.close()
    assert added == set(VIEW_COLUMNS)


def test_page_is_written_anew(tmp_path: Path) -> None:
    """Writing the page makes its folder and replaces what was there."""
    page = tmp_path / "docs" / "data-dictionary.md"
    for _ in range(2):
        write_dictionary(page)
    assert page.read_text(encoding="utf-8") == render_dictionary()
