"""A folder of suites with one expectation, and worlds that audit by it."""

import json
from pathlib import Path
from typing import Final

from etl.jobs.reports import IngestReport
from etl.settings.models import Quality
from tests.services.worlds import KEY, World, messages

GOOD: Final = "id1234567890"
BAD: Final = "com.bad"
# The event name that the suite forbids.
PLANTED: Final = "planted_defect"
LATER: Final = "push/2026/09/01/14/b.json.gz"


def write_suites(folder: Path, severity: str = "critical", column: str = "event_name") -> Path:
    """Write suites of which one forbids an event name; `warning` makes it advisory."""
    forbids = {
        "type": "expect_column_values_to_not_be_in_set",
        "kwargs": {"column": column, "value_set": [PLANTED]},
        "severity": severity,
        "meta": {"notes": "This event name is planted by the tests."},
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("events", "batch", "loads"):
        suite: dict[str, object] = {"name": name, "expectations": [forbids] if name == "events" else []}
        (folder / f"{name}.json").write_text(json.dumps(suite), encoding="utf-8")
    return folder


def audited_by(world: World, suites: Path, **quality: object) -> World:
    """Give the same world, audited by a folder of suites."""
    settings = Quality.model_validate({"expectations": suites, **quality})
    return World(world.settings.model_copy(update={"quality": settings}))


def land_bad(world: World, *, planted: int = 1, key: str = KEY) -> None:
    """Land eight good rows, a duplicate and junk, and five rows of the bad app, some with the defect."""
    bad = messages(range(planted), app_id=BAD, event_name=PLANTED)
    fine = messages(range(planted, 5), app_id=BAD)
    world.land([*messages(range(8)), *messages([1]), *bad, *fine, b"no json"], key)


def held_batch_of(report: IngestReport) -> str:
    """Give the id of the one batch that a run held."""
    (held,) = report.held_apps
    return held.batch_id
