"""Landings that several tests look at."""

import pytest

from etl.sample import Shape, generate_landing
from tests.sample.reading import Landing, read_landing


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The demo shape with 2,000 messages."""
    target = tmp_path_factory.mktemp("mixed")
    return read_landing(target, generate_landing(target, 2_000, processes=1))


@pytest.fixture(scope="session")
def benchmark_shape(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """The benchmark shape, small, with two lines of junk."""
    target = tmp_path_factory.mktemp("benchmark")
    truth = generate_landing(target, 16_000, shape=Shape.V2_GZIP_NDJSON, processes=1)
    return read_landing(target, truth)
