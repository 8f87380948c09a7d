"""What a hit means: somebody who was erased is still here, or is where nobody said that they are not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from etl.jobs.proving.people import Sought
from etl.jobs.proving.searching import Reading
from etl.ledger.proving import Gone

# As long as upkeep leaves alone what runs spill, and drafts that nobody published.
SCRATCH_AGE: Final = timedelta(hours=24)
SHAPED: Final = frozenset({"idfa", "gaid", "idfv", "appsflyer_id", "sha1", "md5"})
"""Types of ids that are found wherever they stand; those of others are looked for in columns alone."""

_EXPECTED_UNREAD: Final = frozenset({"landing", "inbox"})
"""Objects that are not ours: one that is damaged, or that nobody can read, is no fault of an erasure."""


class Standing(StrEnum):
    """What a hit means, the worst first."""

    FOUND = "found"
    LEAVING = "leaving"
    KEPT = "kept"
    LANDING = "landing"
    PULLED = "pulled"
    INBOX = "inbox"
    OTHER_APP = "other_app"


SENTENCES: Final[Mapping[Standing, str]] = {
    Standing.FOUND: "somebody who was erased is here",
    Standing.LEAVING: "files that were replaced, or that runs left; upkeep deletes them past their time",
    Standing.KEPT: "ids that are kept in the ledger until Liftoff has answered",
    Standing.LANDING: "landed objects, which stay as they landed",
    Standing.PULLED: "files of the Pull API that came since; the next sweep writes them again",
    Standing.INBOX: "lists that are not taken in yet",
    Standing.OTHER_APP: "of an app for which no erasure was asked",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """That people were found in an object or column: how often at least, and the numbers of their requests.

    A digest of an id that is gone leads to no request.
    """

    store: str
    name: str
    standing: Standing
    count: int
    requests: tuple[int, ...] = ()
    has_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read of an object; it proves nothing."""

    store: str
    name: str
    why: str


def judge_readings(
    readings: Sequence[Reading], sought: Sought, owners: Mapping[str, Sequence[Gone]], now: datetime
) -> list[Hit]:
    """Say what each hit means, by object and meaning."""
    elsewhere = _find_elsewhere(readings, sought)
    hits = []
    for reading in readings:
        by_standing: dict[Standing, list[str]] = {}
        for found in sorted(reading.found):
            standing = _judge(reading, found, sought, owners[found], elsewhere, now)
            by_standing.setdefault(standing, []).append(found)
        hits += [_make_hit(reading, standing, found, owners) for standing, found in by_standing.items()]
    order = list(Standing)
    return sorted(hits, key=lambda each: (order.index(each.standing), each.store, each.name))


def list_unread(readings: Iterable[Reading]) -> list[Unread]:
    """List what could not be read where everything must be."""
    return [
        Unread(each.kind, each.name, why)
        for each in readings
        if each.kind not in _EXPECTED_UNREAD
        for why in each.unread
    ]


@dataclass(frozen=True, slots=True)
class Proven:
    """The numbers of requests of which nothing was found at all, and of those that only landing holds."""

    everywhere: tuple[int, ...]
    except_landing: tuple[int, ...]


def choose_proven(gone: Sequence[Gone], hits: Sequence[Hit], readings: Sequence[Reading]) -> Proven:
    """Choose the requests that are proven, given that nothing was found that must not be.

    A hit that leads to no request may be of any. Of ids without a shape landed bytes tell nothing.
    """
    is_blocked = _make_test(each for each in hits if each.standing in {Standing.LEAVING, Standing.KEPT})
    is_landed = _make_test(each for each in hits if each.standing is Standing.LANDING)
    landed = [each for each in readings if each.kind == "landing"]
    is_landing_read = not any(each.unread for each in landed)
    left = [each for each in gone if not is_blocked(each.number)]
    but_landing = {
        each.number
        for each in left
        if each.erasure == "erased_except_landing"
        and (not is_landing_read or is_landed(each.number) or (landed and each.id_type not in SHAPED))
    }
    everywhere = tuple(each.number for each in left if each.number not in but_landing)
    return Proven(everywhere, tuple(sorted(but_landing)))


def _make_test(hits: Iterable[Hit]) -> Callable[[int], bool]:
    """Make what tells whether some hits may be of a request."""
    chosen = list(hits)
    if any(each.has_unknown for each in chosen):
        return lambda _: True
    return frozenset(number for each in chosen for number in each.requests).__contains__


def _find_elsewhere(readings: Iterable[Reading], sought: Sought) -> frozenset[str]:
    """Find who is rightly in an app for which no erasure was asked: they are then in what apps share, too."""
    return frozenset(
        found
        for each in readings
        if each.app_id is not None
        for found in each.found
        if not sought.is_sought(found, each.app_id)
    )


def _judge(  # noqa: PLR0911, PLR0913, PLR0917 - a hit, and everything by which it is judged
    reading: Reading,
    found: str,
    sought: Sought,
    owners: Sequence[Gone],
    elsewhere: Collection[str],
    now: datetime,
) -> Standing:
    if reading.app_id is not None:
        is_sought = sought.is_sought(found, reading.app_id)
    else:
        is_one = reading.is_everybodys or sought.is_sought_everywhere(found)
        is_sought = is_one or found not in elsewhere
    if not is_sought:
        return Standing.OTHER_APP
    match reading.kind:
        case "leaving":
            return Standing.LEAVING
        case "inbox":
            return Standing.INBOX
        case "scratch" | "stray" if _is_younger(reading, now - SCRATCH_AGE):
            return Standing.LEAVING
        case "landing" | "pull" if _came_later(reading, owners):
            return Standing.LANDING if reading.kind == "landing" else Standing.PULLED
        case "ledger" if any(each.is_kept for each in owners):
            return Standing.KEPT
        case _:
            return Standing.FOUND


def _came_later(reading: Reading, owners: Sequence[Gone]) -> bool:
    """Tell whether nobody is promised to be out of an object that others than we bring."""
    if reading.kind == "pull":
        return bool(owners) and all(_is_younger(reading, each.erased_at) for each in owners)
    return not any(_is_promised(each, reading) for each in owners)


def _is_promised(request: Gone, reading: Reading) -> bool:
    """Tell whether a request says that a landed object holds nothing of it; one that lands later may."""
    return request.erasure != "erased_except_landing" and not _is_younger(reading, request.erased_at)


def _is_younger(reading: Reading, instant: datetime) -> bool:
    return reading.landed is not None and reading.landed.modified_at > instant


def _make_hit(
    reading: Reading, standing: Standing, found: Sequence[str], owners: Mapping[str, Sequence[Gone]]
) -> Hit:
    numbers = {owner.number for each in found for owner in owners[each]}
    return Hit(
        store=reading.kind,
        name=reading.name,
        standing=standing,
        count=sum(reading.found[each] for each in found),
        requests=tuple(sorted(numbers)),
        has_unknown=any(not owners[each] for each in found),
    )
