"""Writes `docs/quality.md` from the authorities: `python -m etl.quality.document`."""

from collections.abc import Iterable
from pathlib import Path

from etl.appsflyer.row_rules import FLAG_RULES, QUARANTINE_RULES, RowRule

QUALITY_PAGE = Path(__file__).parents[2] / "docs" / "quality.md"

_INTRODUCTION = """\
# Rules of data quality

Made by `python -m etl.quality.document` from `etl/appsflyer/row_rules.py`; change that, not this page.

Every row that could be read is judged by each of these rules. Codes are stable: a rule may be added, its
code never changes its meaning. `pushlift ingest --reprocess` judges rows that are published already by the
rules of today.
"""
_QUARANTINE = """\
## Set aside

The message goes to the table `quarantine` with the code as its `reason`, the field that is to blame, all
fields that it had, its bytes, and the object and position that it came from. The first rule that it breaks
counts.

"""
_FLAGS = """\
## Flagged

The row is published, with the code in `quality_flags`, which is null in a healthy row. `…` stands for the
field's name. A flag says what is odd, not which of the fields is wrong. The vendor's "Send Test" message is
full of placeholders, so none but the first rules, down to `unparsable:…`, flags it.

"""


def render_quality_markdown() -> str:
    """Render the page about the rules: a table of those that set a message aside, one of those that flag."""
    return "\n".join(
        (_INTRODUCTION, _QUARANTINE + _render_rules(QUARANTINE_RULES), _FLAGS + _render_rules(FLAG_RULES))
    )


def write_quality_page(path: Path = QUALITY_PAGE) -> None:
    """Write the page, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_quality_markdown(), encoding="utf-8")


def _render_rules(rules: Iterable[RowRule]) -> str:
    header = "| code | severity | fields | meaning |\n|---|---|---|---|\n"
    return header + "".join(map(_render_rule, rules))


def _render_rule(rule: RowRule) -> str:
    code = f"{rule.name}:…" if rule.is_per_field else rule.name
    fields = ", ".join(f"`{field}`" for field in rule.fields)
    return f"| `{code}` | {rule.severity} | {fields} | {rule.meaning} |\n"


if __name__ == "__main__":
    write_quality_page()
