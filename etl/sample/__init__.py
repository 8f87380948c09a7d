"""Sample exports for demo, tests and benchmarks, with their truth.

Nothing here asks the rest of the package anything, so that what it says about its own files is independent.
"""

from etl.sample.generate import generate_landing
from etl.sample.plan import Shape
from etl.sample.truth import Truth, write_truth

__all__ = ["Shape", "Truth", "generate_landing", "write_truth"]
