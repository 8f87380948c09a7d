from datetime import UTC, datetime, timedelta

import pytest

from etl.errors import LedgerError
from etl.ledger.database import Ledger
from etl.ledger.drafts import (
    PREDECESSORS,
    Draft,
    DraftState,
    count_drafts,
    discard_drafts_of_run,
    drafts_of_run,
    forget_settled_drafts,
    known_draft_paths,
    mark_drafts,
    register_drafts,
)

CREATED_AT = datetime(2026, 3, 1, tzinfo=UTC)


def draft(path: str, run_id: str = "run-1", size: int = 100, **others: str) -> Draft:
    """Describe a draft of the events table."""
    return Draft(path, "events", run_id, size, CREATED_AT, **others)  # type: ignore[arg-type]


def bring_to(ledger: Ledger, path: str, state: DraftState) -> None:
    """Register a draft and bring it to a state."""
    register_drafts(ledger, [draft(path)])
    mark_drafts(ledger, [path], state)


def test_a_run_finds_its_drafts(ledger: Ledger) -> None:
    """They come back as registered, by path, and no other run's with them."""
    mine = [draft("events/a.parquet", app_id="id1"), draft("events/b.parquet")]
    register_drafts(ledger, [*reversed(mine), draft("events/c.parquet", run_id="run-2")])
    assert drafts_of_run(ledger, "run-1") == mine


def test_upkeep_knows_what_to_leave_alone(ledger: Ledger) -> None:
    """Registered and held drafts are known; published and discarded ones are not."""
    for state in PREDECESSORS:
        bring_to(ledger, f"{state}.parquet", state)
    assert known_draft_paths(ledger) == {"registered.parquet", "held.parquet"}
    assert known_draft_paths(ledger, ["published"]) == {"published.parquet"}


def test_a_run_registers_its_draft_again(ledger: Ledger) -> None:
    """A retried step gives the file's new size."""
    register_drafts(ledger, [draft("a.parquet", size=1)])
    register_drafts(ledger, [draft("a.parquet", size=2)])
    assert drafts_of_run(ledger, "run-1") == [draft("a.parquet", size=2)]


def test_a_path_is_one_runs(ledger: Ledger) -> None:
    """Another run's path is refused by name, and none of the others is registered either."""
    register_drafts(ledger, [draft("a.parquet")])
    with pytest.raises(LedgerError, match=r"a\.parquet is taken"):
        register_drafts(ledger, [draft("b.parquet", "run-2"), draft("a.parquet", "run-2")])
    assert drafts_of_run(ledger, "run-2") == []


def test_a_published_path_is_not_registered_again(ledger: Ledger) -> None:
    """Readers see that file: nobody may write it anew."""
    bring_to(ledger, "a.parquet", "published")
    with pytest.raises(LedgerError, match="taken"):
        register_drafts(ledger, [draft("a.parquet")])


@pytest.mark.parametrize("state", PREDECESSORS)
def test_marking_again_changes_nothing(ledger: Ledger, state: DraftState) -> None:
    """A repeated step finds its work done."""
    bring_to(ledger, "a.parquet", state)
    mark_drafts(ledger, ["a.parquet", "a.parquet"], state)
    assert count_drafts(ledger) == dict.fromkeys(PREDECESSORS, 0) | {state: 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [("published", "discarded"), ("discarded", "published"), ("published", "held"), ("held", "registered")],
)
def test_settled_drafts_stay_settled(ledger: Ledger, before: DraftState, after: DraftState) -> None:
    """What readers see is not discarded, what was discarded is not published."""
    bring_to(ledger, "a.parquet", before)
    with pytest.raises(LedgerError, match=f"1 of 1 drafts cannot become {after}"):
        mark_drafts(ledger, ["a.parquet"], after)


def test_drafts_are_marked_all_or_none(ledger: Ledger) -> None:
    """One unknown path keeps the others as they were."""
    register_drafts(ledger, [draft("a.parquet")])
    with pytest.raises(LedgerError, match="1 of 2"):
        mark_drafts(ledger, ["a.parquet", "unknown.parquet"], "published")
    assert known_draft_paths(ledger, ["registered"]) == {"a.parquet"}


def test_a_run_discards_what_it_left_over(ledger: Ledger) -> None:
    """Its held and published drafts stay, and so do the other runs'."""
    bring_to(ledger, "held.parquet", "held")
    register_drafts(ledger, [draft("a.parquet"), draft("b.parquet", "run-2")])
    assert discard_drafts_of_run(ledger, "run-1") == 1
    assert known_draft_paths(ledger) == {"held.parquet", "b.parquet"}


def test_old_settled_drafts_are_forgotten(ledger: Ledger) -> None:
    """Only published and discarded ones, and only those created before."""
    for state in PREDECESSORS:
        bring_to(ledger, f"{state}.parquet", state)
    assert forget_settled_drafts(ledger, CREATED_AT) == 0
    assert forget_settled_drafts(ledger, CREATED_AT + timedelta(seconds=1)) == 2
    assert count_drafts(ledger)["held"] == 1


def test_no_drafts_are_no_work(ledger: Ledger) -> None:
    """Empty lists are accepted."""
    register_drafts(ledger, [])
    mark_drafts(ledger, [], "published")
    assert drafts_of_run(ledger, "run-1") == []
