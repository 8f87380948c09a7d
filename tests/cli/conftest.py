"""The command line in this process, on a world of the test's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from etl.cli import build_app
from etl.errors import PushliftError
from tests.services.worlds import World


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands with the world's configuration."""

    config: Path

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run a command; one of our errors becomes its exit code, as `main` makes it."""
        result = CliRunner().invoke(build_app(), [*arguments, "--config", str(self.config)], input=stdin)
        if isinstance(result.exception, PushliftError):
            result.exit_code = result.exception.exit_code
        elif result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def ask(self, *arguments: str) -> Mapping[str, Any]:
        """Run a command with --json and read the one object that it prints."""
        found: Mapping[str, Any] = json.loads(self.run(*arguments, "--json").stdout)
        return found


@pytest.fixture
def shell(local_world: World, tmp_path: Path) -> Shell:
    """Configure what the local world is."""
    config = tmp_path / "pushlift.toml"
    config.write_text("[ingest]\nworkers = 1\n", encoding="utf-8")
    return Shell(config)
