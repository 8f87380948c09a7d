"""The ledger can be rebuilt from the lake."""

from pathlib import Path

from etl.jobs.ingest import ingest
from etl.jobs.rebuild import rebuild_ledger
from etl.ledger.identities import read_app_identities
from etl.ledger.upgrade import open_current_ledger
from etl.sample import generate_landing
from etl.settings import Ingest, Settings, Storage


def configure(root: Path, ledger: str) -> Settings:
    """Give the settings of a small lake, with a ledger of a name."""
    return Settings(
        storage=Storage(
            landing=str(root / "landing"),
            lake=str(root / "lake"),
            opt_outs=str(root / "opt_outs"),
            ledger=f"sqlite:///{root / ledger}",
        ),
        ingest=Ingest(workers=1),
    )


def test_a_rebuilt_ledger_knows_what_was_loaded_and_by_which_ids(tmp_path: Path) -> None:
    """After the ledger is lost and rebuilt, nothing is ingested again and identities are judged as before."""
    generate_landing(tmp_path / "landing", 300, processes=1)
    before = configure(tmp_path, "ledger.db")
    first = ingest(before)
    after = configure(tmp_path, "rebuilt.db")

    report = rebuild_ledger(after)

    assert report.objects == first.objects
    assert ingest(after).run_id is None
    assert read_app_identities(open_current_ledger(after.storage.ledger)) == read_app_identities(
        open_current_ledger(before.storage.ledger)
    )
