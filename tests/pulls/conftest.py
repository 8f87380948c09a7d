"""A fresh seed for each test run, shown where a test fails."""

import os
import random
import secrets
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def seed() -> int:
    """Draw a seed, or take the one in PLANTED_SEED, to plant the same again."""
    return int(os.environ.get("PLANTED_SEED") or secrets.randbits(32))


@pytest.fixture
def fresh(seed: int) -> Callable[[str], random.Random]:
    """Give a source of chance for a purpose, from the run's seed."""
    print(f"To plant the same again: PLANTED_SEED={seed}")  # noqa: T201 - shown where a test fails
    return lambda purpose: random.Random(f"{seed} {purpose}")  # noqa: S311 - it plants, it keeps no secret
