from pathlib import Path

import pytest

from etl.errors import LedgerError
from etl.jobs.ledger import backup_to, describe_ledger, inspect_ledger
from etl.ledger.objects import FailedAttempt, record_failed_attempt
from etl.ledger.upgrade import ledger_status
from tests.ledger.conftest import START
from tests.services.worlds import World, messages


def test_a_ledger_that_is_not_there_is_not_created(local_world: World, tmp_path: Path) -> None:
    """Looking leaves no trace."""
    found = inspect_ledger(local_world.settings)

    assert found.exit_code == 0
    assert "the first run creates it" in "".join(describe_ledger(found))
    assert not (tmp_path / "ledger.db").exists()


def test_what_the_ledger_knows_is_told(world: World) -> None:
    """Objects by state, those that failed by name, drafts, publishes, exports and who publishes."""
    world.land(messages(range(2)))
    world.ingest()
    record_failed_attempt(world.open_ledger(), FailedAttempt("s3://b/k", "v", 1, START, "forbidden"))

    found = inspect_ledger(world.settings)
    text = "\n".join(describe_ledger(found))

    assert found.objects == {"finished": 1, "failed": 1}
    assert (found.unfinished_publishes, found.exports, found.publisher) == (0, 0, None)
    assert "forbidden, tried 1 times: s3://b/k" in text
    assert "publish lock     free" in text


def test_a_ledger_is_copied(local_world: World, tmp_path: Path) -> None:
    """The copy is a ledger of the same revision."""
    local_world.land(messages(range(2)))
    local_world.ingest()

    copy = backup_to(local_world.settings, tmp_path / "copy.db")

    assert ledger_status(f"sqlite:///{copy}") == ledger_status(local_world.settings.storage.ledger)


def test_no_ledger_is_not_copied(local_world: World, tmp_path: Path) -> None:
    """Nothing is created for the sake of copying it."""
    with pytest.raises(LedgerError, match="no ledger yet"):
        backup_to(local_world.settings, tmp_path / "copy.db")
    assert list(tmp_path.glob("*.db")) == []
