from pathlib import Path

import pytest

from etl.errors import LedgerError
from etl.ledger.backup import backup_ledger
from etl.ledger.database import begin_write, open_ledger
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.schema import facts
from etl.ledger.upgrade import ledger_status, upgrade_ledger
from tests.ledger.conftest import START


def test_a_backup_is_a_ledger(sqlite_url: str, tmp_path: Path) -> None:
    """It holds what was committed, and opens like any other."""
    ledger = upgrade_ledger(sqlite_url)
    write_fact(ledger, "key", "kept")
    backup_ledger(ledger, tmp_path / "backups" / "copy.db")
    url = f"sqlite:///{tmp_path}/backups/copy.db"
    assert not ledger_status(url).needs_upgrade
    assert read_fact(open_ledger(url), "key") == "kept"


def test_a_backup_is_one_file(sqlite_url: str, tmp_path: Path) -> None:
    """Nothing that belongs to it lies beside it."""
    backup_ledger(upgrade_ledger(sqlite_url), tmp_path / "backups" / "copy.db")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["copy.db"]


def test_a_backup_beside_a_writer_holds_what_was_committed(sqlite_url: str, tmp_path: Path) -> None:
    """An open transaction neither stops it nor gets into it."""
    ledger = upgrade_ledger(sqlite_url)
    row = {"key": "open", "value": "1", "updated_at": START}
    with begin_write(ledger) as connection:
        connection.execute(facts.insert(), row)
        backup_ledger(ledger, tmp_path / "copy.db")
    assert read_fact(open_ledger(f"sqlite:///{tmp_path}/copy.db"), "open") is None


def test_a_backup_overwrites_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """An existing file is refused and stays as it was."""
    target = tmp_path / "copy.db"
    target.write_text("yesterday's")
    with pytest.raises(LedgerError, match="exists already"):
        backup_ledger(upgrade_ledger(sqlite_url), target)
    assert target.read_text() == "yesterday's"


def test_a_backup_that_cannot_be_written_says_where(sqlite_url: str, tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=r"cannot be written to .*/file"):
        backup_ledger(upgrade_ledger(sqlite_url), tmp_path / "file" / "copy.db")


def test_postgres_is_backed_up_by_its_own_tools(postgres_url: str, tmp_path: Path) -> None:
    """The error names the tool."""
    with pytest.raises(LedgerError, match="pg_dump"):
        backup_ledger(open_ledger(postgres_url), tmp_path / "copy.db")
