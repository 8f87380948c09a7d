"""Instructions that find runs of some kind of byte, `WIDTH` bytes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from etl.appsflyer.compiled.instructions import (
    byte_at,
    count_zeros,
    define,
    drop_bits,
    inlined,
    instruction,
    load,
    repeat,
    vector,
)
from etl.appsflyer.compiled.memory import WIDTH
from etl.appsflyer.compiled.runs import find_byte
from etl.appsflyer.id_loops import is_alnum, is_hex

HEX_RUN = 8
SIX_RUN = 28
HALF_RUN = 16
WINDOWS = 4
MASKED = 64  # bytes that a mask in a number tells of
_MASK = ir.IntType(WIDTH)
_LONG = ir.IntType(64)
_SMALL_BIT = 32


def _is_between(builder: Any, values: Any, first: str, count: int) -> Any:
    return builder.icmp_unsigned("<", builder.sub(values, repeat(ord(first))), repeat(count))


def _mask_hex(builder: Any, at: Any) -> Any:
    values = load(builder, at, vector())
    small = builder.or_(values, repeat(_SMALL_BIT))
    found = builder.or_(_is_between(builder, values, "0", 10), _is_between(builder, small, "a", 6))
    return builder.bitcast(found, _MASK)


def _mask_six(builder: Any, at: Any) -> Any:
    values = load(builder, at, vector())
    small = builder.or_(values, repeat(_SMALL_BIT))
    found = builder.or_(_is_between(builder, values, "0", 10), _is_between(builder, small, "a", 26))
    for mark in "+-/_":
        found = builder.or_(found, builder.icmp_unsigned("==", values, repeat(ord(mark))))
    return builder.bitcast(found, _MASK)


def _mask_begun(builder: Any, at: Any) -> Any:
    values = load(builder, at, vector())
    found = builder.or_(_is_between(builder, values, "A", 26), _is_between(builder, values, "a", 6))
    return builder.bitcast(found, _MASK)


def _begin_runs(builder: Any, mask: Any, size: int) -> Any:
    """Mark where so many bytes of a kind begin in a row: a power of two."""
    reach = 1
    while reach < size:
        mask, reach = builder.and_(mask, builder.lshr(mask, mask.type(reach))), 2 * reach
    return mask


def _have_run(builder: Any, at: Any, mask: Callable[[Any, Any], Any], size: int) -> Any:
    """Tell whether a run begins in any of the next windows, which do not wait for each other."""
    found = _MASK(0)
    for window in range(WINDOWS):
        place = builder.add(at, _LONG(window * (WIDTH - size + 1)))
        found = builder.or_(found, _begin_runs(builder, mask(builder, place), size))
    return builder.zext(builder.icmp_unsigned("!=", found, _MASK(0)), _LONG)


@instruction
def _have_hex_run(_: Any, address: Any) -> Any:
    """Tell whether eight hexadecimal digits in a row begin in the next windows."""
    return define(1, gives=True, generate=lambda b, at: _have_run(b, at, _mask_hex, HEX_RUN))


@instruction
def _have_six_run(_: Any, address: Any) -> Any:
    """Tell whether sixteen digits of base64 in a row begin in the next windows."""
    return define(1, gives=True, generate=lambda b, at: _have_run(b, at, _mask_six, HALF_RUN))


@instruction
def mask_hex(_: Any, address: Any) -> Any:
    """Mark which of the next `MASKED` bytes are hexadecimal digits, the first in the lowest bit."""
    return define(1, gives=True, generate=lambda b, at: _mask_long(b, at, _mask_hex))


@instruction
def mask_hex_runs(_: Any, mask: Any) -> Any:
    """Of a mask of digits, mark those that eight in a row begin at, all of them within the mask."""
    return define(1, gives=True, generate=lambda b, mask: _begin_runs(b, mask, HEX_RUN))


def _mask_long(builder: Any, at: Any, mask: Callable[[Any, Any], Any]) -> Any:
    halves = [
        builder.zext(mask(builder, builder.add(at, _LONG(place))), _LONG) for place in range(0, MASKED, WIDTH)
    ]
    return builder.or_(halves[0], builder.shl(halves[1], _LONG(WIDTH)))


@instruction
def _mask_six_long(_: Any, address: Any) -> Any:
    """Mark which of the next `MASKED` bytes are digits of base64."""
    return define(1, gives=True, generate=lambda b, at: _mask_long(b, at, _mask_six))


@instruction
def _mask_ascii_begun(_: Any, address: Any) -> Any:
    """Mark which of the next bytes may begin a group of base64 whose first byte is ASCII: `A-Z` and `a-f`."""
    return define(1, gives=True, generate=lambda b, at: _mask_long(b, at, _mask_begun))


@instruction
def _have_byte(_: Any, address: Any, byte: Any) -> Any:
    """Tell whether one byte is in the next windows, end to end."""

    def generate(builder: Any, at: Any, byte: Any) -> Any:
        first = builder.insert_element(
            ir.Constant(vector(), ir.Undefined), builder.trunc(byte, ir.IntType(8)), ir.IntType(32)(0)
        )
        wanted = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None))
        found = _MASK(0)
        for window in range(WINDOWS):
            values = load(builder, builder.add(at, _LONG(window * WIDTH)), vector())
            equal = builder.bitcast(builder.icmp_unsigned("==", values, wanted), _MASK)
            found = builder.or_(found, equal)
        return builder.zext(builder.icmp_unsigned("!=", found, _MASK(0)), _LONG)

    return define(2, gives=True, generate=generate)


@inlined
def find_rare_byte(at: int, end: int, byte: int) -> int:
    """Find the next of one byte, which is mostly far away; gives `end` without any."""
    while at + WINDOWS * WIDTH <= end and _have_byte(at, byte) == 0:
        at += WINDOWS * WIDTH
    return find_byte(at, end, byte)


@inlined
def keep_bits(mask: int, count: int) -> int:
    """Keep the first bits of a mask, as many as there are bytes before an end."""
    return mask if count >= MASKED else mask & ((1 << max(count, 0)) - 1)


@inlined
def find_hex_run(at: int, end: int, behind: int) -> int:
    """Find where eight hexadecimal digits in a row begin, or are in a run; gives `end` without any.

    Up to `behind` there are bytes to read.
    """
    while at + HEX_RUN <= end and at + MASKED <= behind:
        if at + WINDOWS * WIDTH <= end and _have_hex_run(at) == 0:
            at += WINDOWS * (WIDTH - HEX_RUN + 1)
            continue
        runs = mask_hex_runs(keep_bits(mask_hex(at), end - at))
        if runs:
            return at + count_zeros(runs)
        at += MASKED - HEX_RUN + 1
    size = 0
    while at < end:
        size = size + 1 if is_hex(byte_at(at)) else 0
        at += 1
        if size == HEX_RUN:
            return at - HEX_RUN
    return end


@inlined
def pass_hex_run(at: int, end: int, behind: int) -> int:
    """Find where the run of hexadecimal digits ends that a place is in."""
    while at + MASKED <= behind and at < end:
        size = count_zeros(~mask_hex(at))
        at += size
        if size < MASKED:
            return min(at, end)
    while at < end and is_hex(byte_at(at)):
        at += 1
    return min(at, end)


@inlined
def find_ascii_run(at: int, end: int, behind: int) -> int:
    """Find 28 digits of base64 in a row that may be of ASCII; gives `end` without any.

    Every fourth begins a group whose first byte is ASCII; right before `behind`, up to which there are bytes
    to read, that is not looked at.
    """
    while at + SIX_RUN <= end and at + MASKED <= behind:
        if at + WINDOWS * WIDTH <= end and _have_six_run(at) == 0:
            at += WINDOWS * (WIDTH - HALF_RUN + 1)
            continue
        digits = keep_bits(_mask_six_long(at), end - at)
        halves = digits
        for reach in (1, 2, 4, 8):
            halves &= drop_bits(halves, reach)
        groups = _mask_ascii_begun(at)
        groups &= drop_bits(groups, 4)
        fours = groups & drop_bits(groups, 8)
        found = halves & drop_bits(halves, SIX_RUN - HALF_RUN) & fours & drop_bits(fours, 12)
        if found:
            return at + count_zeros(found)
        at += MASKED - SIX_RUN + 1
    size = 0
    while at < end:
        size = size + 1 if is_six(byte_at(at)) else 0
        at += 1
        if size == SIX_RUN:
            return at - SIX_RUN
    return end


@inlined
def is_six(byte: int) -> bool:
    """Tell whether a byte is a digit of base64, of the standard alphabet or that of URLs."""
    return is_alnum(byte) or byte == 43 or byte == 45 or byte == 47 or byte == 95
