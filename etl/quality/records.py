"""Checks as rows of the lake and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from etl.lake.tables import CHECKS
from etl.quality.checks import Check, Severity, Verdict

# The rule of the one row that says how an app's day was audited as a whole.
AUDIT_RULE = "audit"


def checks_table(checks: Sequence[Check], run_id: str, checked_at: datetime) -> pa.Table:
    """Make the rows of `checks`."""
    of_run = {"run_id": run_id, "checked_at": checked_at}
    return pa.Table.from_pylist([asdict(check) | of_run for check in checks], CHECKS.schema)


def check_to_json(check: Check) -> dict[str, Any]:
    """Give a check as what JSON knows."""
    return asdict(check) | {"event_date": None if check.event_date is None else str(check.event_date)}


def check_from_json(found: Mapping[str, Any]) -> Check:
    """Read what `check_to_json` gave."""
    day = found["event_date"]
    read = {
        "severity": Severity(found["severity"]),
        "verdict": Verdict(found["verdict"]),
        "event_date": None if day is None else date.fromisoformat(day),
    }
    return Check(**{**found, **read})
