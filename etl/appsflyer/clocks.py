"""The clocks of a batch settled: UTC instants, offsets of the selected zone, dates, and every doubt.

AppsFlyer sends four of its times twice, in UTC and in the app's selected zone with the offset;
`pairs` settles those. What was mended or is doubtful is named in `clock_issues`.
Vendor document followed: "AppsFlyer: Push API V2.0" with its migration tables from V1.0.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.appsflyer.clock_issues import LOCAL_FIELDS, UTC_FIELDS, Finding, Issue, list_issues
from etl.appsflyer.instants import read_local, read_utc
from etl.appsflyer.pairs import Pair, settle_pair
from etl.appsflyer.times import Ints, Mask, Times, keep_expressible
from etl.appsflyer.zones import RowZones, read_zones

__all__ = ["Clocks", "Unparsed", "read_clocks"]

_MAIN = "event_time"
_ZONE = "selected_timezone"
_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE


@dataclass(frozen=True, slots=True)
class Unparsed:
    """The texts of one field that could not be typed, with the numbers of their rows."""

    field: str
    rows: Ints
    texts: pa.Array


@dataclass(frozen=True, slots=True)
class Clocks:
    """The settled times of a batch, one entry a row.

    - `instants`: every UTC field, `timestamp[us, UTC]`, null where absent or not to be known.
    - `offsets`: `<time>_utc_offset_minutes` (int16) of the four times that are also sent in the
      selected zone; null where no offset of whole minutes is known.
    - `event_date`, `event_date_local`: date32, in UTC and in the selected zone; null where unknown.
    - `clock_issues`: list of strings, null where there is nothing to tell.
    - `is_second_precision`: the rows whose `event_time` is known to the second only.
    - `unparsed`: the texts behind every `unparsable:<field>`.
    """

    instants: Mapping[str, pa.Array]
    offsets: Mapping[str, pa.Array]
    event_date: pa.Array
    event_date_local: pa.Array
    clock_issues: pa.Array
    is_second_precision: Mask
    unparsed: tuple[Unparsed, ...]


def read_clocks(columns: Mapping[str, pa.Array], rows: int) -> Clocks:
    """Settle the clocks of `rows` messages from text columns under their V2 names.

    Columns are `pa.string()` or a dictionary of strings; an absent column, null and "" are alike.
    No row's result depends on another row's.
    """
    zones = read_zones(columns.get(_ZONE), rows)
    utc = {field: read_utc(columns.get(field), rows) for field in UTC_FIELDS}
    pairs = {
        field: settle_pair(utc[field], read_local(columns.get(local), rows), zones)
        for field, local in LOCAL_FIELDS.items()
    }
    settled = utc | {field: pair.times for field, pair in pairs.items()}
    heard = utc | {LOCAL_FIELDS[field]: pair.local for field, pair in pairs.items()}
    unparsed = tuple(_find_unparsed(columns, heard))
    main = pairs[_MAIN]
    return Clocks(
        instants={field: _to_instants(times) for field, times in settled.items()},
        offsets={_name_offset(field): _to_offsets(pair) for field, pair in pairs.items()},
        event_date=_to_dates(main.times.micros, main.times.is_read),
        event_date_local=_date_locally(main),
        clock_issues=list_issues(_gather_findings(pairs, zones, unparsed), rows),
        is_second_precision=_is_second_precision(main.times),
        unparsed=unparsed,
    )


def _gather_findings(
    pairs: Mapping[str, Pair], zones: RowZones, unparsed: tuple[Unparsed, ...]
) -> Iterator[Finding]:
    yield Finding(Issue.ZONE_UNKNOWN, _MAIN, np.flatnonzero(zones.is_unknown))
    for field, pair in pairs.items():
        for issue, rows in pair.issues.items():
            yield Finding(issue, field, rows)
    # Only this time is part of an event's identity, so only here does a second more or less matter.
    yield Finding(Issue.SECOND_PRECISION, _MAIN, np.flatnonzero(_is_second_precision(pairs[_MAIN].times)))
    for texts in unparsed:
        yield Finding(Issue.UNPARSABLE, texts.field, texts.rows)


def _find_unparsed(columns: Mapping[str, pa.Array], heard: Mapping[str, Times]) -> Iterator[Unparsed]:
    for field, times in heard.items():
        rows = np.flatnonzero(times.is_present & ~times.is_read)
        if len(rows):
            yield Unparsed(field, rows, columns[field].take(pa.array(rows)).cast(pa.string()))


def _is_second_precision(times: Times) -> Mask:
    is_whole: Mask = times.digits == 0
    return times.is_read & is_whole


def _name_offset(field: str) -> str:
    return field.removesuffix("_time") + "_utc_offset_minutes"


def _to_instants(times: Times) -> pa.Array:
    return _to_arrow(times.micros, times.is_read).view(pa.timestamp("us", "UTC"))


def _to_offsets(pair: Pair) -> pa.Array:
    return _to_arrow(pair.offset_minutes, pair.has_offset)


def _date_locally(pair: Pair) -> pa.Array:
    local = pair.times.micros + pair.offset_minutes.astype(np.int64) * _MINUTE
    return _to_dates(local, keep_expressible(local, pair.times.is_read & pair.has_offset))


def _to_dates(micros: Ints, is_known: Mask) -> pa.Array:
    return _to_arrow((micros // _DAY).astype(np.int32), is_known).view(pa.date32())


def _to_arrow(values: npt.NDArray[np.int64 | np.int32 | np.int16], is_known: Mask) -> pa.Array:
    return pa.array(values, mask=~is_known)
