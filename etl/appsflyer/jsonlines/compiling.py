"""Compile kernels with Numba to machine code that can be loaded without it."""

from __future__ import annotations

import llvmlite.binding as llvm
import numba

from etl.appsflyer.jsonlines.kernels import finding, lines, writing
from etl.appsflyer.jsonlines.kernels.instructions import INNER

_KERNELS = {
    "find_line_ends": lines.find_line_ends,
    "find_cells": finding.find_cells,
    "write_texts": writing.write_texts,
    "encode_texts": writing.encode_texts,
}


def compile_kernel(name: str, machine: llvm.TargetMachine) -> bytes:
    """Compile a kernel to an object file that defines its name."""
    compiled = numba.njit(**INNER)(_KERNELS[name])
    compiled.compile((numba.int64,))
    (overload,) = compiled.overloads.values()
    code = overload.library.get_llvm_str().replace(overload.fndesc.llvm_func_name, name)
    return bytes(machine.emit_object(llvm.parse_assembly(code)))
