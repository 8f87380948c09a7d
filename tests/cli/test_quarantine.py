from pathlib import Path

import pytest

from etl.errors import UsageError
from tests.cli.conftest import Shell
from tests.services.worlds import World, messages

BROKEN = b'{"app_id":"id1","customer_user_id":"Zq8xSecret","event_name":"\x1b[31m'


@pytest.fixture
def held(shell: Shell, local_world: World) -> str:
    """Quarantine a message and give its id."""
    local_world.land([*messages(range(2)), BROKEN])
    shell.run("ingest")
    return str(local_world.quarantine()[0]["quarantine_id"])


def test_counts_are_listed_without_content(shell: Shell, held: str) -> None:
    """By reason, app, day and object; the example's id leads on."""
    shown = shell.run("quarantine", "list").stdout

    assert "1 messages in quarantine" in shown
    assert held in shown
    assert "Zq8xSecret" not in shown
    assert shell.ask("quarantine", "list")["groups"][0]["reason"] == "invalid_json"
    assert shell.run("quarantine", "list", "--reason", "other").stdout == "Nothing is in quarantine.\n"


def test_long_lists_are_cut_for_people_only(shell: Shell, local_world: World) -> None:
    """The JSON holds all, and the lines say how many more there are."""
    for hour in range(3):
        local_world.land([b"no json"], f"push/2026/09/01/{hour:02d}/a.json.gz")
    shell.run("ingest")

    assert "2 lines more" in shell.run("quarantine", "list", "--limit", "1").stdout
    assert len(shell.ask("quarantine", "list", "--limit", "1")["groups"]) == 3


def test_a_message_is_masked_and_drives_no_terminal(shell: Shell, held: str) -> None:
    """Personal data is masked, control characters are spelled out."""
    shown = shell.run("quarantine", "show", held)

    assert "Zq8xSecret" not in shown.output
    assert "\x1b" not in shown.stdout
    assert r"\x1b[31m" in shown.stdout


def test_revealing_leaves_a_trace(shell: Shell, held: str) -> None:
    """Who looked at which message, and when; not what was in it."""
    shown = shell.run("quarantine", "show", held, "--reveal")

    assert "Zq8xSecret" in shown.stdout
    assert f"revealed quarantined message {held} at " in shown.stderr
    assert "Zq8xSecret" not in shown.stderr


def test_reprocessing_is_a_dry_run_unless_told(shell: Shell, local_world: World, held: str) -> None:
    """It says what it would do, and does it with --yes."""
    before = local_world.versions()
    dry = shell.run("quarantine", "reprocess", "--reason", "invalid_json")

    assert "Would read 1 objects" in dry.stdout
    assert "add --yes" in dry.stdout
    assert local_world.versions() == before

    done = shell.ask("quarantine", "reprocess", "--yes")
    assert (done["is_dry_run"], done["report"]["replaced"], done["report"]["quarantined"]) == (False, 2, 1)


def test_nothing_to_reprocess(shell: Shell, held: str) -> None:
    """No message chosen means no object, and not all of them."""
    assert "nothing to read again" in shell.run("quarantine", "reprocess", "--app", "id9", "--yes").stdout


def test_an_unknown_id_is_wrong_use(shell: Shell, tmp_path: Path) -> None:
    """The error names the way out."""
    assert isinstance(shell.run("quarantine", "show", "absent").exception, UsageError)
