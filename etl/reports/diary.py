"""The drift diary: what appeared in an app's messages or vanished from them, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from etl.appsflyer.masking import mask_ids
from etl.reports.figures import QualityFigures, Sighting
from etl.reports.naming import present_subject

KINDS: Final[Mapping[str, str]] = {
    "field": "field",
    "shape": "values of a field",
    "issue": "texts that cannot be read",
    "zone": "time zone",
    "clock": "doubtful times",
}
_JOINTS: Final[Mapping[str, str]] = {"shape": "as", "clock": "in"}
# A person reads no more; the lake's table has all of them.
MOST_ENTRIES: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the diary; `left` and `width` place the time it was seen within the diary's, in per cent."""

    app_id: str
    what: str
    kind: str
    prefix: str
    change: str
    first_seen: datetime
    last_seen: datetime
    rows: int
    present: int
    left: float
    width: float


def write_diary(figures: QualityFigures) -> tuple[Entry, ...]:
    """Write the diary, the latest change first."""
    sightings = sorted(figures.sightings, key=changed_at, reverse=True)[:MOST_ENTRIES]
    if not sightings:
        return ()
    start = min(each.first_seen for each in sightings)
    length = max(each.last_seen for each in sightings) - start or timedelta(seconds=1)
    return tuple(_write_entry(each, start, length) for each in sightings)


def changed_at(sighting: Sighting) -> datetime:
    """Give when the change was seen: the first time it was there, or the last."""
    return sighting.first_seen if sighting.change == "appeared" else sighting.last_seen


def _write_entry(each: Sighting, start: datetime, length: timedelta) -> Entry:
    name, value = present_subject(each.name), present_subject(each.value)
    return Entry(
        each.app_id,
        f"{name} {_JOINTS.get(each.kind, '=')} {value}" if value else name,
        KINDS.get(each.kind, each.kind),
        mask_ids(each.prefix),
        each.change,
        each.first_seen,
        each.last_seen,
        each.rows,
        each.present,
        100 * ((each.first_seen - start) / length),
        100 * ((each.last_seen - each.first_seen) / length),
    )
