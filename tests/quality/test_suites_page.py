"""docs/suites.md is as the suites are."""

from pathlib import Path

from etl.quality.explaining import write_page


def test_the_page_is_current() -> None:
    """`python -m etl.quality.explaining > docs/suites.md` writes what stands there."""
    page = Path(__file__).parents[2] / "docs" / "suites.md"
    assert page.read_text(encoding="utf-8") == write_page()
