"""Keep freed memory in the process.

A worker frees and takes the same few hundred megabytes again with every batch.
"""

from __future__ import annotations

import ctypes
from typing import Final

# <malloc.h>: the size from which a block is mapped by itself, and how much may lie free before it is given
# back.
_M_MMAP_THRESHOLD: Final = -3
_M_TRIM_THRESHOLD: Final = -1
_MAPPED_FROM_BYTES: Final = 1 << 30
_TRIMMED_FROM_BYTES: Final = (1 << 31) - 1


def keep_freed_memory() -> None:
    """Let Arrow take its memory from the system's allocator, and let that one keep what is freed.

    Otherwise every batch's buffers are given back and faulted in again, which costs a quarter of a worker's
    time. Where the C library is not glibc, nothing is changed.
    """
    import pyarrow as pa

    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)
    set_option(_M_TRIM_THRESHOLD, _TRIMMED_FROM_BYTES)
    pa.set_memory_pool(pa.system_memory_pool())
