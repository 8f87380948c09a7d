"""What callers of kernels hand over: where their arrays are, with room to spare."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Bytes that are looked at together; wherever kernels copy to, there is room for so many more.
WIDTH = 32


def addresses(*arrays: npt.NDArray[np.generic]) -> list[int]:
    """Give where arrays begin: contiguous ones of the type that the kernel takes, kept alive meanwhile."""
    return [array.ctypes.data for array in arrays]
