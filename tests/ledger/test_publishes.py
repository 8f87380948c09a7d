from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from etl.errors import LedgerError, LockLostError
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, drafts_of_run, mark_drafts, register_drafts
from etl.ledger.locks import Fence, acquire_lock
from etl.ledger.objects import FailedAttempt, FinishedObject, record_failed_attempt, unfinished_objects
from etl.ledger.publishes import (
    PREDECESSORS,
    Publish,
    PublishEffects,
    PublishState,
    finish_publish,
    forget_settled_publishes,
    publishes_of_run,
    record_publish,
    set_publish_state,
    unfinished_publishes,
)
from tests.ledger.conftest import HandClock

LANDED_AT = datetime(2026, 3, 1, tzinfo=UTC)
OBJECT = FinishedObject("a.gz", "1", 10, LANDED_AT, "load-1")
DRAFT = Draft("events/a.parquet", "events", "run-1", 100, LANDED_AT)


def finish(ledger: Ledger, publish_id: int, fence: Fence | None = None) -> None:
    """Finish a publish of one object and one draft."""
    finish_publish(ledger, publish_id, PublishEffects([OBJECT], [DRAFT.path]), fence)


def read_effects(ledger: Ledger) -> tuple[list[PublishState], str, bool]:
    """Tell the unfinished publishes' states, the draft's, and whether the object is finished."""
    states = [publish.state for publish in unfinished_publishes(ledger)]
    (draft,) = drafts_of_run(ledger, "run-1")
    return states, draft.state, unfinished_objects(ledger, [("a.gz", "1")]) == []


def test_a_recorded_publish_is_found_after_a_crash(ledger: Ledger, clock: HandClock) -> None:
    """The payload comes back letter by letter, oldest publish first."""
    first = record_publish(ledger, "run-1", '{"adds": ["é\\u0000"]}')
    second = record_publish(ledger, "run-2", "{}")
    assert second > first
    assert unfinished_publishes(ledger) == [
        Publish(first, "run-1", clock.now, "recorded", '{"adds": ["é\\u0000"]}'),
        Publish(second, "run-2", clock.now, "recorded", "{}"),
    ]


def test_a_committed_publish_is_still_unfinished(ledger: Ledger) -> None:
    """Until its objects are finished, recovery has work to do."""
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, "committed")
    assert [publish.state for publish in unfinished_publishes(ledger)] == ["committed"]


@pytest.mark.parametrize("state", ["recorded", "committed"])
def test_finishing_does_all_three(ledger: Ledger, state: PublishState) -> None:
    """The publish and its objects are finished and its drafts published."""
    register_drafts(ledger, [DRAFT])
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, state)
    finish(ledger, publish_id)
    assert read_effects(ledger) == ([], "published", True)


def test_finishing_that_fails_does_nothing(ledger: Ledger) -> None:
    """A draft that cannot be published leaves the publish and its objects as they were."""
    register_drafts(ledger, [DRAFT])
    publish_id = record_publish(ledger, "run-1", "{}")
    mark_drafts(ledger, [DRAFT.path], "discarded")
    with pytest.raises(LedgerError):
        finish(ledger, publish_id)
    assert read_effects(ledger) == (["recorded"], "discarded", False)


def test_finishing_again_changes_nothing(ledger: Ledger) -> None:
    """Two recoveries of one publish are as good as one: its object was attempted once."""
    register_drafts(ledger, [DRAFT])
    publish_id = record_publish(ledger, "run-1", "{}")
    finish(ledger, publish_id)
    finish(ledger, publish_id)
    assert read_effects(ledger) == ([], "published", True)
    assert record_failed_attempt(ledger, FailedAttempt("a.gz", "1", 10, LANDED_AT, "forbidden")) == 2


def test_a_discarded_publish_is_over(ledger: Ledger) -> None:
    """It is no longer found, and it cannot be finished."""
    register_drafts(ledger, [DRAFT])
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, "discarded")
    with pytest.raises(LedgerError, match=f"Publish {publish_id} is discarded"):
        finish(ledger, publish_id)
    assert read_effects(ledger) == ([], "registered", False)


def test_what_was_committed_is_never_discarded(ledger: Ledger) -> None:
    """Readers see it already."""
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, "committed")
    with pytest.raises(LedgerError, match="is committed and cannot become discarded"):
        set_publish_state(ledger, publish_id, "discarded")


def test_an_unknown_publish_is_an_error(ledger: Ledger) -> None:
    """A wrong id never passes silently."""
    with pytest.raises(LedgerError, match="Publish 77 is unknown"):
        finish_publish(ledger, 77, PublishEffects())


@pytest.mark.parametrize("state", PREDECESSORS)
def test_a_state_is_reached_again_without_harm(ledger: Ledger, state: PublishState) -> None:
    """A repeated step finds its work done."""
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, state)
    set_publish_state(ledger, publish_id, state)
    (publish,) = publishes_of_run(ledger, "run-1")
    assert publish.state == state


def test_under_a_lost_lock_nothing_is_written(ledger: Ledger) -> None:
    """Recording, marking and finishing each check the fence in their own transaction."""
    held = acquire_lock(ledger, "publish", "a", 60)
    assert held is not None
    register_drafts(ledger, [DRAFT])
    publish_id = record_publish(ledger, "run-1", "{}", held)
    lost = replace(held, number=held.number - 1)
    with pytest.raises(LockLostError):
        record_publish(ledger, "run-2", "{}", lost)
    with pytest.raises(LockLostError):
        set_publish_state(ledger, publish_id, "committed", lost)
    with pytest.raises(LockLostError):
        finish(ledger, publish_id, lost)
    assert read_effects(ledger) == (["recorded"], "registered", False)
    finish(ledger, publish_id, held)


def test_ids_are_never_used_twice(ledger: Ledger, clock: HandClock) -> None:
    """Not even after the newest was forgotten."""
    publish_id = record_publish(ledger, "run-1", "{}")
    set_publish_state(ledger, publish_id, "discarded")
    assert forget_settled_publishes(ledger, clock.now + timedelta(seconds=1)) == 1
    assert record_publish(ledger, "run-1", "{}") > publish_id


def test_an_unfinished_publish_is_never_forgotten(ledger: Ledger, clock: HandClock) -> None:
    """However old it is."""
    record_publish(ledger, "run-1", "{}")
    clock.advance(10**8)
    assert forget_settled_publishes(ledger, clock.now) == 0
    assert len(unfinished_publishes(ledger)) == 1
