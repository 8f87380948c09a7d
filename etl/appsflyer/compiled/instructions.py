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

from etl.appsflyer.compiled.memory import WIDTH

Function = TypeVar("Function", bound=Callable[..., Any])

_LONG = ir.IntType(64)


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


def vector() -> Any:
    """Give the type of the bytes that are looked at together."""
    return ir.VectorType(ir.IntType(8), WIDTH)


def load(builder: Any, address: Any, kind: Any) -> Any:
    """Read from an address, which may be any."""
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def store(builder: Any, value: Any, address: Any) -> None:
    """Write to an address, which may be any."""
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=1)


def repeat(value: int) -> Any:
    """Give a vector of one byte."""
    return ir.Constant(vector(), [value] * WIDTH)


def find_first(builder: Any, flags: Any) -> Any:
    """Give the place of the first flag that is set; `WIDTH` without any."""
    mask = builder.bitcast(flags, ir.IntType(WIDTH))
    return builder.zext(builder.cttz(mask, ir.Constant(ir.IntType(1), 0)), _LONG)


def _at(builder: Any, base: Any, index: Any, width: int) -> Any:
    return builder.add(base, builder.mul(index, ir.Constant(_LONG, width)))


def define(arguments: int, *, gives: bool, generate: Callable[..., Any]) -> Any:
    """Define an instruction on numbers by what generates it."""
    signature = (numba.int64 if gives else numba.void)(*[numba.int64] * arguments)

    def lower(context: Any, builder: Any, _: Any, values: Any) -> Any:
        made = generate(builder, *values)
        return made if gives else context.get_dummy_value()

    return signature, lower


@instruction
def byte_at(_: Any, address: Any) -> Any:
    """Read a byte."""
    return define(1, gives=True, generate=lambda b, at: b.zext(load(b, at, ir.IntType(8)), _LONG))


@instruction
def put_byte(_: Any, address: Any, value: Any) -> Any:
    """Write a byte."""
    return define(2, gives=False, generate=lambda b, at, value: store(b, b.trunc(value, ir.IntType(8)), at))


@instruction
def get(_: Any, base: Any, index: Any) -> Any:
    """Read an item of an array of int32."""
    return define(
        2,
        gives=True,
        generate=lambda b, base, i: b.sext(load(b, _at(b, base, i, 4), ir.IntType(32)), _LONG),
    )


@instruction
def put(_: Any, base: Any, index: Any, value: Any) -> Any:
    """Write an item of an array of int32."""
    return define(
        3,
        gives=False,
        generate=lambda b, base, i, value: store(b, b.trunc(value, ir.IntType(32)), _at(b, base, i, 4)),
    )


@instruction
def get_long(_: Any, base: Any, index: Any) -> Any:
    """Read an item of an array of int64."""
    return define(2, gives=True, generate=lambda b, base, i: load(b, _at(b, base, i, 8), _LONG))


@instruction
def put_long(_: Any, base: Any, index: Any, value: Any) -> Any:
    """Write an item of an array of int64."""
    return define(3, gives=False, generate=lambda b, base, i, value: store(b, value, _at(b, base, i, 8)))


@instruction
def count_zeros(_: Any, mask: Any) -> Any:
    """Count the bits of a mask before the first that is set; 64 where none is."""
    return define(1, gives=True, generate=lambda b, mask: b.cttz(mask, ir.Constant(ir.IntType(1), 0)))


@instruction
def drop_bits(_: Any, mask: Any, count: Any) -> Any:
    """Drop the first bits of a mask, fewer than 64."""
    return define(2, gives=True, generate=lambda b, mask, count: b.lshr(mask, count))
