"""Instructions that find runs of some kind of byte, `WIDTH` bytes at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from etl.appsflyer.compiled.instructions import byte_at, define, inlined, instruction, load, repeat, vector
from etl.appsflyer.compiled.memory import WIDTH
from etl.appsflyer.compiled.runs import find_byte
from etl.appsflyer.id_loops import is_alnum, is_hex

HEX_RUN = 8
SIX_RUN = 28
HALF_RUN = 16
WINDOWS = 4
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


def _begin_runs(builder: Any, mask: Any, size: int) -> Any:
    """Mark where so many bytes of a kind begin in a row: a power of two."""
    reach = 1
    while reach < size:
        mask, reach = builder.and_(mask, builder.lshr(mask, _MASK(reach))), 2 * reach
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
def _find_hex_run(_: Any, address: Any) -> Any:
    """Find where eight hexadecimal digits in a row begin; the first place that is not known without any."""

    def generate(builder: Any, at: Any) -> Any:
        runs = _begin_runs(builder, _mask_hex(builder, at), HEX_RUN)
        ended = builder.or_(runs, _MASK(1 << (WIDTH - HEX_RUN + 1)))
        return builder.zext(builder.cttz(ended, ir.Constant(ir.IntType(1), 0)), _LONG)

    return define(1, gives=True, generate=generate)


@instruction
def _pass_short_runs(_: Any, address: Any) -> Any:
    """Give what is behind the last byte, of the next `SIX_RUN`, that is no digit of base64; 0 without any."""

    def generate(builder: Any, at: Any) -> Any:
        others = builder.and_(builder.not_(_mask_six(builder, at)), _MASK((1 << SIX_RUN) - 1))
        unused = builder.ctlz(others, ir.Constant(ir.IntType(1), 0))
        return builder.zext(builder.sub(_MASK(WIDTH), unused), _LONG)

    return define(1, gives=True, generate=generate)


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
def find_hex_run(at: int, end: int) -> int:
    """Find where eight hexadecimal digits in a row begin, or are in a run; gives `end` without any."""
    while at + WIDTH <= end:
        if at + WINDOWS * WIDTH <= end and _have_hex_run(at) == 0:
            at += WINDOWS * (WIDTH - HEX_RUN + 1)
            continue
        step = _find_hex_run(at)
        at += step
        if step <= WIDTH - HEX_RUN:
            return at
    size = 0
    while at < end:
        size = size + 1 if is_hex(byte_at(at)) else 0
        at += 1
        if size == HEX_RUN:
            return at - HEX_RUN
    return end


@inlined
def find_six_run(at: int, end: int) -> int:
    """Find where 28 digits of base64 in a row begin; gives `end` without any."""
    while at + WIDTH <= end:
        # No run that begins before is longer than half of one, so none is cut here.
        if at + WINDOWS * WIDTH <= end and _have_six_run(at) == 0:
            at += WINDOWS * (WIDTH - HALF_RUN + 1)
            continue
        step = _pass_short_runs(at)
        if step == 0:
            return at
        at += step
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
