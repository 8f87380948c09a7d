"""What the peers know of the messages beforehand, as somebody would write it down after looking at some."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

TIMES = (
    "event_time",
    "install_time",
    "device_download_time",
    "attributed_touch_time",
    "contributor_1_touch_time",
    "contributor_2_touch_time",
    "contributor_3_touch_time",
    "gp_click_time",
    "gp_install_begin",
)
BOOLEANS = (
    "is_lat",
    "wifi",
    "is_receipt_validated",
    "is_retargeting",
    "is_primary_attribution",
    "store_reinstall",
)
MONEY = (
    "af_cost_value",
    "cost_in_selected_currency",
    "event_revenue",
    "event_revenue_usd",
    "revenue_in_selected_currency",
)
IDENTITY = ("app_id", "appsflyer_id", "event_name", "event_time", "event_value", "media_source")


def list_files(landing: Path) -> list[str]:
    """List the landed objects."""
    return sorted(str(path) for path in landing.rglob("*.gz"))


def read_names(file: str) -> list[str]:
    """Read the names of the columns from the first message."""
    with gzip.open(file) as lines:
        return list(json.loads(lines.readline()))
