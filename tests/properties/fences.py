"""A pytest plugin that fences the memory of kernels: a byte read or written beyond an array is a SIGSEGV.

Loaded by `-p`, it replaces what the modules that call kernels make arrays with. `PUSHLIFT_FENCE` says whether
the unreadable page lies right behind each array (`end`) or right before it (`start`).
"""

from __future__ import annotations

import ctypes
import mmap
import os
from importlib import import_module
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

CALLERS = (
    "etl.appsflyer.id_scan",
    "etl.appsflyer.jsonlines.cells",
    "etl.appsflyer.jsonlines.columns",
    "etl.appsflyer.jsonlines.line_ends",
    "etl.appsflyer.jsonlines.spellings",
    "etl.appsflyer.line_index",
    "etl.appsflyer.parse",
    "etl.lake.wanted",
    "etl.proving.matching",
    "etl.proving.messages",
    "etl.proving.unwrapping",
    "etl.proving.wanted",
)
PROT_NONE = 0
Shape = int | tuple[int, ...]


class FencedNumpy:
    """NumPy, but the arrays that it makes end, or start, at a page that nobody may touch."""

    def __init__(self, *, is_behind: bool) -> None:
        """Fence arrays behind, or else before."""
        self.is_behind = is_behind
        self._protect = ctypes.CDLL(None, use_errno=True).mprotect

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever NumPy has
        """Give what is not replaced."""
        return getattr(np, name)

    def empty(self, shape: Shape, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
        """Make an array of anything: 0xAA, in which nobody finds what was never written."""
        count = prod(shape) if isinstance(shape, tuple) else shape
        size = count * np.dtype(dtype).itemsize
        pages = -(-size // mmap.PAGESIZE)
        memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
        fence = pages * mmap.PAGESIZE if self.is_behind else 0
        start = fence - size if self.is_behind else mmap.PAGESIZE
        memory.seek(start)
        memory.write(b"\xaa" * size)
        array = np.frombuffer(memory, dtype=np.uint8)
        if self._protect(ctypes.c_void_p(array.ctypes.data + fence), mmap.PAGESIZE, PROT_NONE):
            raise OSError(ctypes.get_errno(), "mprotect")
        return array[start : start + size].view(dtype).reshape(shape)

    def full(self, shape: Shape, value: object, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array of one value."""
        array = self.empty(shape, dtype)
        array[...] = value
        return array

    def zeros(self, shape: Shape, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array of zeros."""
        return self.full(shape, 0, dtype)

    def frombuffer(self, buffer: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:  # noqa: ANN401 - any buffer
        """Copy a buffer, where NumPy would look at it."""
        return self.copy(np.frombuffer(buffer, dtype))

    def flatnonzero(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Find what is not zero."""
        return self.copy(np.flatnonzero(array))

    def copy(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Copy an array."""
        fenced = self.empty(array.shape, array.dtype)
        fenced[...] = array
        return fenced


def fence_in() -> None:
    """Have all callers of kernels make fenced arrays from now on."""
    numpy = FencedNumpy(is_behind=os.environ["PUSHLIFT_FENCE"] == "end")
    for name in CALLERS:
        vars(import_module(name))["np"] = numpy


if "PUSHLIFT_FENCE" in os.environ:
    fence_in()
