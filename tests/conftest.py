"""Fixtures for every test; each real service has its module in `tests/services`."""

pytest_plugins = ["tests.services.postgres"]
