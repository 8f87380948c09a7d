"""The small lake of the analysts' queries, made once, and its figures."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from etl.jobs.reporting.lake_figures import gather_lake_figures
from etl.lake.reading import Lake
from etl.reports.app_figures import AppFigures
from etl.reports.figures import Period
from tests.reports.lakes import at
from tests.sql.small_lake import GAME, SHOP, day, make_small_lake


@pytest.fixture(scope="session")
def small_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Give the lake; nothing may change it."""
    return make_small_lake(tmp_path_factory.mktemp("small-lake"))


@pytest.fixture(scope="session")
def gathered(small_lake: Lake) -> Mapping[str, AppFigures]:
    """Gather both apps' figures of the first five days of September."""
    return gather_lake_figures(small_lake, [SHOP, GAME], Period(day(1), day(5)), at("2026-09-06 12:00"))
