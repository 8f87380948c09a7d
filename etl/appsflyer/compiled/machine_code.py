"""Kernels: functions of numbers, compiled by Numba once a machine and loaded in milliseconds by LLVM alone.

Numba keeps code as well, but has to be imported to load it, which takes half a second. A kernel's code is
kept under a digest of what it was made of, so that none is used for another source, version or processor.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import RLock
from typing import Final

import llvmlite.binding as llvm

from etl.appsflyer.compiled.kept_code import keep_code, list_folders, read_code

_HERE = Path(__file__).parent

_registered: list[Kernel] = []
# `cache` lets two threads that come first both make the engine: the one that is forgotten frees its code.
_loading: Final = RLock()


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of a module, which is imported only to compile it; `sources` are what it is made of."""

    name: str
    module: str
    sources: tuple[Path, ...]

    def __call__(self, *numbers: int) -> None:
        """Run it on numbers, mostly addresses, loading it if need be."""
        load_kernel(self)(*numbers)


def register(name: str, module: str, *sources: Path) -> Kernel:
    """Make a kernel known, so that it is loaded before workers are forked.

    `sources` are the files and folders that it is made of, beside what all kernels share.
    """
    kernel = Kernel(name, module, sources)
    _registered.append(kernel)
    return kernel


def warm_up() -> None:
    """Load all kernels, compiled if need be, so that processes forked from this one have them."""
    for kernel in _registered:
        load_kernel(kernel)


@cache
def load_kernel(kernel: Kernel) -> Callable[..., None]:
    """Load a kernel, compiling it where that has not been done; one thread loads, others wait for it."""
    with _loading:
        return _load_once(kernel)


@cache
def _load_once(kernel: Kernel) -> Callable[..., None]:
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(find_code(kernel, list_folders())))
    engine.finalize_object()
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    function = prototype(engine.get_function_address(kernel.name))

    def call(*numbers: int) -> None:
        arguments = (ctypes.c_int64 * len(numbers))(*numbers)
        outcome = ctypes.create_string_buffer(64)
        if function(ctypes.addressof(outcome), ctypes.addressof(outcome), ctypes.addressof(arguments)):
            raise SystemError(f"The kernel {kernel.name} failed, which none can: this is a bug.")

    return call


def find_code(kernel: Kernel, folders: Sequence[Path]) -> bytes:
    """Find a kernel's machine code in one of some folders, or make it and keep it in the first that can."""
    digest = _digest(kernel.sources)
    code = read_code(folders, kernel.name, digest)
    if code is None:
        # Numba is imported only here.
        from etl.appsflyer.compiled.compiling import compile_kernel  # noqa: PLC0415

        code = compile_kernel(kernel.module, kernel.name, _describe_machine())
        keep_code(folders, kernel.name, digest, code)
    return code


@cache
def _describe_machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _engine() -> llvm.ExecutionEngine:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), _describe_machine())


@cache
def _digest(sources: tuple[Path, ...]) -> str:
    """Tell apart sources, versions and processors."""
    made_of = hashlib.sha256()
    for source in (_HERE, *sources):
        for path in sorted(source.glob("*.py")) if source.is_dir() else [source]:
            made_of.update(path.read_bytes())
    for package in ("numba", "llvmlite"):
        made_of.update(version(package).encode())
    made_of.update(f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}".encode())
    return made_of.hexdigest()[:32]
