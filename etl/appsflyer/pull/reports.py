"""Which raw-data report a Pull API file is, which events it holds, and for which days it was made.

Vendor document followed: "AppsFlyer: Pull API raw data" (reports, `from`, `to`, `timezone`, `maximum_rows`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from etl.appsflyer.topics import Topic

# What `maximum_rows` may be: a file of just so many rows was probably cut there.
ROW_CAPS: Final = (200_000, 1_000_000)
_DAY: Final = re.compile(r"(?<!\d)(20\d\d-[01]\d-[0-3]\d)(?!\d)")
_ORGANIC: Final = frozenset({"", "organic"})


@dataclass(frozen=True, slots=True)
class Report:
    """A raw-data report: its name in the Pull API's address, and the events that it holds.

    `is_organic` says whether these are organic; None, where both are in it. `event_type` is what a Push
    message of such an event tells in the field of that name, where one value fits all.
    """

    name: str
    topics: frozenset[Topic]
    is_organic: bool | None
    event_type: str | None
    spellings: tuple[str, ...]

    def holds_source(self, media_source: str | None) -> bool:
        """Tell whether an event of this media source is due in the report."""
        is_organic = (media_source or "").strip().casefold() in _ORGANIC
        return self.is_organic is None or self.is_organic is is_organic


def _report(
    name: str, topics: set[Topic], event_type: str | None, *spellings: str, is_organic: bool | None
) -> Report:
    return Report(name, frozenset(topics), is_organic, event_type, (name, *spellings))


_ALL: Final = (
    _report("installs_report", {Topic.INSTALL}, "install", "installs", is_organic=False),
    _report(
        "organic_installs_report", {Topic.INSTALL}, "organic-install", "organic_installs", is_organic=True
    ),
    _report(
        "in_app_events_report",
        {Topic.INSTALL_IN_APP_EVENT},
        "install-in-app-event",
        "in_app_events",
        is_organic=False,
    ),
    _report(
        "organic_in_app_events_report",
        {Topic.INSTALL_IN_APP_EVENT},
        "organic-install-in-app-event",
        "organic_in_app_events",
        is_organic=True,
    ),
    _report("reinstalls", {Topic.REINSTALL}, "reinstall", is_organic=False),
    _report(
        "reinstalls_organic", {Topic.REINSTALL}, "organic-reinstall", "organic_reinstalls", is_organic=True
    ),
    _report(
        "installs_retarget",
        {Topic.RE_ENGAGEMENT, Topic.RE_ATTRIBUTION},
        None,
        "retargeting_conversions",
        "conversions_retargeting",
        is_organic=None,
    ),
    _report(
        "in_app_events_retarget",
        {Topic.RE_ENGAGEMENT_IN_APP_EVENT, Topic.RE_ATTRIBUTION_IN_APP_EVENT},
        None,
        "retargeting_in_app_events",
        "in_app_events_retargeting",
        is_organic=None,
    ),
)
REPORTS: Final[Mapping[str, Report]] = MappingProxyType({each.name: each for each in _ALL})
# The longest first: the shorter ones are parts of them.
_SPELLINGS: Final = sorted(
    ((spelling, each) for each in _ALL for spelling in each.spellings), key=lambda pair: -len(pair[0])
)


def find_report(name: str) -> Report | None:
    """Find the report by a file's key, or by the name that a person gave; None where none is named."""
    text = re.sub(r"[\s\-]+", "_", name.casefold()).replace("non_organic_", "")
    return next((report for spelling, report in _SPELLINGS if spelling in text), None)


def find_days(name: str) -> tuple[date, date] | None:
    """Find the first and the last day that a file was made for, by the two days in its name."""
    found = _DAY.findall(name.rpartition("/")[2])
    try:
        first, last = (date.fromisoformat(each) for each in found)
    except ValueError:
        return None
    return (first, last) if first <= last else None
