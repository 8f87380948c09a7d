from pathlib import Path

import pytest

from etl.errors import UsageError
from tests.cli.conftest import Shell
from tests.services.suites import BAD, GOOD, audited_by, land_bad, write_suites
from tests.services.worlds import World

DAYS = ("--from", "2026-09-01", "--to", "2026-09-02")


@pytest.fixture
def audited(shell: Shell, local_world: World, tmp_path: Path) -> World:
    """Configure suites, and land what they hold back."""
    world = audited_by(local_world, write_suites(tmp_path / "suites"))
    with shell.config.open("a", encoding="utf-8") as config:
        config.write("[quality]\nexpectations = 'suites'\n")
    land_bad(world)
    return world


def hold(shell: Shell) -> str:
    """Ingest, and give the batch that is held."""
    shell.run("ingest")
    return str(shell.ask("quality", "held")["batches"][0]["id"])


def test_ingest_says_what_is_held_and_the_ways_out(shell: Shell, audited: World) -> None:
    """The exit code is 1; the failed check, the batch and both commands are named."""
    shown = shell.run("ingest")

    batch_id = str(shell.ask("quality", "held")["batches"][0]["id"])
    assert shown.exit_code == 1
    assert "com.bad: 5 rows held as batch " + batch_id in shown.stdout
    assert "FAILED com.bad: required" in shown.stdout
    assert "pushlift ingest --reprocess --since 2026-09-01T13:00:00+00:00" in shown.stdout
    assert f"pushlift quality release {batch_id}" in shown.stdout


def test_the_way_out_by_a_fix_works_as_it_is_told(shell: Shell, audited: World, tmp_path: Path) -> None:
    """After the fix, the command of the report brings the held rows in."""
    shell.run("ingest")
    write_suites(tmp_path / "suites", "warning")

    done = shell.run("ingest", "--reprocess", "--since", "2026-09-01T13:00:00+00:00")

    assert done.exit_code == 0
    assert len(audited.events("event_id")) == 13
    assert shell.run("quality", "held").stdout == "Nothing is held back.\n"


def test_a_release_is_a_dry_run_unless_told(shell: Shell, audited: World) -> None:
    """It says what would be published and what that accepts, and does it with --yes."""
    batch_id = hold(shell)
    before = audited.versions()
    dry = shell.run("quality", "release", batch_id, "--reason", "It is real.")

    assert "Would release 5 held rows of com.bad" in dry.stdout
    assert "add --yes" in dry.stdout
    assert audited.versions() == before

    done = shell.ask("quality", "release", batch_id, "--reason", "It is real.", "--yes")
    assert (done["is_dry_run"], done["published"], done["duplicates"]) == (False, 5, 0)
    assert done["reason"] == "It is real."
    assert len(audited.events("event_id")) == 13


def test_a_release_needs_a_reason(shell: Shell, audited: World) -> None:
    """Without the option it is wrong use, and so is an unknown batch."""
    batch_id = hold(shell)

    assert shell.run("quality", "release", batch_id, "--yes").exit_code == 2
    assert isinstance(
        shell.run("quality", "release", "absent", "--reason", "x", "--yes").exception, UsageError
    )


def test_the_status_of_each_app(shell: Shell, audited: World) -> None:
    """Its last verdict, and what of it is held."""
    assert "Nothing has been audited yet" in shell.run("quality", "status").stdout
    batch_id = hold(shell)

    apps = {app["app_id"]: app for app in shell.ask("quality", "status")["apps"]}

    assert (apps[GOOD]["verdict"], apps[GOOD]["held"]) == ("passed", 0)
    assert (apps[BAD]["verdict"], apps[BAD]["held"], apps[BAD]["batches"]) == ("failed", 5, [batch_id])
    assert f"5 rows held as {batch_id}" in shell.run("quality", "status").stdout


def test_the_gate_exits_with_1_where_a_plan_would_be_refused(shell: Shell, audited: World) -> None:
    """Programs ask by the exit code; people read which day, why, and what to do."""
    batch_id = hold(shell)

    refused = shell.run("quality", "gate", "--app", BAD, *DAYS)
    assert refused.exit_code == 1
    assert "2026-09-01: failed events." in refused.stdout
    assert batch_id in refused.stdout
    assert shell.ask("quality", "gate", "--app", BAD, *DAYS)["is_open"] is False
    assert shell.run("quality", "gate", "--app", GOOD, *DAYS).exit_code == 0


def test_no_app_is_silent_in_a_new_lake(shell: Shell, audited: World) -> None:
    """The watch finds nothing to tell, and leaves nothing behind."""
    shown = shell.run("quality", "watch")

    assert (shown.exit_code, shown.stdout) == (0, "No app is silent.\n")
    assert audited.versions() == {}


def test_checks_are_queried_like_any_table(shell: Shell, audited: World) -> None:
    """What failed, by app, is one query."""
    shell.run("ingest")

    found = shell.ask("sql", "select app_id, count(*) from checks where verdict = 'failed' group by all")

    assert found["rows"] == [[BAD, 2]]
