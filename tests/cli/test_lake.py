from pathlib import Path

import pytest

from etl.errors import UsageError
from tests.cli.conftest import Shell
from tests.services.worlds import World, messages


def test_the_lake_is_told_in_numbers(shell: Shell, local_world: World) -> None:
    """Each table's version, files, rows and partitions, and each app's days; before the first run too."""
    assert [table["version"] for table in shell.ask("lake", "info")["tables"]] == [None] * 6
    local_world.land([*messages(range(3)), b"no json"])
    local_world.land(messages([9], event_time="2026-09-02 01:00:00.000"), "push/2026/09/02/13/b.json.gz")
    shell.run("ingest")

    found = shell.ask("lake", "info")

    tables = {each["name"]: (each["rows"], each["partitions"]) for each in found["tables"]}
    assert (tables["events"], tables["quarantine"], tables["loads"]) == ((4, 2), (1, 1), (2, 1))
    assert tables["checks"][0] >= 2
    assert tables["profiles"][0] >= 1
    (app,) = found["apps"]
    assert (app["app_id"], app["first_date"], app["last_date"], app["rows"]) == (
        "id1234567890",
        "2026-09-01",
        "2026-09-02",
        4,
    )
    assert app["bytes"] == found["tables"][0]["bytes"]
    assert "id1234567890" in shell.run("lake", "info").stdout


def test_an_export_by_app_and_day(shell: Shell, local_world: World, tmp_path: Path) -> None:
    """The command says what it wrote and that erasure reaches it."""
    local_world.land(messages(range(3)))
    shell.run("ingest")
    target = str(tmp_path / "out")

    shown = shell.run("lake", "export", target, "--app", "id1234567890", "--from", "2026-09-01")

    assert "Exported 3 events in 1 partitions" in shown.stdout
    assert shell.ask("lake", "export", target, "--to", "2026-08-31")["rows"] == 0
    assert shell.run("lake", "export", target, "--from", "1 September").exit_code == 2


def test_an_export_into_the_lake_is_wrong_use(shell: Shell, local_world: World) -> None:
    """Exit code 2."""
    assert isinstance(shell.run("lake", "export", local_world.lake.path_of("x")).exception, UsageError)


@pytest.mark.parametrize("is_sure", [True, False])
def test_upkeep_is_a_dry_run_unless_told(shell: Shell, local_world: World, *, is_sure: bool) -> None:
    """It says what would go."""
    local_world.land(messages(range(3)))
    shell.run("ingest")
    stray = Path(local_world.lake.path_of("events/stray.parquet"))
    stray.write_bytes(b"x")

    shown = shell.run("lake", "maintain", "--older-than", "0", *(["--yes"] if is_sure else []))

    assert stray.exists() is not is_sure
    assert ("Removed" if is_sure else "Would remove") in shown.stdout
    assert ("add --yes" in shown.stdout) is not is_sure
