"""Small landings whose events were written down by hand, one folder each.

A case is `landing/`, `expect.json` (columns, rows in the order of their messages, how many occurrences, and
quarantine as position, reason and field) and, where its source is special, `ingest.json` with its settings.
"""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl.settings.models import Ingest
from tests.survival.landing import Lake, Landing

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/expect.json"))


def read_rules(case: Path) -> Ingest:
    """Read the settings that a case needs."""
    rules = case / "ingest.json"
    return Ingest(workers=1, **(json.loads(rules.read_text()) if rules.exists() else {}))


def ingest_case(case: Path, root: Path) -> Lake:
    """Ingest a case's landing twice, which is the same as once."""
    landing = Landing(root, read_rules(case))
    files = [path for path in (case / "landing").rglob("*") if path.is_file()]
    landing.land({str(path.relative_to(case / "landing")): path.read_bytes() for path in files})
    landing.run()
    assert landing.run().run_id is None
    return landing.read()


def spell(value: object) -> object:
    """Write a value as `expect.json` does."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
    return value if isinstance(value, bool | int | list | dict | None) else str(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_landing_gives_the_events_that_were_written_down(case: Path, tmp_path: Path) -> None:
    """Row for row and column for column, what is set aside included."""
    expected: dict[str, Any] = json.loads((case / "expect.json").read_text())
    lake = ingest_case(case, tmp_path)
    events = sorted(lake.events, key=lambda row: row["source_position"])
    assert [[spell(row[name]) for name in expected["columns"]] for row in events] == expected["events"]
    assert len({row["occurrence_id"] for row in events}) == expected["occurrences"]
    kept = sorted(lake.quarantine, key=lambda row: row["source_position"])
    assert [[row["source_position"], row["reason"], row["field"]] for row in kept] == expected["quarantine"]


def test_amounts_are_written_with_all_their_decimals() -> None:
    """What is compared is the decimal itself, not a float."""
    assert spell(Decimal("4.9900000000")) == "4.9900000000"
