"""Texts of times into `Times`, a column at once.

What AppsFlyer sends is cast whole by Arrow. Arrow's cast from text never rounds or wraps, but it
accepts more than is meant (a date alone, an hour without minutes), so each text's length and ending
are looked at before. When a cast fails, the column is cast in short pieces; in a piece that fails
again the regular texts are told from the odd ones, and `odd_times` reads those.
Vendor document followed: "AppsFlyer: Push API V2.0".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.appsflyer.odd_times import read_odd_local, read_odd_utc
from etl.appsflyer.times import Ints, Mask, Times, join_times, keep_expressible, replace_times

__all__ = ["read_local", "read_utc"]

# Rows that suffer together for an odd one among them.
_PIECE = 4096
# `yyyy-mm-dd hh:mm:ss`, and the offsets `+hhmm` and `+hh:mm`.
_SECONDS_LENGTH = 19
_OFFSET_LENGTH = 5
_COLON, _SPACE, _PLUS, _MINUS = b": +-"

# Days that are in every year's calendar, or in that of a fourth year that ends no century.
_DATE = (
    r"(?:(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|[0-9]{2}(?:0[48]|[2468][048]|[13579][26])-02-29)"
)
_CLOCK = r"[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?"
_OFFSET = r"[-+ ](?:[01][0-9]|2[0-3]):?[0-5][0-9]"


@dataclass(frozen=True, slots=True)
class _Texts:
    """A string column with its bytes: where each text ends, and how long it is (0 where absent)."""

    array: pa.Array
    data: npt.NDArray[np.uint8]
    ends: Ints
    lengths: Ints
    is_present: Mask

    def byte_at(self, back: Ints | int) -> npt.NDArray[np.uint8]:
        """Give the byte so many places before the end of each text; anything where it is shorter."""
        return self.data.take(self.ends - back, mode="clip")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the texts of one kind of column are read: all at once, or told apart, or one odd text each."""

    cast: Callable[[_Texts], Times | None]
    regular: str
    read_odd: Callable[[pa.Array], Times]


def read_utc(text: pa.Array | None, rows: int) -> Times:
    """Read a column of UTC times: string or dictionary, absent or empty where there is none.

    Accepted: `yyyy-mm-dd hh:mm:ss` with up to nine digits of a fraction (six are kept), a space or
    `T` between, nothing or `Z`, ` UTC` or an offset behind; seconds (10 digits) or milliseconds (13)
    since 1970. Everything else, and everything that no calendar has, is present and not read.
    """
    return _read(text, rows, _UTC)


def read_local(text: pa.Array | None, rows: int) -> Times:
    """Read a column of times in a selected zone; those without an offset stay readings of a clock.

    Accepted: as for UTC, with an offset `±hhmm` or `±hh:mm`, whose `+` may have become a space; not
    the time since 1970, which has no zone.
    """
    return _read(text, rows, _LOCAL)


def _read(text: pa.Array | None, rows: int, shape: _Shape) -> Times:
    texts = _look_at(text) if text is not None and text.null_count < rows else None
    if texts is None or not texts.is_present.any():
        return Times.absent(rows)
    times = shape.cast(texts)
    return _read_mixed(texts, shape) if times is None else times


def _read_mixed(texts: _Texts, shape: _Shape) -> Times:
    """Read the regular texts together and the odd ones apart, so that neither disturbs the other."""
    pieces = [_look_at(texts.array.slice(start, _PIECE)) for start in range(0, len(texts.array), _PIECE)]
    times = join_times([shape.cast(piece) or _read_regular(piece, shape) for piece in pieces])
    odd = np.flatnonzero(texts.is_present & ~times.is_read)
    return replace_times(times, odd, shape.read_odd(texts.array.take(pa.array(odd))))


def _read_regular(texts: _Texts, shape: _Shape) -> Times:
    is_regular = _to_series(texts.array).str.fullmatch(shape.regular).to_numpy(dtype=bool, na_value=False)
    return shape.cast(_keep(texts, is_regular)) or Times.absent(len(is_regular))


def _cast_utc(texts: _Texts) -> Times | None:
    if texts.lengths.min(where=texts.is_present, initial=_SECONDS_LENGTH) < _SECONDS_LENGTH:
        return None
    micros = _cast(texts.array, pa.timestamp("us"))
    return None if micros is None else _complete(texts, micros, texts.lengths, 0, texts.is_present)


def _cast_local(texts: _Texts) -> Times | None:
    offset_length = np.where(texts.byte_at(3) == _COLON, _OFFSET_LENGTH + 1, _OFFSET_LENGTH)
    time_length = texts.lengths - offset_length
    sign = texts.byte_at(offset_length)
    is_signed = (sign == _PLUS) | (sign == _MINUS) | (sign == _SPACE)
    if not (is_signed & (time_length >= _SECONDS_LENGTH) | ~texts.is_present).all():
        return None
    mended = _mend_plus(texts, offset_length, texts.is_present & (sign == _SPACE))
    micros = _cast(mended, pa.timestamp("us", "UTC"))
    minutes = _read_offsets(texts, offset_length, sign == _MINUS)
    return None if micros is None else _complete(texts, micros, time_length, minutes, texts.is_present)


def _read_offsets(texts: _Texts, offset_length: Ints, is_negative: Mask) -> Ints:
    """Read the four digits of offsets that Arrow accepted; anything where there is no text."""
    hours = _digit(texts, offset_length - 1) * 10 + _digit(texts, offset_length - 2)
    minutes = hours * 60 + _digit(texts, 2) * 10 + _digit(texts, 1)
    return np.where(is_negative, -minutes, minutes)


def _digit(texts: _Texts, back: Ints | int) -> npt.NDArray[np.int16]:
    return texts.byte_at(back).astype(np.int16) - ord("0")


def _complete(texts: _Texts, micros: Ints, time_length: Ints, minutes: Ints | int, has_offset: Mask) -> Times:
    digits = np.maximum(time_length - _SECONDS_LENGTH - 1, 0).astype(np.int8)
    offset_minutes = np.where(texts.is_present, minutes, 0).astype(np.int16)
    is_read = keep_expressible(micros, texts.is_present)
    return Times(micros, digits, offset_minutes, has_offset, is_read, texts.is_present)


def _mend_plus(texts: _Texts, offset_length: Ints, is_space: Mask) -> pa.Array:
    """Write the `+` again where a second decoding made it a space."""
    if not is_space.any():
        return texts.array
    data = texts.data.copy()
    data[(texts.ends - offset_length)[is_space]] = _PLUS
    validity, offsets, _ = texts.array.buffers()
    buffers = [validity, offsets, pa.py_buffer(data)]
    return pa.Array.from_buffers(
        pa.string(), len(texts.array), buffers, texts.array.null_count, texts.array.offset
    )


def _cast(array: pa.Array, to: pa.DataType) -> Ints | None:
    """Cast a column to microseconds, 0 where it is null; None where any text is not of the shape."""
    try:
        instants = _to_series(array).astype(pd.ArrowDtype(to))
    except pa.ArrowInvalid:
        return None
    micros: Ints = instants.astype(pd.ArrowDtype(pa.int64())).to_numpy(dtype=np.int64, na_value=0)
    return micros


def _to_series(array: pa.Array) -> "pd.Series[str]":
    return pd.Series(pd.arrays.ArrowExtensionArray(array))


def _keep(texts: _Texts, rows: Mask) -> _Texts:
    return _look_at(pc.if_else(pa.array(rows), texts.array, None))


def _look_at(text: pa.Array) -> _Texts:
    """Find the bytes of a column's texts; an empty text is no text."""
    array = text if text.type == pa.string() else text.cast(pa.string())
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    is_valid = array.is_valid().to_numpy(zero_copy_only=False)
    lengths = np.where(is_valid, np.diff(bounds), 0)
    if not lengths.min(where=is_valid, initial=1):
        array = pc.if_else(pa.array(lengths > 0), array, None)
        return _look_at(array)
    content = np.frombuffer(data or b"\0", np.uint8)
    return _Texts(array, content, bounds[1:], lengths, is_valid)


_UTC: Final = _Shape(_cast_utc, _DATE + _CLOCK, read_odd_utc)
_LOCAL: Final = _Shape(_cast_local, _DATE + _CLOCK + _OFFSET, read_odd_local)
