"""Statements that take many rows at once: each row gets its own, and SQLite finds it by its key."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

from etl.ledger import claims, intents, outcomes, suppressions
from etl.ledger.database import Ledger, begin_read
from etl.ledger.history import list_attempts
from etl.ledger.outcomes import Answer, Outcome
from etl.ledger.sending import record_outcomes
from etl.ledger.upgrade import upgrade_ledger
from tests.ledger.planned import begin_sending, intend, state_of


def test_outcomes_of_one_transaction_are_each_rows_own(ledger: Ledger) -> None:
    """Those that say the same are written together, and how long each took is not mixed up."""
    names = [f"n{number}" for number in range(12)]
    sender = begin_sending(ledger, "p", names)
    intend(ledger, sender)
    kinds: tuple[Answer, ...] = ("delivered", "refused", "retry", "unknown")
    record_outcomes(
        ledger,
        sender,
        [
            Outcome(place, 1, kinds[place % 4], milliseconds=None if place == 8 else 100 + place)
            for place in range(12)
        ],
    )

    for place in range(12):
        (attempt,) = list_attempts(ledger, "p", place)
        assert attempt.outcome == kinds[place % 4]
        assert attempt.milliseconds == (None if place == 8 else 100 + place)
    states = [state_of(ledger, "p", name)[0] for name in names[:4]]
    assert states == ["delivered", "refused", "queued", "unknown"]


def test_an_outcome_of_another_attempt_changes_nothing(ledger: Ledger) -> None:
    """Written beside others that say the same, it is still known by its number."""
    sender = begin_sending(ledger, "p", ["a", "b"])
    intend(ledger, sender)
    record_outcomes(ledger, sender, [Outcome(0, 1, "delivered"), Outcome(1, 2, "delivered")])
    assert [state_of(ledger, "p", name)[0] for name in "ab"] == ["delivered", "sending"]


@pytest.mark.parametrize(
    "statement",
    [
        claims._TAKE,
        claims._GIVE_BACK,
        intents._HELD,
        intents._SENDING,
        intents._ELSEWHERE,
        intents._SEND,
        intents._ATTEMPT,
        outcomes._SETTLE,
        outcomes._ANSWER,
        suppressions._SUPPRESSED,
    ],
)
def test_sqlite_looks_rows_up_by_an_index(sqlite_url: str, statement: ClauseElement) -> None:
    """A plan may have millions: no statement of an exchange may look at all of them."""
    compiled = str(statement.compile(dialect=sqlite.dialect()))
    marks = (None,) * compiled.count("?")
    with begin_read(upgrade_ledger(sqlite_url)) as connection:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", marks).all()
    told = [str(step.detail) for step in steps]
    assert any("json_each" in each for each in told)
    assert not [each for each in told if each.startswith("SCAN") and "json_each" not in each]
    assert all(each.count("=?") > 1 for each in told if each.startswith("SEARCH"))
