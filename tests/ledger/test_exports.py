from pathlib import Path

import pytest

from etl.errors import LedgerError
from etl.ledger.database import Ledger
from etl.ledger.exports import begin_export, find_export, finish_export, forget_export, list_exports
from tests.ledger.conftest import START, HandClock


def test_an_export_is_known_before_it_is_whole(ledger: Ledger) -> None:
    """Erasure finds it while its files are being written."""
    begin_export(ledger, "/a", "all", 7)

    (export,) = list_exports(ledger)
    assert (export.target, export.state, export.events_version, export.finished_at) == (
        "/a",
        "writing",
        7,
        None,
    )


def test_a_finished_export_has_its_counts(ledger: Ledger, clock: HandClock) -> None:
    """Files, rows and the instants of its beginning and end."""
    begin_export(ledger, "/a", "all", 7)
    clock.advance(5)
    finish_export(ledger, "/a", files=2, rows=30)

    export = find_export(ledger, "/a")
    assert export is not None
    assert (export.state, export.files, export.rows) == ("finished", 2, 30)
    assert (export.started_at, export.finished_at) == (START, clock.now)


def test_an_export_takes_the_place_of_an_older_one(ledger: Ledger) -> None:
    """A target has one row, which is unfinished until the new export is whole."""
    begin_export(ledger, "/a", "all", 7)
    finish_export(ledger, "/a", files=2, rows=30)
    begin_export(ledger, "/a", "one app", 8)

    (export,) = list_exports(ledger)
    assert (export.state, export.selection, export.events_version, export.rows) == (
        "writing",
        "one app",
        8,
        0,
    )


def test_what_was_never_registered_is_not_finished(ledger: Ledger, tmp_path: Path) -> None:
    """An export that erasure would not find is refused."""
    with pytest.raises(LedgerError, match="is not registered"):
        finish_export(ledger, "/a", files=1, rows=1)
    assert find_export(ledger, "/a") is None


def test_an_export_whose_files_are_gone_is_forgotten(ledger: Ledger) -> None:
    """Forgetting tells whether there was one."""
    begin_export(ledger, "/a", "all", 7)

    assert forget_export(ledger, "/a")
    assert not forget_export(ledger, "/a")
    assert list_exports(ledger) == []
