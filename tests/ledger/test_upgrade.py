from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import column, inspect, table, text

from etl.errors import LedgerError, LedgerUpgradeNeeded
from etl.ledger.database import Ledger, begin_read, begin_write, open_ledger
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.schema import METADATA, SCHEMA_REVISION, VERSION_TABLE
from etl.ledger.upgrade import LedgerStatus, ledger_status, open_current_ledger, upgrade_ledger
from tests.ledger.racers import race, upgrade_at_once

pytestmark = pytest.mark.usefixtures("real_migrations")


def execute(ledger: Ledger, statement: str) -> None:
    """Run a statement."""
    with begin_write(ledger) as connection:
        connection.execute(text(statement))


def table_names(ledger: Ledger) -> set[str]:
    """List the tables that are there."""
    with begin_read(ledger) as connection:
        return set(inspect(connection).get_table_names())


def pretend_revision(ledger: Ledger, revision: str) -> None:
    """Make the ledger another version's."""
    versions = table(VERSION_TABLE, column("version_num"))
    with begin_write(ledger) as connection:
        connection.execute(versions.update().values(version_num=revision))


def test_migrations_lead_to_the_schema(ledger: Ledger) -> None:
    """Tables, columns, types, keys and indexes are the metadata's, no more and no less."""
    options = {"compare_type": True, "version_table": VERSION_TABLE}
    with begin_read(ledger) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_the_code_names_the_newest_revision() -> None:
    """Revisions are four digits, in one line, and the schema module names the last."""
    config = Config()
    config.set_main_option("script_location", "etl.ledger:migrations")
    script = ScriptDirectory.from_config(config)
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert script.get_heads() == [SCHEMA_REVISION]
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]


def test_no_ledger_needs_an_upgrade(ledger_url: str) -> None:
    """Where nothing is, the status says so."""
    assert ledger_status(ledger_url) == LedgerStatus(None, SCHEMA_REVISION, True, False)


def test_asking_for_the_status_creates_no_file(sqlite_url: str, tmp_path: Path) -> None:
    """A look leaves no trace."""
    ledger_status(sqlite_url)
    assert list(tmp_path.iterdir()) == []


def test_an_upgraded_ledger_needs_none(ledger: Ledger, ledger_url: str) -> None:
    """The status names its revision."""
    assert ledger_status(ledger_url) == LedgerStatus(SCHEMA_REVISION, SCHEMA_REVISION, False, True)


def test_upgrading_again_changes_nothing(ledger: Ledger, ledger_url: str) -> None:
    """What is in it stays."""
    write_fact(ledger, "key", "kept")
    assert read_fact(upgrade_ledger(ledger_url), "key") == "kept"


def test_upgrades_at_once_are_one(ledger_url: str) -> None:
    """Of several processes that find no ledger, one creates it and all can use it."""
    assert race(upgrade_at_once, ledger_url, 3) == [True] * 3


def test_a_failed_upgrade_leaves_what_was_there(ledger_url: str) -> None:
    """Another program's table of the same name stops it, and no table of ours is left behind."""
    ledger = open_ledger(ledger_url)
    execute(ledger, "CREATE TABLE facts (theirs integer)")
    with pytest.raises(LedgerError):
        upgrade_ledger(ledger_url)
    assert table_names(ledger) == {"facts"}


def test_a_database_is_shared_with_others_who_use_alembic(ledger_url: str) -> None:
    """Airflow's `alembic_version` is neither read nor written."""
    ledger = open_ledger(ledger_url)
    execute(ledger, "CREATE TABLE alembic_version (version_num varchar(32))")
    execute(ledger, "INSERT INTO alembic_version VALUES ('theirs')")
    assert not ledger_status(ledger_url).exists
    upgrade_ledger(ledger_url)
    with begin_read(ledger) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [("theirs",)]


@pytest.mark.parametrize("use", [ledger_status, upgrade_ledger, open_current_ledger])
def test_a_newer_ledger_is_refused(ledger: Ledger, ledger_url: str, use: object) -> None:
    """Nothing is read or written by a version that does not know it, and the error says what to do."""
    pretend_revision(ledger, "9001")
    assert callable(use)
    with pytest.raises(LedgerError, match=r"at revision 9001 .* install the newer version"):
        use(ledger_url)


def test_an_older_ledger_is_not_upgraded_by_the_way(ledger: Ledger, ledger_url: str) -> None:
    """A run stops and names the command: an upgrade is a person's decision."""
    pretend_revision(ledger, "0000")
    assert ledger_status(ledger_url).needs_upgrade
    with pytest.raises(LedgerUpgradeNeeded, match="run `pushlift ledger upgrade`"):
        open_current_ledger(ledger_url)


def test_a_missing_ledger_is_created(tmp_path: Path) -> None:
    """With its folder, at the first use."""
    url = f"sqlite:///{tmp_path}/new/ledger.db"
    write_fact(open_current_ledger(url), "key", "1")
    assert read_fact(open_current_ledger(url), "key") == "1"


def test_a_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    """The error names the key to change."""
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=r"storage\.ledger"):
        upgrade_ledger(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_path_with_a_percent_sign_is_a_path(tmp_path: Path) -> None:
    """Alembic's configuration would take it for an interpolation."""
    url = f"sqlite:///{tmp_path}/100%/ledger.db"
    write_fact(upgrade_ledger(url), "key", "1")
    assert (tmp_path / "100%" / "ledger.db").exists()
