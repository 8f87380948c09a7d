from pathlib import Path

import pytest

from benchmarks.comparing import CONTENDERS, Contender, run_contender
from benchmarks.landing import Landing, prepare_landing


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    """Messages enough for one line of junk."""
    return prepare_landing(tmp_path_factory.mktemp("data"), messages=5_200, objects=2)


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda contender: contender.name)
def test_every_contender_publishes_what_the_landing_holds(
    contender: Contender, landing: Landing, tmp_path: Path
) -> None:
    """Every contender runs, and those that deduplicate publish exactly the landing's events."""
    measured = run_contender(contender, landing, tmp_path)
    assert measured.cpu_seconds > 0
    assert measured.peak_bytes > 0
