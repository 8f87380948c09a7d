"""Runs of bytes, looked at `WIDTH` at a time where so many are left before the end of their array.

Every function is told where that end is, and reads nothing from there on. What it copies to has `WIDTH` bytes
more than it takes, which are overwritten.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from etl.appsflyer.compiled.instructions import (
    byte_at,
    define,
    find_first,
    get_long,
    inlined,
    instruction,
    load,
    part,
    put_byte,
    repeat,
    store,
    vector,
)
from etl.appsflyer.compiled.memory import WIDTH

_WORD = 8
_QUOTE, _BACKSLASH, _SPACE = (ord(character) for character in '"\\ ')
# 2**64 divided by the golden ratio, as a signed number.
_MULTIPLIER = 0x9E3779B97F4A7C15 - 2**64
_LOW_HALF = 2**32 - 1


@instruction
def _find_mark(_: Any, address: Any) -> Any:
    def generate(builder: Any, at: Any) -> Any:
        found_at = load(builder, at, vector())
        # Signed, bytes beyond ASCII are negative.
        found = builder.icmp_signed("<", found_at, repeat(_SPACE))
        for mark in (_QUOTE, _BACKSLASH):
            found = builder.or_(found, builder.icmp_unsigned("==", found_at, repeat(mark)))
        return find_first(builder, found)

    return define(1, gives=True, generate=generate)


@instruction
def _find_byte(_: Any, address: Any, byte: Any) -> Any:
    def generate(builder: Any, at: Any, byte: Any) -> Any:
        first = builder.insert_element(
            ir.Constant(vector(), ir.Undefined), builder.trunc(byte, ir.IntType(8)), ir.IntType(32)(0)
        )
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None)
        wanted = builder.shuffle_vector(first, first, everywhere)
        return find_first(builder, builder.icmp_unsigned("==", load(builder, at, vector()), wanted))

    return define(2, gives=True, generate=generate)


@instruction
def _count_equal(_: Any, left: Any, right: Any) -> Any:
    def generate(builder: Any, left_at: Any, right_at: Any) -> Any:
        one, other = load(builder, left_at, vector()), load(builder, right_at, vector())
        return find_first(builder, builder.icmp_unsigned("!=", one, other))

    return define(2, gives=True, generate=generate)


@instruction
def _copy_run(_: Any, source: Any, target: Any) -> Any:
    return define(2, gives=False, generate=lambda b, at, to: store(b, load(b, at, vector()), to))


@inlined
def find_mark(at: int, end: int) -> int:
    """Find the next quote, backslash, control character or byte beyond ASCII; gives `end` without any."""
    while at + WIDTH <= end:
        step = _find_mark(at)
        at += step
        if step < WIDTH:
            return at
    while at < end:
        byte = byte_at(at)
        if byte < _SPACE or byte >= 0x80 or byte == _QUOTE or byte == _BACKSLASH:
            break
        at += 1
    return at


@inlined
def find_byte(at: int, end: int, byte: int) -> int:
    """Find the next of one byte; gives `end` without any."""
    while at + WIDTH <= end:
        step = _find_byte(at, byte)
        at += step
        if step < WIDTH:
            return at
    while at < end and byte_at(at) != byte:
        at += 1
    return at


@inlined
def is_equal(left: int, end: int, right: int, size: int) -> bool:
    """Compare what stands before `end` to `size` bytes on the right, with `WIDTH` more to read behind."""
    while size > 0:
        if left + WIDTH <= end:
            same = _count_equal(left, right)
            if same < WIDTH:
                return same >= size
            left, right, size = left + WIDTH, right + WIDTH, size - WIDTH
        elif left == end or byte_at(left) != byte_at(right):
            return False
        else:
            left, right, size = left + 1, right + 1, size - 1
    return True


@inlined
def copy_bytes(source: int, end: int, target: int, size: int) -> None:
    """Copy `size` bytes, all of which stand before `end`."""
    while size > 0:
        if source + WIDTH <= end:
            _copy_run(source, target)
            source, target, size = source + WIDTH, target + WIDTH, size - WIDTH
        else:
            put_byte(target, byte_at(source))
            source, target, size = source + 1, target + 1, size - 1


@inlined
def hash_bytes(at: int, end: int, size: int) -> int:
    """Hash `size` bytes, all of which stand before `end`; the low bits are as good as any."""
    mixed = size * _MULTIPLIER
    while size >= _WORD:
        mixed = (mixed ^ get_long(at, 0)) * _MULTIPLIER
        mixed ^= (mixed >> 32) & _LOW_HALF
        at, size = at + _WORD, size - _WORD
    if size > 0:
        mixed = (mixed ^ _read_rest(at, end, size)) * _MULTIPLIER
        mixed ^= (mixed >> 32) & _LOW_HALF
    return mixed


@part
def _read_rest(at: int, end: int, size: int) -> int:
    if at + _WORD <= end:
        return get_long(at, 0) & ((1 << 8 * size) - 1)
    word = 0
    for place in range(size):
        word |= byte_at(at + place) << 8 * place
    return word
