"""`pushlift reconcile pull` tells gaps by hour, and fills them only when it is asked and told yes."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell
from tests.pulls.shops import drop, record, write_csv
from tests.services.worlds import World, messages


@pytest.fixture
def shop(local_world: World, shell: Shell) -> Shell:
    """Have Push lose one of three purchases that a file has."""
    rows = messages(range(3))
    local_world.land(rows[:2])
    local_world.ingest()
    drop(local_world, write_csv([record(row) for row in rows]))
    return shell


def test_a_gap_is_told_by_hour(shop: Shell) -> None:
    """As a table for people, as CSV and as JSON for programs; the exit code is 0: it is a finding."""
    told = shop.run("reconcile", "pull")
    assert told.exit_code == 0
    assert "1  missing in Push" in told.stdout
    (hour,) = shop.ask("reconcile", "pull")["hours"]
    assert (hour["hour"], hour["equal"], hour["missing_in_push"]) == ("2026-09-01T12:00:00Z", 2, 1)
    lines = shop.run("reconcile", "pull", "--output", "csv").stdout.splitlines()
    assert lines[1] == "in-app-events.csv,2026-09-01T12:00:00Z,id1234567890,af_purchase,2,0,1,0"


def test_filling_is_a_dry_run_unless_told_otherwise(local_world: World, shop: Shell) -> None:
    """It says what it would ingest, and with --yes does it, once."""
    assert "Would ingest 1 events" in shop.run("reconcile", "pull", "--ingest-missing").stdout
    assert len(local_world.events("event_id")) == 2
    assert (
        shop.ask("reconcile", "pull", "--ingest-missing", "--yes")["files"][0]["ingested"]["published"] == 1
    )
    assert shop.ask("reconcile", "pull", "--ingest-missing", "--yes")["files"][0]["ingested"] is None
    assert len(local_world.events("event_id")) == 3


def test_a_file_that_is_no_report_is_wrong_use(local_world: World, shop: Shell) -> None:
    """The message names the file and what it lacks."""
    drop(local_world, b"a,b\n1,2\n", "installs.csv")
    result = shop.run("reconcile", "pull", "installs.csv")
    assert result.exit_code == 2
    assert "event_time" in str(result.exception)


def test_no_identifier_is_shown(shop: Shell) -> None:
    """Whatever the form: counts, names and hours alone."""
    for output in ("table", "csv", "json"):
        assert "1756684800000-" not in shop.run("reconcile", "pull", "--output", output).stdout
