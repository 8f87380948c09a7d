"""What the other processes of a test do; each function is a process's whole life."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, insert

from etl.ledger.claims import claim
from etl.ledger.database import begin_write, open_ledger, read_clock
from etl.ledger.drafts import Draft, register_drafts
from etl.ledger.facts import find_fact, write_fact
from etl.ledger.holding import await_lock
from etl.ledger.locks import acquire_lock, release_lock
from etl.ledger.objects import FinishedObject
from etl.ledger.outcomes import Outcome
from etl.ledger.publishes import PublishEffects, finish_publish, record_publish
from etl.ledger.rates import reserve
from etl.ledger.schema import facts
from etl.ledger.senders import check_sender, start_sender, stop_sender
from etl.ledger.sending import exchange
from etl.ledger.upgrade import upgrade_ledger

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])

LANDED_AT = datetime(2026, 3, 1, tzinfo=UTC)
OBJECT = FinishedObject("landing/a.gz", "v1", 10, LANDED_AT, "load-1")
DRAFT = Draft("events/a.parquet", "events", "run-1", 100, LANDED_AT)


@contextmanager
def running(target: Callable[..., None], *argument_lists: tuple[Any, ...]) -> Iterator[list[BaseProcess]]:
    """Run a process for each list of arguments; whatever still runs at the end is killed."""
    processes: list[BaseProcess] = [
        CONTEXT.Process(target=target, args=arguments) for arguments in argument_lists
    ]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def race(target: Callable[..., None], url: str, racers: int, *arguments: object) -> list[Any]:
    """Run several processes through a common start, and gather what each reports."""
    barrier = CONTEXT.Barrier(racers)
    queue: Queue[Any] = CONTEXT.Queue()
    with running(target, *[(url, barrier, queue, *arguments)] * racers) as processes:
        reports = [queue.get(timeout=60) for _ in processes]
        for process in processes:
            process.join()
            assert process.exitcode == 0
    return reports


def acquire_in_rounds(url: str, barrier: Barrier, queue: "Queue[Any]", rounds: int) -> None:
    """Try for a new lock in each round, all racers at once; report the rounds won."""
    ledger = open_ledger(url)
    won = []
    for number in range(rounds):
        barrier.wait(60)
        if acquire_lock(ledger, f"lock-{number}", f"racer-{os.getpid()}", 600):
            won.append(number)
    queue.put(won)


def count_under_lock(url: str, barrier: Barrier, queue: "Queue[Any]", counter: Path, turns: int) -> None:
    """Add to a file's number under a lock, unsafely but for the lock; report the fences in order."""
    ledger = open_ledger(url)
    fences = []
    barrier.wait(60)
    for _ in range(turns):
        fence = await_lock(ledger, "counter", 600, 1e6, sleep=lambda _: None)
        fences.append(fence.number)
        counter.write_text(str(int(counter.read_text()) + 1))
        release_lock(ledger, fence)
    queue.put(fences)


def count_in_transactions(url: str, barrier: Barrier, queue: "Queue[Any]", turns: int) -> None:
    """Read a number and write the next one, in one transaction a turn."""
    ledger = open_ledger(url)
    barrier.wait(60)
    for _ in range(turns):
        with begin_write(ledger) as connection:
            value = int(find_fact(connection, "count") or 0) + 1
            connection.execute(facts.update().values(value=str(value)))
    queue.put(turns)


def upgrade_at_once(url: str, barrier: Barrier, queue: "Queue[Any]") -> None:
    """Upgrade a ledger, and write something to it."""
    barrier.wait(60)
    write_fact(upgrade_ledger(url), str(os.getpid()), "here")
    queue.put(True)


def stay_in_transaction(url: str, pipe: Pipe) -> None:
    """Write without committing, tell so, and wait to be killed."""
    ledger = open_ledger(url)
    with begin_write(ledger) as connection:
        row = {"key": "half", "value": "done", "updated_at": LANDED_AT}
        connection.execute(insert(facts), row)
        pipe.send("wrote")
        pipe.recv()


def record_publishes(url: str, pipe: Pipe) -> None:
    """Record publishes without end, telling each id once it is committed."""
    ledger = open_ledger(url)
    while True:
        pipe.send(record_publish(ledger, "run-1", "{}"))


def die_while_finishing(url: str, publish_id: int, statement: int) -> None:
    """Finish a publish, but be killed before the given statement of its transaction."""
    ledger = open_ledger(url)
    seen = []

    @event.listens_for(ledger.engine, "before_cursor_execute")
    def count(connection: Connection, *_: object) -> None:
        seen.append(connection)
        if len(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    finish_publish(ledger, publish_id, PublishEffects([OBJECT], [DRAFT.path]))


def prepare_publish(url: str) -> int:
    """Register the draft and record the publish that `die_while_finishing` finishes."""
    ledger = open_ledger(url)
    register_drafts(ledger, [DRAFT])
    return record_publish(ledger, DRAFT.run_id, "{}")


def reserve_slots(url: str, barrier: Barrier, queue: "Queue[Any]", per_second: float, count: int) -> None:
    """Reserve slots one at a time, all racers at once; report them as instants of the ledger's clock."""
    told: list[float] = []

    def read(connection: Connection) -> datetime:
        now = read_clock(connection)
        told.append(now.timestamp())
        return now

    ledger = open_ledger(url, read)
    taken: list[float] = []
    barrier.wait(60)
    while len(taken) < count:
        reservation = reserve(ledger, "production", per_second, 1)
        taken += [told[-1] + slot for slot in reservation.slots]
    queue.put(taken)


def send_all(url: str, barrier: Barrier, queue: "Queue[Any]", plan_ids: list[str]) -> None:
    """Drain plans as a sender does, but for the requests; report the occurrences that were to be sent."""
    ledger = open_ledger(url)
    sent: list[str] = []
    barrier.wait(60)
    for plan_id in plan_ids:
        sender = start_sender(ledger, plan_id, 600)
        while rows := claim(ledger, sender, 8):
            verdict = exchange(ledger, sender, intents=rows)
            admitted = [row for row in rows if row.position in verdict.admitted]
            sent += [row.occurrence_id for row in admitted]
            outcomes = [
                Outcome(row.position, verdict.admitted[row.position], "delivered") for row in admitted
            ]
            exchange(ledger, sender, outcomes)
        stop_sender(ledger, sender)
    queue.put(sent)


def intend_until_lost(url: str, plan_id: str, pipe: Pipe) -> None:
    """Record intents one by one, telling each that was admitted, until the lease is found lost."""
    ledger = open_ledger(url)
    sender = start_sender(ledger, plan_id, 0.3)
    hindrance = None
    while hindrance is None:
        # The loss may be found while claiming, too: then nothing is claimed any more.
        hindrance = check_sender(ledger, sender)
        admitted: list[int] = []
        for row in claim(ledger, sender, 4):
            verdict = exchange(ledger, sender, intents=[row])
            admitted += verdict.admitted
            hindrance = hindrance or verdict.hindrance
        pipe.send((hindrance, sorted(admitted)))
