"""The times that are not written as AppsFlyer's documents say, and the ones that no calendar has.

Slow beside a cast, so `instants` hands over only the texts that a cast does not read.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.times import Ints, Mask, Times, keep_expressible, replace_times

__all__ = ["read_odd_local", "read_odd_utc"]

Numbers = Mapping[str, Ints]

_SECOND = 1_000_000
_MONTHS_A_YEAR = 12
_LAST_HOUR, _LAST_MINUTE, _LAST_SECOND = 23, 59, 59
_DIGITS = 6

_WRITTEN = (
    r"^\s*(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:[.](?P<fraction>[0-9]{1,9}))?"
    # An offset without its sign had a `+` that was decoded twice.
    r"(?P<offset>[Zz]| ?UTC|(?: ?(?P<sign>[-+])| )(?P<offset_hour>[0-9]{2}):?(?P<offset_minute>[0-9]{2}))?"
    r"\s*$"
)
_COUNTED = r"^\s*(?P<seconds>[0-9]{10})(?P<millis>[0-9]{3})?\s*$"


def read_odd_utc(text: pa.Array) -> Times:
    """Read UTC times of any accepted shape: without an offset they are UTC."""
    parts = pc.extract_regex(text, _COUNTED)
    rows = np.flatnonzero(parts.is_valid())
    return replace_times(_read_written(text), rows, _read_counted(parts.take(pa.array(rows))))


def read_odd_local(text: pa.Array) -> Times:
    """Read times in a selected zone of any accepted shape, with an offset or without."""
    return _read_written(text)


def _read_counted(parts: pa.StructArray) -> Times:
    """Read seconds or milliseconds since 1970."""
    micros = _number(_part(parts, "seconds")) * _SECOND + _number(_part(parts, "millis")) * 1000
    digits = pc.binary_length(_part(parts, "millis")).to_numpy().astype(np.int8)
    yes = np.ones(len(parts), bool)
    return Times(micros, digits, np.zeros(len(parts), np.int16), yes, yes, yes)


def _read_written(text: pa.Array) -> Times:
    """Read a date and a clock reading, and the offset where there is one."""
    parts = pc.extract_regex(text, _WRITTEN)
    names = ("year", "month", "day", "hour", "minute", "second", "offset_hour", "offset_minute")
    numbers = {name: _number(_part(parts, name)) for name in names}
    micros_of_second, digits = _read_fraction(_part(parts, "fraction"))
    days, is_day = _count_days(numbers)
    offset_minutes = _read_offset(numbers, _equals(_part(parts, "sign"), "-"))
    seconds = days * 86_400 + _count_seconds(numbers) - offset_minutes * 60
    micros = seconds * _SECOND + micros_of_second
    return Times(
        micros,
        digits,
        offset_minutes.astype(np.int16),
        ~_equals(_part(parts, "offset"), ""),
        keep_expressible(micros, is_day & _is_clock(numbers)),
        np.ones(len(text), bool),
    )


def _count_days(numbers: Numbers) -> tuple[Ints, Mask]:
    """Count the days from 1970 to the date, and say whether the calendar has it."""
    year, month, day = numbers["year"], numbers["month"], numbers["day"]
    months = ((year - 1970) * _MONTHS_A_YEAR + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[D]").astype(np.int64)
    is_month = (year >= 1) & (month >= 1) & (month <= _MONTHS_A_YEAR)
    return first + day - 1, is_month & (day >= 1) & (day <= following - first)


def _is_clock(numbers: Numbers) -> Mask:
    is_time = (numbers["hour"] <= _LAST_HOUR) & (numbers["minute"] <= _LAST_MINUTE)
    is_offset = (numbers["offset_hour"] <= _LAST_HOUR) & (numbers["offset_minute"] <= _LAST_MINUTE)
    return is_time & is_offset & (numbers["second"] <= _LAST_SECOND)


def _count_seconds(numbers: Numbers) -> Ints:
    return (numbers["hour"] * 60 + numbers["minute"]) * 60 + numbers["second"]


def _read_offset(numbers: Numbers, is_negative: Mask) -> Ints:
    minutes = numbers["offset_hour"] * 60 + numbers["offset_minute"]
    return np.where(is_negative, -minutes, minutes)


def _read_fraction(fraction: pa.Array) -> tuple[Ints, "np.typing.NDArray[np.int8]"]:
    """Give the microseconds of a fraction and its digits; what is finer is cut off."""
    kept = pc.utf8_slice_codeunits(fraction, 0, _DIGITS)
    digits = pc.binary_length(kept).to_numpy().astype(np.int8)
    return _number(pc.utf8_rpad(kept, _DIGITS, padding="0")), digits


def _part(parts: pa.StructArray, name: str) -> pa.Array:
    """Give what a group matched: empty where it took no part, and where there was no match."""
    return pc.fill_null(pc.struct_field(parts, name), "")


def _equals(part: pa.Array, value: str) -> Mask:
    equal: Mask = pc.equal(part, value).to_numpy(zero_copy_only=False)
    return equal


def _number(part: pa.Array) -> Ints:
    numbers: Ints = pc.cast(pc.binary_join_element_wise("0", part, ""), pa.int64()).to_numpy()
    return numbers
