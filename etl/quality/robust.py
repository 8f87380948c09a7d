"""Robust statistics: what is odd, judged by medians, which a few odd hours of the past do not move."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np

# The median absolute deviation of a normal distribution, in standard deviations.
_MAD_TO_DEVIATION: Final = 1.4826
# Of a share that is really below the bound, one batch in two thousand says otherwise.
_DEVIATIONS: Final = 3.29


def score_count(count: int, past: Sequence[int], *, usual_noise: float = 0.1) -> tuple[float, float]:
    """Give the median of past counts, and how many deviations from it a count lies.

    The deviation is at least that of Poisson's law, and at least `usual_noise` of the median: four values
    that happen to be close to each other prove no constancy.
    """
    middle = float(np.median(past))
    spread = _MAD_TO_DEVIATION * float(np.median(np.abs(np.asarray(past) - middle)))
    return middle, (count - middle) / max(spread, sqrt(max(middle, 1.0)), usual_noise * middle)


def low_share(count: int, total: int) -> float:
    """Give the lower bound of a share that chance allows (Wilson's), near zero for a few rows."""
    return _bounds(count, total)[0]


def high_share(count: int, total: int) -> float:
    """Give the upper bound of a share that chance allows, near one for a few rows."""
    return _bounds(count, total)[1]


def _bounds(count: int, total: int) -> tuple[float, float]:
    if not total:
        return 0.0, 1.0
    share, square = count / total, _DEVIATIONS**2
    centre = share + square / (2 * total)
    spread = _DEVIATIONS * sqrt(share * (1 - share) / total + square / (4 * total**2))
    scale = 1 + square / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
