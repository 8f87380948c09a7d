from pathlib import Path

from sqlalchemy import column, table

from etl.errors import LedgerError
from etl.ledger.database import begin_write
from etl.ledger.schema import SCHEMA_REVISION, VERSION_TABLE
from etl.ledger.upgrade import upgrade_ledger
from tests.cli.conftest import Shell
from tests.services.worlds import World


def test_a_ledger_is_created_and_told(shell: Shell) -> None:
    """Upgrading twice is as good as once."""
    assert "does not exist yet" in shell.run("ledger", "status").stdout
    assert "created" in shell.run("ledger", "upgrade").stdout
    assert shell.ask("ledger", "upgrade")["before"] == SCHEMA_REVISION
    assert shell.ask("ledger", "status")["status"]["needs_upgrade"] is False


def test_an_old_ledger_is_wrong_until_upgraded(shell: Shell, local_world: World) -> None:
    """The status exits with 2 and names the command."""
    ledger = upgrade_ledger(local_world.settings.storage.ledger)
    versions = table(VERSION_TABLE, column("version_num"))
    with begin_write(ledger) as connection:
        connection.execute(versions.update().values(version_num="0000"))

    shown = shell.run("ledger", "status")

    assert shown.exit_code == 2
    assert "run pushlift ledger upgrade" in shown.stdout


def test_a_backup_is_never_overwritten(shell: Shell, tmp_path: Path) -> None:
    """The first succeeds, the second names the file."""
    shell.run("ledger", "upgrade")
    target = str(tmp_path / "copy.db")

    assert shell.ask("ledger", "backup", target) == {"backup": target}
    assert isinstance(shell.run("ledger", "backup", target).exception, LedgerError)
