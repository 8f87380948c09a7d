"""Time zones as sorted tables: the offset of a whole column of instants in one search.

Zones come from the `tzdata` package alone, so that every machine gives the same answer, one without
zones of its own included. `zoneinfo` says each offset; the tables only remember where they change.
Documents followed: RFC 9636 (TZif), the IANA time zone database.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["RowZones", "Zone", "find_zone", "offsets_at", "read_zones", "resolve_walls"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SECOND = 1_000_000
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Before and after every instant that a time of the years 1 to 9999 can stand for.
_FIRST, _LAST = -(1 << 62), 1 << 62
# Some TZif compilers begin a list with a change before the year 1, which no datetime can hold.
_FIRST_LISTED = -62_000_000_000
# Rules are spread from here on; what a zone's list says of later years goes before the rule.
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone's offsets in seconds, each from its start (microseconds since 1970, UTC) to the next start."""

    name: str
    starts: Ints
    seconds: Ints


@dataclass(frozen=True, slots=True)
class RowZones:
    """The zone of each row: the known zones with their rows, and which rows name none, or an unknown one."""

    groups: tuple[tuple[Zone, Ints | slice], ...]
    is_known: Mask
    is_unknown: Mask


def find_zone(name: str) -> Zone | None:
    """Give the zone of an IANA name, old aliases included, in any casing; None where there is none."""
    canonical = _names().get(name) or _names().get(name.strip().casefold())
    return _build_zone(canonical) if canonical else None


def read_zones(text: pa.Array | None, rows: int) -> RowZones:
    """Read a column of zone names (string or dictionary); an absent or empty name is no zone."""
    if text is None or text.null_count == rows:
        return RowZones((), np.zeros(rows, bool), np.zeros(rows, bool))
    encoded = text if pa.types.is_dictionary(text.type) else pc.dictionary_encode(text)
    names = encoded.dictionary.to_pylist()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    zones = [find_zone(name) if name else None for name in names]
    # One entry more than there are names: the code -1, a null, reads the last.
    is_known = np.array([zone is not None for zone in [*zones, None]])[codes]
    is_named = np.array([bool(name) for name in [*names, None]])[codes]
    return RowZones(_group_rows(zones, codes), is_known, is_named & ~is_known)


def offsets_at(zones: RowZones, micros: Ints) -> Ints:
    """Give each row's offset from UTC in seconds at its instant; 0 where the row has no known zone."""
    seconds = np.zeros(len(micros), np.int64)
    for zone, rows in zones.groups:
        seconds[rows] = _look_up(zone, micros[rows])
    return seconds


def resolve_walls(zones: RowZones, walls: Ints) -> tuple[Ints, Mask]:
    """Turn clock readings in each row's zone into instants, and say which have exactly one.

    A reading in a gap has none and one in an overlap has two: nothing is guessed for either.
    """
    micros, is_single = np.zeros(len(walls), np.int64), np.zeros(len(walls), bool)
    for zone, rows in zones.groups:
        micros[rows], is_single[rows] = _resolve(zone, walls[rows])
    return micros, is_single


def _group_rows(zones: list[Zone | None], codes: Ints) -> tuple[tuple[Zone, Ints | slice], ...]:
    if len(zones) == 1 and zones[0] and not (codes < 0).any():
        return ((zones[0], slice(None)),)
    grouped = pd.Series(codes).groupby(codes).indices
    return tuple((zone, rows) for code, rows in grouped.items() if code >= 0 and (zone := zones[code]))


def _look_up(zone: Zone, micros: Ints) -> Ints:
    # Most columns span few changes of the clock: search only among those.
    if not len(micros):
        return micros
    first = zone.starts.searchsorted(micros.min(), "right") - 1
    last = zone.starts.searchsorted(micros.max(), "right")
    inner = zone.starts[first + 1 : last]
    if not len(inner):
        return np.full(len(micros), zone.seconds[first])
    return zone.seconds[first:last][inner.searchsorted(micros, "right")]


def _resolve(zone: Zone, walls: Ints) -> tuple[Ints, Mask]:
    # The interval that a reading falls in when taken for UTC, or a neighbour: offsets are under a day.
    middle = zone.starts.searchsorted(walls, "right") - 1
    ends = np.append(zone.starts[1:], _LAST)
    micros, matches = np.zeros(len(walls), np.int64), np.zeros(len(walls), np.int64)
    for step in (-1, 0, 1):
        index = np.clip(middle + step, 0, len(zone.starts) - 1)
        instants = walls - zone.seconds[index] * _SECOND
        fits = (index == middle + step) & (zone.starts[index] <= instants) & (instants < ends[index])
        micros, matches = np.where(fits, instants, micros), matches + fits
    return micros, matches == 1


@cache
def _names() -> dict[str, str]:
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    # `Factory` is what a machine says whose zone was never set.
    return {spelling: name for name in names if name != "Factory" for spelling in (name.casefold(), name)}


@cache
def _build_zone(name: str) -> Zone:
    content = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    zone = ZoneInfo.from_file(BytesIO(content), key=name)
    listed, rule = _parse_tzif(content)
    offsets = [_ask(zone, (listed[0] if listed else 0) - 1), *(_ask(zone, at) for at in listed)]
    ruled, ruled_offsets = _apply_rule(zone, listed[-1] if listed else _FIRST, rule)
    starts = np.concatenate(([_FIRST // _SECOND], listed, ruled)).astype(np.int64) * _SECOND
    return Zone(name, starts, np.concatenate((offsets, ruled_offsets)).astype(np.int64))


def _parse_tzif(content: bytes) -> tuple[list[int], str]:
    """List the changes in the 64-bit block, in seconds, and the rule that holds after the last."""
    at = content.index(b"TZif", 4)
    *_, count, _types, _letters = struct.unpack_from(">6l", content, at + 20)
    changes = struct.unpack_from(f">{count}q", content, at + 44)
    return [change for change in changes if change > _FIRST_LISTED], content.splitlines()[-1].decode()


def _apply_rule(zone: ZoneInfo, last_listed: int, rule: str) -> tuple[Ints, Ints]:
    """Spread the yearly rule of a zone, if it has one, from its last listed change to the year 9999.

    The calendar repeats by kind of year (the weekday it begins with, and whether it leaps), and so
    do the changes; `zoneinfo` is asked about one late year of each kind.
    """
    if "," not in rule:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    beginnings, kinds = _kinds_of_years()
    spread = [_spread_year(zone, beginnings[kinds == kind]) for kind in np.unique(kinds)]
    starts, offsets = np.concatenate(spread, axis=1)
    order = np.argsort(starts)
    return starts[order][starts[order] > last_listed], offsets[order][starts[order] > last_listed]


@cache
def _kinds_of_years() -> tuple[Ints, Ints]:
    """Give each year's first second, and a number that is equal for years with equal calendars."""
    days = np.arange(_FIRST_YEAR - 1970, 10_001 - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    days_since_1970 = days.astype(np.int64)
    return days_since_1970[:-1] * _DAY, days_since_1970[:-1] % 7 + 7 * np.diff(days_since_1970)


def _spread_year(zone: ZoneInfo, beginnings: Ints) -> Ints:
    """Find one year's changes and repeat them for all years like it: a row of starts, a row of offsets."""
    sample = int(beginnings[-2])  # not 9999: its end is beyond what a datetime holds
    probes = [(second, _ask(zone, second)) for second in range(sample, sample + 366 * _DAY, 73 * _DAY // 2)]
    changes = [_bisect(zone, low[0], high[0]) for low, high in pairwise(probes) if low[1] != high[1]]
    starts = [beginnings + (change - sample) for change in changes]
    offsets = [np.full(len(beginnings), _ask(zone, change)) for change in changes]
    return np.array([np.concatenate(starts), np.concatenate(offsets)])


def _bisect(zone: ZoneInfo, low: int, high: int) -> int:
    before = _ask(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _ask(zone, middle) == before else (low, middle)
    return high


def _ask(zone: ZoneInfo, second: int) -> int:
    offset = zone.fromutc((_EPOCH + timedelta(seconds=second)).replace(tzinfo=zone)).utcoffset()
    return 0 if offset is None else offset.days * _DAY + offset.seconds
