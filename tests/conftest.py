"""Fixtures for every test; each real service has its module in `tests/services`."""

import os

import hypothesis
import pytest

from etl.appsflyer import id_scan  # noqa: F401 - registers its kernels
from etl.appsflyer.compiled.machine_code import warm_up
from etl.appsflyer.jsonlines import kernels  # noqa: F401 - the same

# A machine that does other things beside it is no fault of an example.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("pushlift", deadline=None, suppress_health_check=_SLOW)
hypothesis.settings.load_profile("pushlift")

pytest_plugins = [
    "tests.services.browser",
    "tests.services.ledgers",
    "tests.services.postgres",
    "tests.services.postgres_ledgers",
    "tests.services.s3",
    "tests.services.sandboxes",
    "tests.services.stores",
    "tests.services.worlds",
]


@pytest.fixture(autouse=True, scope="session")
def _load_kernels() -> None:
    """Compile before any test is timed."""
    warm_up()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own configuration from every test."""
    for name in list(os.environ):
        if name.startswith(("PUSHLIFT_", "AWS_")):
            monkeypatch.delenv(name)
