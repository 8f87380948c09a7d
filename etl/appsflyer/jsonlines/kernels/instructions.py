"""Functions compiled by Numba, and the few instructions on memory that they are made of.

Python's own loops are too slow for a byte at a time, and NumPy's passes over a block are bound by memory.
Everything in a kernel is a 64-bit integer, addresses included: arrays would cost a counted reference at each
call. Whoever calls one keeps the arrays alive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numba
from llvmlite import ir
from numba.extending import intrinsic

from etl.appsflyer.jsonlines.layout import WIDTH

Function = TypeVar("Function", bound=Callable[..., Any])

# Memory is readable or not by pages of this size or a multiple.
_PAGE = 4096
_WORD = 8
_LONG = ir.IntType(64)
_QUOTE, _BACKSLASH, _SPACE = (ord(character) for character in '"\\ ')
# 2**64 divided by the golden ratio, as a signed number.
_MULTIPLIER = 0x9E3779B97F4A7C15 - 2**64
_LOW_HALF = 2**32 - 1


# Parts need no face to Python.
INNER: Final[Mapping[str, Any]] = {"nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def part(function: Function) -> Function:
    """Compile a function as a part of the kernels that call it."""
    compiled: Function = numba.njit(**INNER)(function)
    return compiled


def inlined(function: Function) -> Function:
    """Compile a function into those that call it, where a call would cost more than what it does."""
    compiled: Function = numba.njit(forceinline=True, **INNER)(function)
    return compiled


def instruction(define: Callable[..., Any]) -> Callable[..., int]:
    """Let kernels call what `define` has LLVM do."""
    called: Callable[..., int] = intrinsic(define)
    return called


def _vector() -> Any:
    return ir.VectorType(ir.IntType(8), WIDTH)


def _load(builder: Any, address: Any, kind: Any) -> Any:
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


def _repeat(value: int) -> Any:
    return ir.Constant(_vector(), [value] * WIDTH)


def _find_first(builder: Any, flags: Any) -> Any:
    mask = builder.bitcast(flags, ir.IntType(WIDTH))
    return builder.zext(builder.cttz(mask, ir.Constant(ir.IntType(1), 0)), _LONG)


def _at(builder: Any, base: Any, index: Any, width: int) -> Any:
    return builder.add(base, builder.mul(index, ir.Constant(_LONG, width)))


def _define(arguments: int, *, gives: bool, generate: Callable[..., Any]) -> Any:
    signature = (numba.int64 if gives else numba.void)(*[numba.int64] * arguments)

    def lower(context: Any, builder: Any, _: Any, values: Any) -> Any:
        made = generate(builder, *values)
        return made if gives else context.get_dummy_value()

    return signature, lower


@instruction
def byte_at(_: Any, address: Any) -> Any:
    """Read a byte."""
    return _define(1, gives=True, generate=lambda b, at: b.zext(_load(b, at, ir.IntType(8)), _LONG))


@instruction
def put_byte(_: Any, address: Any, value: Any) -> Any:
    """Write a byte."""
    return _define(2, gives=False, generate=lambda b, at, value: _store(b, b.trunc(value, ir.IntType(8)), at))


@instruction
def get(_: Any, base: Any, index: Any) -> Any:
    """Read an item of an array of int32."""
    return _define(
        2,
        gives=True,
        generate=lambda b, base, i: b.sext(_load(b, _at(b, base, i, 4), ir.IntType(32)), _LONG),
    )


@instruction
def put(_: Any, base: Any, index: Any, value: Any) -> Any:
    """Write an item of an array of int32."""
    return _define(
        3,
        gives=False,
        generate=lambda b, base, i, value: _store(b, b.trunc(value, ir.IntType(32)), _at(b, base, i, 4)),
    )


@instruction
def get_long(_: Any, base: Any, index: Any) -> Any:
    """Read an item of an array of int64."""
    return _define(2, gives=True, generate=lambda b, base, i: _load(b, _at(b, base, i, 8), _LONG))


@instruction
def put_long(_: Any, base: Any, index: Any, value: Any) -> Any:
    """Write an item of an array of int64."""
    return _define(3, gives=False, generate=lambda b, base, i, value: _store(b, value, _at(b, base, i, 8)))


@instruction
def _find_mark(_: Any, address: Any) -> Any:
    def generate(builder: Any, at: Any) -> Any:
        vector = _load(builder, at, _vector())
        # Signed, bytes beyond ASCII are negative.
        found = builder.icmp_signed("<", vector, _repeat(_SPACE))
        for mark in (_QUOTE, _BACKSLASH):
            found = builder.or_(found, builder.icmp_unsigned("==", vector, _repeat(mark)))
        return _find_first(builder, found)

    return _define(1, gives=True, generate=generate)


@instruction
def _find_newline(_: Any, address: Any) -> Any:
    def generate(builder: Any, at: Any) -> Any:
        vector = _load(builder, at, _vector())
        return _find_first(builder, builder.icmp_unsigned("==", vector, _repeat(ord("\n"))))

    return _define(1, gives=True, generate=generate)


@instruction
def _count_equal(_: Any, left: Any, right: Any) -> Any:
    def generate(builder: Any, left_at: Any, right_at: Any) -> Any:
        one, other = _load(builder, left_at, _vector()), _load(builder, right_at, _vector())
        return _find_first(builder, builder.icmp_unsigned("!=", one, other))

    return _define(2, gives=True, generate=generate)


@instruction
def _copy_run(_: Any, source: Any, target: Any) -> Any:
    return _define(2, gives=False, generate=lambda b, at, to: _store(b, _load(b, at, _vector()), to))


@inlined
def _is_readable(at: int) -> bool:
    """Tell whether `WIDTH` bytes can be read where one can, because they lie in one page."""
    return at & (_PAGE - 1) <= _PAGE - WIDTH


@inlined
def find_mark(at: int) -> int:
    """Find the next quote, backslash, control character or byte beyond ASCII; there must be one."""
    while True:
        if _is_readable(at):
            step = _find_mark(at)
            at += step
            if step < WIDTH:
                return at
        else:
            byte = byte_at(at)
            if byte < _SPACE or byte >= 0x80 or byte == _QUOTE or byte == _BACKSLASH:
                return at
            at += 1


@part
def find_newline(at: int) -> int:
    """Find the next newline; there must be one."""
    while True:
        if _is_readable(at):
            step = _find_newline(at)
            at += step
            if step < WIDTH:
                return at
        elif byte_at(at) == 10:
            return at
        else:
            at += 1


@inlined
def is_equal(left: int, right: int, size: int) -> bool:
    """Compare two runs of `size` bytes; none is read beyond the first that differs, or beyond its page."""
    while size > 0:
        if _is_readable(left) and _is_readable(right):
            same = _count_equal(left, right)
            if same < WIDTH:
                return same >= size
            left, right, size = left + WIDTH, right + WIDTH, size - WIDTH
        elif byte_at(left) != byte_at(right):
            return False
        else:
            left, right, size = left + 1, right + 1, size - 1
    return True


@inlined
def copy_bytes(source: int, target: int, size: int) -> None:
    """Copy `size` bytes; `target` must have room for `WIDTH` more, which are overwritten."""
    while size > 0:
        if _is_readable(source):
            _copy_run(source, target)
            source, target, size = source + WIDTH, target + WIDTH, size - WIDTH
        else:
            put_byte(target, byte_at(source))
            source, target, size = source + 1, target + 1, size - 1


@inlined
def hash_bytes(at: int, size: int) -> int:
    """Hash some bytes; the low bits are as good as any."""
    mixed = size * _MULTIPLIER
    while size >= _WORD:
        mixed = (mixed ^ get_long(at, 0)) * _MULTIPLIER
        mixed ^= (mixed >> 32) & _LOW_HALF
        at, size = at + _WORD, size - _WORD
    if size > 0:
        mixed = (mixed ^ _read_rest(at, size)) * _MULTIPLIER
        mixed ^= (mixed >> 32) & _LOW_HALF
    return mixed


@part
def _read_rest(at: int, size: int) -> int:
    if _is_readable(at):
        return get_long(at, 0) & ((1 << 8 * size) - 1)
    word = 0
    for place in range(size):
        word |= byte_at(at + place) << 8 * place
    return word
