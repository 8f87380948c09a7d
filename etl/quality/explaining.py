"""Write docs/suites.md: how suites are edited, what each expectation is for, and the rules of history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from etl.quality.history_rules import MEANINGS, HistoryRules
from etl.quality.offered import FIGURES
from etl.quality.suites import Suite, load_suites
from etl.quality.verdicts import spell_threshold

_HEAD = """\
# Suites and history

This page is generated: `python -m etl.quality.explaining > docs/suites.md`; a test compares it.

Before anything is published, each app's part of a run is judged by the suites below. A *required* expectation
(severity `critical`) that fails holds that app's rows back; the others are published. An *advisory* one
(`warning`, `info`) tells people.

## Editing the suites

Copy the folder `expectations/`, name it in the configuration, and edit the JSON:

```toml
[quality]
expectations = "expectations"
```

A suite is one of [Great Expectations](https://greatexpectations.io/expectations): any of its expectations
about rows and columns can be added, and none needs code.

```json
{
  "type": "expect_column_values_to_not_be_null",
  "kwargs": {"column": "campaign", "mostly": 0.5},
  "severity": "warning",
  "meta": {"rule": "mine.campaign_present", "least_rows": 500},
  "notes": "We buy by campaign."
}
```

- `severity` must stand there. `notes` is the reason, which people read when it fails.
- `meta.rule` is the name under which checks are kept; without it, suite, type and column are the name.
- `meta.least_rows`: with fewer judged values than that, a failure says nothing and passes.
- `row_condition` is a pandas query, with `"condition_parser": "pandas"`.
- Bounds of instants are written with their zone (`2026-09-01T00:00:00Z`), those of days without.
- Only the columns that a suite names are read. Texts, money, times and whole numbers are what they are in the
  lake; lists are their items joined by a comma, and `extra` is the names of its fields. An expectation costs
  about 10 ms an app, and more where it looks into long texts.
- A file that is not there expects nothing. A broken one ends the run before anything is read, and names file,
  expectation and the way out. An expectation that cannot be judged counts as failed.

No value of a row gets into a check: only counts, shares and numbers that are nobody's.
"""
_OF = {
    "events": "Judges the rows of one app that would be published. Its columns are those of `events`.",
    "batch": "Judges one row of figures about one app's batch.",
    "loads": "Judges the run's rows of `loads`, with `unaccounted` (messages that nothing accounts for) and"
    " `least_count` (the least of its counts). A required failure holds every app.",
}


def write_page() -> str:
    """Write the page."""
    return "\n".join(_write()) + "\n"


def _write() -> Iterator[str]:
    yield _HEAD
    for suite in load_suites(None):
        yield from _write_suite(suite)
    yield "### Figures of a batch\n"
    yield "| figure | meaning |\n|---|---|"
    yield from (f"| `{name}` | {meaning} |" for name, meaning in FIGURES.items())
    yield "\n## Rules of history\n"
    yield (
        "Judged against the lake's own past. All are advisory; name a rule in `quality.required` and it holds"
        " the batch back. Each tells a change once.\n"
    )
    yield "| rule | what it tells |\n|---|---|"
    yield from (f"| `{rule}` | {meaning} |" for rule, meaning in MEANINGS.items())
    yield "\n| knob | default |\n|---|---|"
    rules = HistoryRules()
    yield from (
        f"| `{each.name}` | {getattr(rules, each.name)} |"
        for each in fields(rules)
        if each.name != "required"
    )


def _write_suite(suite: Suite) -> Iterator[str]:
    yield f"## `{suite.name}.json`\n"
    yield f"{_OF[suite.name]}\n"
    yield "| rule | | wanted | why |\n|---|---|---|---|"
    for each in suite.expectations:
        of = each.kwargs.get("column") or ", ".join(
            each.kwargs[key] for key in ("column_A", "column_B") if key in each.kwargs
        )
        subject = f"`{of}`: " if of else ""
        wanted = spell_threshold(each).replace("|", "or")
        yield f"| `{each.rule_id}` | {each.severity} | {subject}{wanted} | {each.notes} |"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(write_page())
