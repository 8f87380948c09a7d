"""Processes that ingest and are killed, each at a step of its choice."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Final

from sqlalchemy import update

from etl.jobs import auditing, holding, ingest, settling
from etl.jobs.attempts import Attempt
from etl.lake import publish
from etl.ledger.database import Ledger, begin_write
from etl.ledger.schema import locks
from etl.settings import Settings
from tests.services.commands import write_into
from tests.services.warm import run_forked
from tests.services.worlds import World


def die() -> None:
    """Kill this process, as the kernel does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(module: object, name: str, is_last: Callable[..., bool] = lambda *_: True) -> None:
    """Let a function be the last that is done, where its arguments are those meant."""
    function = getattr(module, name)

    @wraps(function)
    def wrapped(*arguments: object, **options: object) -> object:
        result = function(*arguments, **options)
        if is_last(*arguments):
            die()
        return result

    setattr(module, name, wrapped)


def commits(table: str) -> Callable[..., bool]:
    """Mark the commit of a table."""
    return lambda *arguments: any(getattr(each, "name", None) == table for each in arguments)


STEPS: Final[dict[str, Callable[[], None]]] = {
    "discovered": lambda: die_after(ingest, "discover"),
    "normalized": lambda: die_after(ingest, "normalize"),
    "drafts registered": lambda: die_after(Attempt, "register"),
    "drafts encoded": lambda: die_after(settling, "_write_events"),
    "settled": lambda: die_after(ingest, "settle"),
    "accounts written": lambda: die_after(auditing, "write_accounts"),
    "audited": lambda: die_after(ingest, "audit"),
    "checked": lambda: die_after(publish, "_check_drafts"),
    "recorded": lambda: die_after(publish, "record_publish"),
    "events committed": lambda: die_after(publish, "_commit_once", commits("events")),
    "quarantine committed": lambda: die_after(publish, "_commit_once", commits("quarantine")),
    "loads committed": lambda: die_after(publish, "_commit_once", commits("loads")),
    "checks committed": lambda: die_after(publish, "_commit_once", commits("checks")),
    "all committed": lambda: die_after(publish, "set_publish_state"),
    "finished": lambda: die_after(publish, "finish_publish"),
    "reported": lambda: die_after(ingest, "publish"),
}


RELEASE_STEPS: Final[dict[str, Callable[[], None]]] = {
    "rows written": lambda: die_after(holding, "_write_rows"),
    "settled": lambda: die_after(holding, "_settle_release"),
    **{
        step: STEPS[step]
        for step in ("checked", "recorded", "events committed", "loads committed", "checks committed")
    },
    "all committed": STEPS["all committed"],
    "finished": STEPS["finished"],
}


def release_and_die(settings: Settings, step: str, batch_id: str) -> None:
    """Release a held batch, and be killed after a step."""
    RELEASE_STEPS[step]()
    holding.release_batch(settings, batch_id, "for a test")


def kill_release_after(settings: Settings, step: str, batch_id: str) -> None:
    """Run `release_and_die` to its end, which must be the step's."""
    run_to_death(release_and_die, step, settings, step, batch_id)


def ingest_and_die(settings: Settings, step: str, options: dict[str, bool]) -> None:
    """Ingest, and be killed after a step."""
    STEPS[step]()
    World(settings).ingest(**options)


def kill_after(settings: Settings, step: str, *, is_reprocess: bool = False) -> None:
    """Run `ingest_and_die` to its end, which must be the step's."""
    run_to_death(ingest_and_die, step, settings, step, {"is_reprocess": is_reprocess})


def run_to_death(target: Callable[..., None], step: str, settings: Settings, *arguments: object) -> None:
    """Run a function in a process that must be killed at a step; time then passes over its lock."""
    assert run_forked(target, settings, *arguments) == -signal.SIGKILL, step
    expire_locks(World(settings).open_ledger())


def expire_locks(ledger: Ledger) -> None:
    """Do what time does to the lock of a holder that is gone."""
    with begin_write(ledger) as connection:
        connection.execute(update(locks).values(expires_at=datetime(2026, 1, 1, tzinfo=UTC)))


def ingest_aloud(settings: Settings, told: Path) -> None:
    """Ingest as `main` does, what is said of it in a file."""
    write_into(2, told)
    sys.exit(ingest.ingest(settings).exit_code)


def main() -> None:
    """Ingest as the command line does: the settings are the only argument, as JSON."""
    report = ingest.ingest(Settings.model_validate_json(sys.argv[1]))
    sys.exit(report.exit_code)


if __name__ == "__main__":
    main()
