from pathlib import Path

from etl.appsflyer.row_rules import ROW_RULES
from etl.quality.document import QUALITY_PAGE, render_quality_markdown, write_quality_page


def test_page_is_current() -> None:
    """The page in docs/ is what the authority says now; `python -m etl.quality.document` makes it so."""
    assert QUALITY_PAGE.read_text(encoding="utf-8") == render_quality_markdown()


def test_page_names_every_rule() -> None:
    """Each rule has its row, with its severity and its sentence."""
    rows = [line for line in render_quality_markdown().splitlines() if line.startswith("| `")]
    assert len(rows) == len(ROW_RULES)
    for row, rule in zip(rows, ROW_RULES, strict=True):
        assert row.startswith(f"| `{rule.name}")
        assert f"| {rule.severity} |" in row
        assert row.endswith(f"| {rule.meaning} |")
        assert row.count("|") == 5


def test_page_is_written_anew(tmp_path: Path) -> None:
    """Writing the page makes its folder and replaces what was there."""
    page = tmp_path / "docs" / "quality.md"
    for _ in range(2):
        write_quality_page(page)
    assert page.read_text(encoding="utf-8") == render_quality_markdown()
