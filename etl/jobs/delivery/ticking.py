"""Seconds that all processes of a machine tell alike."""

from __future__ import annotations

import time
from typing import Final

# Linux' CLOCK_MONOTONIC stands still while the machine sleeps, and leases do not.
_CLOCK: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def tell_seconds() -> float:
    """Tell seconds that only grow, those that the machine slept among them."""
    return time.clock_gettime(_CLOCK)
