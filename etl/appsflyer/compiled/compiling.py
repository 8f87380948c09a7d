"""Compile kernels with Numba to machine code that can be loaded without it."""

from __future__ import annotations

from importlib import import_module

import llvmlite.binding as llvm
import numba

from etl.appsflyer.compiled.instructions import INNER


def compile_kernel(module: str, name: str, machine: llvm.TargetMachine) -> bytes:
    """Compile a function of a module to an object file that defines its name."""
    compiled = numba.njit(**INNER)(getattr(import_module(module), name))
    compiled.compile((numba.int64,))
    (overload,) = compiled.overloads.values()
    code = overload.library.get_llvm_str().replace(overload.fndesc.llvm_func_name, name)
    return bytes(machine.emit_object(llvm.parse_assembly(code)))
