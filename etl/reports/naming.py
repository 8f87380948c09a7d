"""Which names of events may stand on a page: those that many share and that nobody's device made up.

An app can put anything into an event's name, a person's id included. So a name is shown only if it is
spelled like one and frequent; what remains is told as "other".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from etl.appsflyer.masking import mask_ids
from etl.reports.figures import NamedEvents

OTHER: Final = "other"
# A name of fewer events than this may be one person's.
LEAST_EVENTS: Final = 20
MOST_NAMES: Final = 8
MOST_CHARACTERS: Final = 60

# Runs of digits number things or people; long hexadecimal runs and addresses are ids.
_GENERATED: Final = re.compile(
    r"\d{5}|@|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])(?<![0-9a-z])[0-9a-f]{8,}(?![0-9a-z])", re.IGNORECASE
)


def is_presentable(name: str) -> bool:
    """Tell whether a name is spelled like one that a developer chose."""
    is_clean = name.isprintable() and 0 < len(name) <= MOST_CHARACTERS
    return is_clean and not _GENERATED.search(name) and mask_ids(name) == name


def group_names(counts: Iterable[NamedEvents]) -> tuple[NamedEvents, ...]:
    """Keep each app's most frequent names, most events first, and add up the rest as "other"."""
    by_app = groupby(sorted(counts, key=_place), key=lambda each: each.app_id)
    return tuple(kept for app_id, names in by_app for kept in _group(app_id, list(names)))


def present_subject(subject: str) -> str:
    """Give a check's subject as the page may show it: a name of the schema, a prefix, a zone, an event."""
    return subject if not subject or is_presentable(subject) else OTHER


def present_detail(detail: str, subject: str) -> str:
    """Give a check's sentence without what the page may not show."""
    shown = present_subject(subject)
    return mask_ids(detail if shown == subject else detail.replace(subject, shown))


def _place(each: NamedEvents) -> tuple[str, int, str]:
    return each.app_id, -each.events, each.event_name


def _group(app_id: str, names: list[NamedEvents]) -> list[NamedEvents]:
    shown = [each for each in names if each.events >= LEAST_EVENTS and is_presentable(each.event_name)]
    shown = [each for each in shown if each.event_name != OTHER][:MOST_NAMES]
    rest = sum(each.events for each in names) - sum(each.events for each in shown)
    days = max((each.days for each in names if each not in shown), default=0)
    return [*shown, NamedEvents(app_id, OTHER, rest, days)] if rest else shown
