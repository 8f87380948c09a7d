"""The exchange between a sender and the ledger: outcomes of its last requests, intents of its next.

All of a batch is one durable transaction, because what costs is the commit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError

from etl.errors import LedgerUnavailable
from etl.ledger.claims import Claimed
from etl.ledger.database import Ledger, begin_write
from etl.ledger.intents import Exclusion, Verdict, write_exclusions, write_intents
from etl.ledger.outcomes import Outcome, write_outcomes
from etl.ledger.senders import Sender, find_standing

TRIES: Final = 10
DEADLOCK: Final = "40P01"


class _Raced(Exception):
    """Another sender's transaction took one of the occurrences first: seen now, it is there to be found."""


def exchange(
    ledger: Ledger,
    sender: Sender,
    outcomes: Sequence[Outcome] = (),
    intents: Sequence[Claimed] = (),
    exclusions: Sequence[Exclusion] = (),
) -> Verdict:
    """Record outcomes, settle what gates refuse, and record intents: all in one transaction, or nothing.

    Only what the verdict admits may be sent. Outcomes are recorded whatever became of the sender and its
    plan. May be repeated as it was after LedgerUnavailable, which may hide a commit: outcomes that were
    recorded change nothing, and intents that were are admitted again, provided that none of them was sent.
    """
    if not (outcomes or intents or exclusions):
        return Verdict()
    for _ in range(TRIES):
        try:
            return _exchange_once(ledger, sender, outcomes, intents, exclusions)
        except _Raced:
            continue
    raise LedgerUnavailable(
        f"The ledger {ledger.name} could not record intents: other senders were always first. Try again."
    )


def record_outcomes(ledger: Ledger, sender: Sender, outcomes: Sequence[Outcome]) -> None:
    """Record outcomes alone, as `exchange` does."""
    exchange(ledger, sender, outcomes)


def record_intents(ledger: Ledger, sender: Sender, intents: Sequence[Claimed]) -> Verdict:
    """Record intents alone, as `exchange` does."""
    return exchange(ledger, sender, intents=intents)


def _exchange_once(
    ledger: Ledger,
    sender: Sender,
    outcomes: Sequence[Outcome],
    intents: Sequence[Claimed],
    exclusions: Sequence[Exclusion],
) -> Verdict:
    with begin_write(ledger) as connection, _telling_races():
        standing = find_standing(ledger, connection, sender)
        now = ledger.clock(connection)
        write_outcomes(connection, sender, standing.plan_state, outcomes, now)
        write_exclusions(connection, sender, exclusions, now)
        if intents and standing.hindrance is not None:
            return Verdict(hindrance=standing.hindrance)
        return write_intents(connection, sender, intents, now)


@contextmanager
def _telling_races() -> Iterator[None]:
    """Tell a violated `postbacks_sent_once`, and a deadlock over it, from every other error."""
    try:
        yield
    except IntegrityError:
        raise _Raced from None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != DEADLOCK:
            raise
        raise _Raced from None
