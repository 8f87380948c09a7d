"""A world with a Pull folder: files dropped in it, compared, and gaps filled."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from etl.jobs.pulls.finding import PullRequest
from etl.jobs.pulls.story import FileReport, PullOptions, reconcile_pull
from tests.services.worlds import Row, World

NAME = "in-app-events.csv"
HEADERS: Mapping[str, str] = {
    "app_id": "App ID",
    "appsflyer_id": "AppsFlyer ID",
    "idfa": "IDFA",
    "customer_user_id": "Customer User ID",
    "event_name": "Event Name",
    "event_time": "Event Time",
    "event_value": "Event Value",
    "event_revenue": "Event Revenue",
    "event_revenue_currency": "Event Revenue Currency",
    "media_source": "Media Source",
    "platform": "Platform",
}


def record(row: Row, **cells: str) -> dict[str, str]:
    """Tell a message as the Pull API does: under display names, to the second."""
    told = {HEADERS[name]: str(value) for name, value in row.items() if name in HEADERS}
    return told | {"Event Time": str(row["event_time"])[:19]} | cells


def write_csv(records: Sequence[Mapping[str, str]], *more: str) -> bytes:
    """Write records under the usual headers, and some more."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*HEADERS.values(), *more], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()


def drop(world: World, data: bytes, name: str = NAME) -> Path:
    """Drop a file in the Pull folder."""
    path = Path(world.settings.storage.pull) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def compare(world: World, *names: str, is_filling: bool = False, **request: object) -> FileReport:
    """Compare the only file, or the named one."""
    asked = PullRequest(tuple(names), **request)  # type: ignore[arg-type]  # a test's own words
    (found,) = reconcile_pull(world.settings, asked, PullOptions(is_filling=is_filling)).files
    return found


def tell(found: FileReport) -> tuple[int, int, int, int]:
    """Give the totals: equal, differing, missing in Push, missing in Pull."""
    return found.equal, found.differing, found.missing_in_push, found.missing_in_pull
