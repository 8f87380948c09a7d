"""`kill -9` at any moment leaves the ledger consistent, and free for the next run."""

from sqlalchemy import select, text

from etl.ledger.database import Ledger, begin_read
from etl.ledger.drafts import drafts_of_run
from etl.ledger.facts import read_fact, write_fact
from etl.ledger.objects import unfinished_objects
from etl.ledger.publishes import PublishEffects, finish_publish, publishes_of_run
from etl.ledger.schema import publishes
from tests.ledger.racers import (
    CONTEXT,
    DRAFT,
    OBJECT,
    die_while_finishing,
    prepare_publish,
    record_publishes,
    running,
    stay_in_transaction,
)

LISTING = [(OBJECT.uri, OBJECT.version)]


def read_progress(ledger: Ledger) -> tuple[str, str, bool]:
    """Tell the states of the publish, its draft and whether its object is finished."""
    (publish,) = publishes_of_run(ledger, DRAFT.run_id)
    (draft,) = drafts_of_run(ledger, DRAFT.run_id)
    return publish.state, draft.state, not unfinished_objects(ledger, LISTING)


def test_a_transaction_of_a_killed_process_never_was(ledger: Ledger, ledger_url: str) -> None:
    """What was not committed is gone, and its locks with it."""
    here, there = CONTEXT.Pipe()
    with running(stay_in_transaction, (ledger_url, there)) as (process,):
        assert here.recv() == "wrote"
        process.kill()
        process.join()
        assert read_fact(ledger, "half") is None
        write_fact(ledger, "half", "free")


def test_what_was_committed_survives_a_kill(ledger: Ledger, ledger_url: str) -> None:
    """Every id that a process told before it was killed is in the ledger, which is intact."""
    here, there = CONTEXT.Pipe()
    with running(record_publishes, (ledger_url, there)) as (process,):
        told = [here.recv() for _ in range(20)]
        process.kill()
        process.join()
    with begin_read(ledger) as connection:
        assert set(told) <= set(connection.scalars(select(publishes.c.id)))
        if ledger.is_sqlite:
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"


def test_finishing_a_publish_is_all_or_nothing(ledger: Ledger, ledger_url: str) -> None:
    """Killed before any of its statements, it left nothing done; done again, it is all done."""
    publish_id = prepare_publish(ledger_url)
    kills = 0
    for statement in range(1, 100):
        with running(die_while_finishing, (ledger_url, publish_id, statement)) as (process,):
            process.join()
            if process.exitcode == 0:
                break
        kills += 1
        assert read_progress(ledger) == ("recorded", "registered", False)
    assert kills >= 4
    assert read_progress(ledger) == ("finished", "published", True)
    finish_publish(ledger, publish_id, PublishEffects([OBJECT], [DRAFT.path]))
