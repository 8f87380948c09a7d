from pathlib import Path

from etl.appsflyer.document import FIELDS_PAGE, render_fields_markdown, write_fields_page
from etl.appsflyer.fields import FIELDS, V1_ONLY, V1_SPECIAL


def test_page_is_current() -> None:
    """The page in docs/ is what the authority says now; `python -m etl.appsflyer.document` makes it so."""
    assert FIELDS_PAGE.read_text(encoding="utf-8") == render_fields_markdown()


def test_page_names_everything() -> None:
    """Every field has one row, and every V1.0 name is on the page."""
    lines = render_fields_markdown().splitlines()
    for field in FIELDS:
        assert sum(line.startswith(f"| `{field.name}`<br>") for line in lines) == 1
    assert all(f"`{name}`" in render_fields_markdown() for name in V1_ONLY | V1_SPECIAL.keys())


def test_rows_fit_their_table() -> None:
    """No cell's text breaks its table."""
    rows = [line for line in render_fields_markdown().splitlines() if "<br>" in line]
    assert {row.count("|") for row in rows} == {8}


def test_page_is_written_anew(tmp_path: Path) -> None:
    """Writing the page makes its folder and replaces what was there."""
    page = tmp_path / "docs" / "fields.md"
    for _ in range(2):
        write_fields_page(page)
    assert page.read_text(encoding="utf-8") == render_fields_markdown()
