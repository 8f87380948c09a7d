"""A time that was sent twice, in UTC and in the selected zone: the two settled into one.

The twins complete each other (V1.0 sends milliseconds with the local one only) and check each
other, and the zone's name checks the offset. UTC wins a disagreement; nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from etl.appsflyer.clock_issues import Issue
from etl.appsflyer.times import Ints, Mask, Minutes, Times, keep_expressible, replace_times, take_times
from etl.appsflyer.zones import RowZones, offsets_at, resolve_walls

__all__ = ["Pair", "settle_pair"]

_SECOND = 1_000_000
_MINUTE_SECONDS = 60
_MICROS_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """What two twins say together, one entry a row.

    `times` are the settled instants; `local` is the twin as far as it could be placed in time.
    `offset_minutes` is the selected zone's offset where `has_offset`. `issues` names row numbers.
    """

    times: Times
    local: Times
    offset_minutes: Minutes
    has_offset: Mask
    issues: Mapping[Issue, Ints]


def settle_pair(utc: Times, local: Times, zones: RowZones) -> Pair:
    """Settle a UTC column and its local twin.

    Missing milliseconds, and a missing UTC time, are taken from the twin. The offset is the one
    that the local text tells, else the zone's at that instant where that is of whole minutes.
    """
    local = _place(local, utc, zones)
    disagreeing = _find_disagreeing(utc, local)
    refined = np.setdiff1d(_find_refinable(utc, local), disagreeing, assume_unique=True)
    recovered = np.flatnonzero(local.is_read & ~utc.is_read)
    taken = np.concatenate((refined, recovered))
    times = replace_times(utc, taken, take_times(local, taken)) if len(taken) else utc
    zone_seconds = offsets_at(zones, times.micros)
    issues = {
        Issue.LOCAL_DISAGREES: disagreeing,
        Issue.OFFSET_DISAGREES_WITH_ZONE: _find_wrong_offsets(local, zones, zone_seconds),
        Issue.UTC_RECOVERED_FROM_LOCAL: recovered,
        Issue.MILLISECONDS_RECOVERED: refined,
    }
    is_told = local.is_read & local.has_offset
    is_of_zone = times.is_read & zones.is_known & (zone_seconds % _MINUTE_SECONDS == 0)
    offset_minutes = np.where(is_told, local.offset_minutes, zone_seconds // _MINUTE_SECONDS).astype(np.int16)
    return Pair(times, local, offset_minutes, is_told | is_of_zone, issues)


def _place(local: Times, utc: Times, zones: RowZones) -> Times:
    """Place the readings that tell no offset: by the zone at the UTC twin's instant, else by the zone alone.

    A reading that its zone skips or repeats has no place then, nor has one without a known zone.
    """
    is_bare = local.is_read & ~local.has_offset
    if not is_bare.any():
        return local
    alone, is_single = resolve_walls(zones, local.micros)
    beside = local.micros - offsets_at(zones, utc.micros) * _SECOND
    micros = np.where(is_bare, np.where(utc.is_read, beside, alone), local.micros)
    is_placed = zones.is_known & (utc.is_read | is_single)
    seconds = (local.micros - micros) // _SECOND
    return replace(
        local,
        micros=micros,
        offset_minutes=np.where(is_bare, seconds // _MINUTE_SECONDS, local.offset_minutes).astype(np.int16),
        has_offset=np.where(is_bare, is_placed & (seconds % _MINUTE_SECONDS == 0), local.has_offset),
        is_read=keep_expressible(micros, local.is_read & (~is_bare | is_placed)),
    )


def _find_disagreeing(utc: Times, local: Times) -> Ints:
    """Find the rows whose twins differ, compared at the coarser of their precisions."""
    rows = np.flatnonzero(utc.is_read & local.is_read & (utc.micros != local.micros))
    digits = np.minimum(utc.digits[rows], local.digits[rows]).astype(np.int64)
    unit = 10 ** (_MICROS_DIGITS - digits)
    differs: Mask = utc.micros[rows] // unit != local.micros[rows] // unit
    return rows[differs]


def _find_refinable(utc: Times, local: Times) -> Ints:
    return np.flatnonzero(utc.is_read & local.is_read & (utc.digits == 0) & (local.digits > 0))


def _find_wrong_offsets(local: Times, zones: RowZones, zone_seconds: Ints) -> Ints:
    """Find the offsets told that are not the zone's; a zone's odd seconds, of old, are not written."""
    is_checked = local.is_read & local.has_offset & zones.is_known
    difference = np.abs(zone_seconds - local.offset_minutes.astype(np.int64) * _MINUTE_SECONDS)
    return np.flatnonzero(is_checked & (difference >= _MINUTE_SECONDS))
