"""One folder a module, ingested once, so that each test only looks at what came of its object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.survival.landing import Lake, Landing


@pytest.fixture(scope="module")
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Ingest the module's `FILES` in one run."""
    landing = Landing(tmp_path_factory.mktemp("survival"))
    files: Mapping[str, bytes] = request.module.FILES
    landing.land(files)
    landing.run()
    return landing.read()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An empty landing folder."""
    return Landing(tmp_path)
