"""An object that is written again takes its record along, and nobody takes it for a new one meanwhile."""

from datetime import UTC, datetime

import pytest

from etl.ledger.database import Ledger, begin_write
from etl.ledger.facts import write_fact
from etl.ledger.objects import FinishedObject, finish_objects, unfinished_objects
from etl.ledger.rewrites import (
    Rewrite,
    end_rewrite,
    find_replaced,
    find_rewriting,
    list_rewrites,
    record_rewrite,
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)
REWRITE = Rewrite("s3://b/a_%", "old", 5, "d" * 64)


def finish(ledger: Ledger, version: str, load_id: str) -> None:
    """Finish a version of the object."""
    with begin_write(ledger) as connection:
        finish_objects(connection, [FinishedObject(REWRITE.uri, version, 9, NOW, load_id)], NOW)


@pytest.fixture
def noted(ledger: Ledger) -> Ledger:
    """Note a rewriting, beside facts of other kinds."""
    write_fact(ledger, "rewritten long ago", "no rewriting")
    record_rewrite(ledger, REWRITE)
    return ledger


def test_a_new_version_takes_over(noted: Ledger) -> None:
    """It is finished by the load of the old one, of which it is known to be the successor."""
    finish(noted, "old", "load-1")
    assert find_rewriting(noted) == {REWRITE.uri}

    end_rewrite(noted, REWRITE, "new")

    assert (list_rewrites(noted), find_rewriting(noted)) == ([], frozenset())
    assert unfinished_objects(noted, [(REWRITE.uri, "old"), (REWRITE.uri, "new")]) == []
    assert find_replaced(noted, [(REWRITE.uri, "new"), ("s3://b/other", "old")]) == [(REWRITE.uri, "old")]


def test_a_version_that_was_read_again_has_no_predecessor(noted: Ledger) -> None:
    """Its load is its own."""
    finish(noted, "old", "load-1")
    end_rewrite(noted, REWRITE, "new")
    finish(noted, "new", "load-2")

    assert find_replaced(noted, [(REWRITE.uri, "new")]) == []
    assert find_replaced(noted, []) == []


def test_what_was_not_finished_stays_to_be_read(noted: Ledger) -> None:
    """Nobody passes over it, and its new version is read."""
    assert find_rewriting(noted) == frozenset()

    end_rewrite(noted, REWRITE, "new")

    assert unfinished_objects(noted, [(REWRITE.uri, "new")]) == [(REWRITE.uri, "new")]


def test_nothing_was_put(noted: Ledger) -> None:
    """The old version stays what it is."""
    finish(noted, "old", "load-1")

    end_rewrite(noted, REWRITE, None)

    assert list_rewrites(noted) == []
    assert unfinished_objects(noted, [(REWRITE.uri, "old"), (REWRITE.uri, "new")]) == [(REWRITE.uri, "new")]
