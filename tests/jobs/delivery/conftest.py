"""A partner, a ledger of each kind, and plans to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from etl.jobs.delivery.assembly import Delivery
from etl.jobs.delivery.story import DeliveryReport, run_delivery
from etl.ledger.database import Ledger
from etl.liftoff.sandbox.process import SandboxProcess
from etl.settings import Secrets, Settings
from tests.services.plans import Wanted, add_plan, describe_settings, make_secrets, open_ledger_of


class World:
    """A configuration with its secrets; `liftoff` options may be changed by a test."""

    def __init__(self, folder: Path, ledger_url: str, sandbox: SandboxProcess, **liftoff: Any) -> None:  # noqa: ANN401 - settings
        """Describe it."""
        url = liftoff.pop("postback_url", sandbox.postback_url)
        self.sandbox = sandbox
        self.settings: Settings = describe_settings(folder, ledger_url, url, **liftoff)
        self.secrets: Secrets = make_secrets(sandbox.credentials.api_key)

    def wanted(self, rows: int = 10, **wanted: Any) -> Wanted:  # noqa: ANN401 - fields of Wanted
        """Describe a plan."""
        return replace(Wanted(rows=rows), **wanted)

    def plan(self, rows: int = 10, **wanted: Any) -> str:  # noqa: ANN401 - fields of Wanted
        """Write an approved plan."""
        return add_plan(self.settings, self.wanted(rows, **wanted))

    def send(self, plan_id: str, **changes: Any) -> DeliveryReport:  # noqa: ANN401 - fields of Delivery
        """Send a plan in this process."""
        return run_delivery(replace(Delivery(self.settings, self.secrets), **changes), plan_id)

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return open_ledger_of(self.settings)


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, sqlite_url: str, sandbox: SandboxProcess) -> MakeWorld:
    """Make worlds on SQLite."""
    return lambda **liftoff: World(tmp_path, sqlite_url, sandbox, **liftoff)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Give a world on SQLite."""
    return make_world()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a SQLite ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of a SQLite ledger that is not there yet, and of an empty one on Postgres, in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "ready_postgres_url")
    return url
