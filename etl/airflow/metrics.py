"""Counters in Airflow's own metrics, whatever they are sent to (StatsD, Datadog, OpenTelemetry).

`pushlift.postbacks.<mode>.<delivered|refused|unknown|excluded|attempts>`, tagged with the app where the
metrics have tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COUNTED: Final = ("delivered", "refused", "unknown", "excluded", "attempts")


def count_postbacks(mode: str, app_id: str, counts: Mapping[str, int]) -> None:
    """Add what happened to the counters; names that are no counter, and zeros, are left out."""
    from airflow.sdk.observability import stats  # noqa: PLC0415 - the command line has no Airflow

    for name in COUNTED:
        if count := counts.get(name, 0):
            stats.incr(f"pushlift.postbacks.{mode}.{name}", count, tags={"app_id": app_id})
