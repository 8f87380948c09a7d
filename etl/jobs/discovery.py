"""Find the landed objects that a run shall read, and share them out.

Imports nothing heavy: an hour in which nothing landed costs a listing and one query.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from etl.settings.models import Ingest
from etl.stores import LandedObject, Store, list_objects

if TYPE_CHECKING:
    from etl.ledger.database import Ledger

# `2026/09/01/13/`, `2026-09-01-13.`, `dt=2026-09-01/hour=13/`, `year=2026/month=09/day=01/`,
# `20260901T135958`.
# After a slash two digits are an hour; more of them are a name.
LANDED_AT: Final = (
    r"(?<!\d)(?:year=)?(?P<year>20\d\d)[-/_]?(?:month=)?(?P<month>0[1-9]|1[0-2])"
    r"[-/_]?(?:day=)?(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:(?:/(?:hour=|hr=|h=)?(?=\d\d(?!\d))|[-_T]?(?=(?:\d\d){1,3}(?!\d)))(?P<hour>[01]\d|2[0-3])|(?!\d))"
)


@dataclass(frozen=True, slots=True)
class RunObject:
    """A landed object of a run.

    `ordinal` is its place in it, `landed_at` when it landed as far as its key or its store tell.

    `landed_by` is the latest that can mean: the end of the key's hour or day, or the store's own time if that
    is later.
    """

    ordinal: int
    landed: LandedObject
    landed_at: datetime
    landed_by: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """Which objects to take, by the time they landed: from `since` up to, and without, `until`."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, landed_at: datetime) -> bool:
        """Tell whether an instant is inside."""
        return (self.since is None or landed_at >= self.since) and (
            self.until is None or landed_at < self.until
        )


def discover_objects(  # noqa: PLR0913 - two stores, the rules and three independent choices
    landing: Store,
    ledger: Ledger,
    rules: Ingest,
    window: Window,
    *,
    is_reprocess: bool,
    uris: frozenset[str] | None = None,
) -> tuple[RunObject, ...]:
    """List the objects to read, those not finished or (when reprocessing) all, by the time they landed.

    Where `uris` are given, no others are taken.
    """
    from etl.ledger.objects import unfinished_objects
    from etl.ledger.rewrites import find_rewriting

    pattern = re.compile(rules.landed_at_pattern or LANDED_AT)
    dated = [(each, *date_object(each, pattern)) for each in list_chosen(landing, uris)]
    chosen = [item for item in dated if window.holds(item[1])]
    if not is_reprocess:
        # Asked after the listing: an object that was replaced by then is noted, or known by its new version.
        rewriting = find_rewriting(ledger)
        wanted = set(unfinished_objects(ledger, ((each.uri, each.version) for each, _, _ in chosen)))
        chosen = [
            item
            for item in chosen
            if (item[0].uri, item[0].version) in wanted and item[0].uri not in rewriting
        ]
    chosen.sort(key=lambda item: (item[1], item[0].key))
    return tuple(RunObject(ordinal, *item) for ordinal, item in enumerate(chosen))


def list_chosen(landing: Store, uris: frozenset[str] | None) -> Iterator[LandedObject]:
    """List all objects, or those of some URIs that are still there.

    Only what these have in common is listed.
    """
    if uris is None:
        yield from list_objects(landing)
        return
    keys = [uri.removeprefix(landing.uri_of("")) for uri in uris if uri.startswith(landing.uri_of(""))]
    # No key in common means nothing to list, not everything; and a prefix may end in the middle of a name.
    listed = list_objects(landing, os.path.commonprefix(keys)) if keys else iter(())  # noqa: RUF071
    yield from (each for each in listed if each.uri in uris)


def date_object(landed: LandedObject, pattern: re.Pattern[str]) -> tuple[datetime, datetime]:
    """Tell when an object landed, and by when at the latest.

    By the date and hour in its key, else by the store's own time.
    """
    for match in pattern.finditer(landed.key):
        start = _read_date(match)
        if start is not None:
            length = timedelta(hours=1) if match["hour"] else timedelta(days=1)
            return start, max(start + length, landed.modified_at)
    return landed.modified_at, landed.modified_at


def _read_date(match: re.Match[str]) -> datetime | None:
    try:
        return datetime(
            int(match["year"]), int(match["month"]), int(match["day"]), int(match["hour"] or 0), tzinfo=UTC
        )
    except ValueError:
        return None


def share_out(
    objects: Sequence[RunObject], chunk_bytes: int, max_chunks: int, workers: int = 1
) -> list[tuple[RunObject, ...]]:
    """Share objects out in chunks of about equal bytes, each a run of neighbours.

    About `chunk_bytes` each, but at least `workers` chunks where there are as many objects, and at most
    `max_chunks`.
    """
    total = max(1, sum(each.landed.size for each in objects))
    wanted = min(max(workers, -(-total // chunk_bytes)), max_chunks)
    chunks: dict[int, list[RunObject]] = {}
    reached = 0
    for each in objects:
        # The chunk that the middle of the object falls into.
        place = min((2 * reached + each.landed.size) * wanted // (2 * total), wanted - 1)
        chunks.setdefault(place, []).append(each)
        reached += each.landed.size
    return [tuple(chunk) for chunk in chunks.values()]
