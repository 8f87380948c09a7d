from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from etl.errors import LedgerError
from etl.ledger.database import Ledger
from etl.ledger.drafts import Draft, drafts_of_run, known_draft_paths, register_drafts
from etl.ledger.held import (
    HeldBatch,
    HeldDraft,
    HeldObject,
    Release,
    find_batch,
    list_batches,
    name_batch,
)
from etl.ledger.objects import FinishedObject
from etl.ledger.publishes import PublishEffects, finish_publish, record_publish
from tests.ledger.conftest import HandClock

LANDED_AT = datetime(2026, 3, 1, tzinfo=UTC)
PATH = "events/app_id=a/event_date=2026-03-01/x.parquet"


def hold_object(uri: str) -> HeldObject:
    """Make an object with five held rows."""
    return HeldObject(uri, "1", 10, LANDED_AT.isoformat(), f"load of {uri}", 5)


BATCH = HeldBatch(
    id=name_batch("run-1", "com.a"),
    app_id="com.a",
    run_id="run-1",
    created_at=LANDED_AT,
    is_reprocess=False,
    failed=({"rule_id": "events.nulls", "observed": 0.5},),
    identities=("idfa",),
    drafts=(HeldDraft(PATH, 100, 10, "2026-03-01"),),
    objects=(hold_object("a.gz"), hold_object("b.gz")),
)


def finish(
    ledger: Ledger,
    *,
    held: Sequence[HeldBatch] = (),
    covered: Sequence[str] = (),
    release: Release | None = None,
) -> int:
    """Finish a publish that holds, reads objects again or releases; gives its id."""
    objects = [FinishedObject(uri, "1", 10, LANDED_AT, "load-2") for uri in covered]
    publish_id = record_publish(ledger, "run", "{}")
    effects = PublishEffects(objects=objects, is_covering=bool(covered), held=held, release=release)
    finish_publish(ledger, publish_id, effects)
    return publish_id


def hold(ledger: Ledger, batch: HeldBatch = BATCH) -> None:
    """Hold a batch whose drafts are registered."""
    register_drafts(
        ledger, [Draft(draft.path, "events", batch.run_id, 100, LANDED_AT) for draft in batch.drafts]
    )
    finish(ledger, held=[batch])


def state_of(ledger: Ledger, batch_id: str = BATCH.id) -> tuple[str | None, str]:
    """Tell the state of a batch, and that of its draft."""
    batch = find_batch(ledger, batch_id)
    (draft,) = drafts_of_run(ledger, "run-1")
    return (None if batch is None else batch.state), draft.state


def test_a_batch_is_read_as_it_was_held(ledger: Ledger) -> None:
    """With its failed checks, files and objects; its draft is one that upkeep leaves alone."""
    hold(ledger)

    assert list_batches(ledger) == [BATCH]
    assert list_batches(ledger, app_id="com.b") == []
    assert (BATCH.rows, BATCH.dates) == (10, ("2026-03-01",))
    assert state_of(ledger) == ("held", "held")
    assert PATH in known_draft_paths(ledger)


def test_finishing_again_holds_nothing_twice(ledger: Ledger) -> None:
    """A publish that is carried out after a kill repeats its end."""
    hold(ledger)
    publish_id = record_publish(ledger, "run", "{}")
    other = replace(BATCH, id="other", drafts=())
    for _ in range(2):
        finish_publish(ledger, publish_id, PublishEffects(held=[other]))

    assert sorted(batch.id for batch in list_batches(ledger)) == sorted([BATCH.id, "other"])


def test_a_draft_that_is_gone_is_not_held(ledger: Ledger) -> None:
    """The publish is then not finished either: no object counts as done whose rows nobody has."""
    with pytest.raises(LedgerError, match="cannot become held"):
        finish(ledger, held=[BATCH])
    assert find_batch(ledger, BATCH.id) is None


def test_a_release_ends_a_batch(ledger: Ledger, clock: HandClock) -> None:
    """With reason, person and instant; its drafts are nobody's any more."""
    hold(ledger)
    clock.advance(60)

    finish(ledger, release=Release(BATCH.id, "It is real.", "ana"))

    found = find_batch(ledger, BATCH.id)
    assert found is not None
    assert (found.state, found.reason, found.who, found.decided_at) == (
        "released",
        "It is real.",
        "ana",
        clock.now,
    )
    assert state_of(ledger) == ("released", "discarded")
    assert list_batches(ledger) == []


def test_a_batch_ends_once(ledger: Ledger) -> None:
    """Neither a released nor an unknown one is released; the publish is then not finished."""
    hold(ledger)
    finish(ledger, release=Release(BATCH.id, "It is real.", "ana"))

    for batch_id, state in ((BATCH.id, "released"), ("absent", "unknown")):
        with pytest.raises(LedgerError, match=f"is {state} and cannot be released"):
            finish(ledger, release=Release(batch_id, "Again.", "bob"))
    found = find_batch(ledger, BATCH.id)
    assert found is not None
    assert found.who == "ana"


def test_a_batch_is_superseded_when_all_its_objects_were_read_again(ledger: Ledger) -> None:
    """In one publish or in several; until then it is held, and knows which of them wait."""
    hold(ledger)

    finish(ledger, covered=["a.gz", "z.gz"])
    batch = find_batch(ledger, BATCH.id)
    assert batch is not None
    assert [each.uri for each in batch.waiting] == ["b.gz"]
    assert state_of(ledger) == ("held", "held")

    finish(ledger, covered=["b.gz"])
    assert state_of(ledger) == ("superseded", "discarded")


def test_another_version_covers_nothing(ledger: Ledger) -> None:
    """What was held of the older one is in no object any more."""
    older = replace(BATCH, objects=(replace(hold_object("a.gz"), version="0"),))
    hold(ledger, older)

    finish(ledger, covered=["a.gz"])

    assert state_of(ledger) == ("held", "held")


def test_what_a_run_holds_of_its_own_objects_stays(ledger: Ledger) -> None:
    """A reprocessing that fails again supersedes the older batch, not its own."""
    hold(ledger)
    register_drafts(ledger, [Draft("events/y.parquet", "events", "run-2", 1, LANDED_AT)])
    newer = replace(
        BATCH,
        id=name_batch("run-2", "com.a"),
        run_id="run-2",
        drafts=(HeldDraft("events/y.parquet", 1, 10, "2026-03-01"),),
    )
    objects = [FinishedObject(each.uri, "1", 10, LANDED_AT, "load-2") for each in BATCH.objects]
    publish_id = record_publish(ledger, "run-2", "{}")

    finish_publish(ledger, publish_id, PublishEffects(objects=objects, is_covering=True, held=[newer]))

    assert list_batches(ledger) == [newer]
    assert state_of(ledger) == ("superseded", "discarded")


def test_a_batch_is_named_for_any_shell() -> None:
    """An app id may hold anything; two apps of a run have two names."""
    name = name_batch("20260901T130000Z-abcdef", "com/odd app; rm -rf $HOME")

    assert name.replace("-", "").isalnum()
    assert name != name_batch("20260901T130000Z-abcdef", "com.other")
