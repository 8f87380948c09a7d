"""Robust statistics: what is odd, judged by medians, which a few odd hours of the past do not move."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, log, sqrt
from typing import Final

import numpy as np

# The median absolute deviation of a normal distribution, in standard deviations.
_MAD_TO_DEVIATION: Final = 1.4826
# What hours of equal weeks differ by beside Poisson's law, as a factor's logarithm; and at most: four values
# that happen to lie far apart must not excuse everything.
_USUAL_NOISE: Final = 0.15
_MOST_NOISE: Final = 0.2
# So many events are added to both sides of a ratio, which is of no account for large counts.
_FEW: Final = 5.0
# Of a share that is really below the bound, one batch in two thousand says otherwise.
_DEVIATIONS: Final = 3.29


def score_count(count: int, past: Sequence[int]) -> tuple[float, float]:
    """Give the median of past counts, and how many deviations from it a count lies, on a scale of ratios.

    The deviation is that of the past, at least that of Poisson's law with some noise of the world, not much
    more: four values prove neither constancy nor that anything goes.
    """
    middle = float(np.median(past))
    chance = 1 / sqrt(max(middle, 1.0))
    ratios = [log((each + _FEW) / (middle + _FEW)) for each in past]
    spread = _MAD_TO_DEVIATION * float(np.median(np.abs(ratios)))
    least, most = hypot(chance, _USUAL_NOISE), chance + _MOST_NOISE
    return middle, log((count + _FEW) / (middle + _FEW)) / min(max(spread, least), most)


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
