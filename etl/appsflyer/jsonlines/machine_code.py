"""Machine code of the kernels, kept on disk: compiled once a machine, loaded in milliseconds by LLVM alone.

Numba keeps code as well, but has to be imported to load it, which takes most of a second. Code is named by
what it was made of, so that none is used for another source, version or processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import llvmlite.binding as llvm

_HERE = Path(__file__).parent
_SOURCES = ("layout.py", "compiling.py", "kernels")

Kernel = Callable[..., None]


@cache
def load_kernel(name: str) -> Kernel:
    """Load a kernel, compiling it where that has not been done; it takes numbers, mostly addresses."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(find_code(name, list_folders())))
    engine.finalize_object()
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    function = prototype(engine.get_function_address(name))

    def call(*numbers: int) -> None:
        arguments = (ctypes.c_int64 * len(numbers))(*numbers)
        outcome = ctypes.create_string_buffer(64)
        if function(ctypes.addressof(outcome), ctypes.addressof(outcome), ctypes.addressof(arguments)):
            raise SystemError(f"The kernel {name} failed, which none can: this is a bug.")

    return call


def warm_up() -> None:
    """Load all kernels, compiled if need be, so that processes forked from this one have them."""
    for name in ("find_line_ends", "find_cells", "write_texts", "encode_texts"):
        load_kernel(name)


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


def find_code(name: str, folders: Sequence[Path]) -> bytes:
    """Find a kernel's machine code in one of some folders, or make it and keep it in the first that can."""
    file_name = f"{name}-{_digest()}.o"
    for folder in folders:
        with suppress(OSError):
            return (folder / file_name).read_bytes()
    # Numba is imported only here.
    from etl.appsflyer.jsonlines.compiling import compile_kernel  # noqa: PLC0415

    code = compile_kernel(name, _describe_machine())
    for folder in folders:
        with suppress(OSError):
            _keep(folder, file_name, code)
            break
    return code


def list_folders() -> list[Path]:
    """List where code may be kept: beside the source, else in the user's cache."""
    folders = [_HERE / "__pycache__"]
    with suppress(RuntimeError):
        folders.append(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pushlift")
    return folders


def _keep(folder: Path, file_name: str, code: bytes) -> None:
    """Write a file as a whole or not at all, whoever else does so."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{file_name}.{os.getpid()}.{threading.get_ident()}"
    draft.write_bytes(code)
    draft.replace(folder / file_name)


@cache
def _digest() -> str:
    """Tell apart sources, versions and processors."""
    made_of = hashlib.sha256()
    for source in _SOURCES:
        path = _HERE / source
        for each in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            made_of.update(each.read_bytes())
    for package in ("numba", "llvmlite"):
        made_of.update(version(package).encode())
    made_of.update(f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}".encode())
    return made_of.hexdigest()[:32]
