"""Ingest: landed Push API objects become rows that analysts can trust.

discover → normalize (in workers) → settle → audit → publish. Each step is a function of its own, which
Airflow's tasks call one by one and `ingest` calls in turn. Heavy modules are imported by the steps that need
them, so that an hour without landed objects costs next to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from etl.errors import LakeMovedOn, PeopleErasedMeanwhile
from etl.jobs.ahead import check_suites, import_ahead
from etl.jobs.discovery import Window, discover_objects, share_out
from etl.jobs.keeping import drop_scratch, keep_audited, keep_erased, keep_settled, open_scratch
from etl.jobs.keys import require_keys
from etl.jobs.remembering import refuse_forgotten_people
from etl.jobs.reports import IngestReport, report_nothing
from etl.jobs.runs import Run, name_run
from etl.jobs.worker_steps import Share, normalize_share
from etl.jobs.workers import count_workers, map_unordered, open_workers
from etl.ledger.drafts import discard_drafts_of_run
from etl.ledger.holding import hold_lock
from etl.ledger.objects import FailedAttempt, record_failed_attempt
from etl.ledger.publishes import publishes_of_run, unfinished_publishes
from etl.ledger.suppressions import stamp_erased, stream_erased
from etl.ledger.upgrade import open_current_ledger
from etl.settings.models import Settings
from etl.stores import Store, open_store

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from etl.hash_keys import HashKey
    from etl.jobs.auditing import AuditedRun
    from etl.jobs.encoding import Encode
    from etl.jobs.settling import SettledRun
    from etl.lake.spill import ChunkOutcome
    from etl.ledger.database import Ledger
    from etl.ledger.locks import Fence
    from etl.settings.secrets import Secrets

LOG: Final = logging.getLogger(__name__)

# A publish takes seconds; a run that waits longer than this for another's has met one that hangs.
PUBLISH_WAIT_SECONDS: Final = 900.0
# So often a run begins anew because people were suppressed while it was on its way.
ERASED_ATTEMPTS: Final = 3

Progress = Callable[[str, int, int], None]
"""Told of a step's name, what is done and what there is: bytes of landed objects, or rows."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What a run is asked to do: which objects to read, and whether to replace what they published.

    `uris`, where given, are the only objects to take.
    """

    window: Window = field(default_factory=Window)
    is_reprocess: bool = False
    uris: frozenset[str] | None = None


def ingest(
    settings: Settings,
    options: IngestOptions = IngestOptions(),
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> IngestReport:
    """Ingest what landed and is not finished, and tell what became of it.

    Safe to repeat, to run twice at once and to kill at any moment: the next run converges. Where people were
    suppressed meanwhile it begins anew without them. Raises PushliftError.
    """
    for _ in range(ERASED_ATTEMPTS):
        try:
            return _ingest_once(settings, options, progress, now)
        except PeopleErasedMeanwhile as error:
            LOG.info("%s", error)
    return _ingest_once(settings, options, progress, now)


def _ingest_once(
    settings: Settings, options: IngestOptions, progress: Progress | None, now: datetime | None
) -> IngestReport:
    finish_cut_off(settings)
    run = discover(settings, options, now=now)
    if run is None:
        return report_nothing()
    try:
        with open_workers(min(count_workers(settings.ingest.workers), len(run.chunks))) as pool:
            import_ahead(settings)
            outcomes = _normalize_all(settings, run, pool, progress or _tell_nobody)
            encode = _encode_in(settings, pool)
            settled = settle(settings, run, outcomes, encode)
            return publish(settings, run, outcomes, audit(settings, run, settled), encode)
    finally:
        drop_scratch(settings, run.id)


def discover(
    settings: Settings, options: IngestOptions, *, now: datetime | None = None, chunks: int = 0
) -> Run | None:
    """Find what there is to read and share it out in at least `chunks` chunks; None when there is nothing.

    Raises ConfigurationError for a suite that cannot be used, which would stop a run whose work is done, and
    LedgerError where the ledger does not know who opted out.
    """
    landing = open_store(settings.storage.landing, settings.storage.options)
    ledger = open_current_ledger(settings.storage.ledger)
    refuse_forgotten_people(settings, ledger)
    started_at = now or datetime.now(UTC)
    objects = discover_objects(
        landing, ledger, settings.ingest, options.window, is_reprocess=options.is_reprocess, uris=options.uris
    )
    if not objects:
        return None
    check_suites(settings)
    rules = settings.ingest
    shares = share_out(objects, rules.chunk_bytes, rules.max_chunks, chunks or count_workers(rules.workers))
    run = Run(name_run(started_at), started_at, options.is_reprocess, tuple(shares), stamp_erased(ledger))
    if run.erased is not None:
        keep_erased(settings, run.id, stream_erased(ledger))
    return run


def normalize(settings: Settings, run: Run, place: int, secrets: Secrets | None = None) -> ChunkOutcome:
    """Normalize one chunk of a run into scratch, without people who were erased.

    Raises ConfigurationError where there are such and the hash key is missing, or another.
    """
    share = Share(run.chunk_name(place), run.chunks[place], find_key(settings, run, secrets))
    return normalize_share(settings, share)


def find_key(settings: Settings, run: Run, secrets: Secrets | None = None) -> HashKey | None:
    """Find the key by which erased people are told; None where nobody is erased. Raises as `normalize`."""
    return None if run.erased is None else require_keys(_open_ledger(settings), secrets).subjects


def settle(
    settings: Settings,
    run: Run,
    outcomes: Sequence[ChunkOutcome],
    encode: Encode | None = None,
    secrets: Secrets | None = None,
) -> SettledRun:
    """Settle a run against the lake as it is, and write its drafts.

    By default in as many processes as there are cores. Raises PeopleErasedMeanwhile where rows of people who
    were erased brought other ids of theirs along, which are suppressed then.
    """
    from etl.jobs.attempts import begin_attempt
    from etl.jobs.settling import settle_run

    if any(outcome.met for outcome in outcomes):
        from etl.jobs.linking import refuse_met

        refuse_met(settings, run.id, outcomes, find_key(settings, run, secrets))
    if encode is None:
        with open_workers(count_workers(settings.ingest.workers)) as pool:
            return settle(settings, run, outcomes, _encode_in(settings, pool), secrets)
    attempt = begin_attempt(_open_lake(settings), open_scratch(settings), _open_ledger(settings), run)
    return settle_run(attempt, outcomes, encode, count_workers(settings.ingest.workers))


def audit(settings: Settings, run: Run, settled: SettledRun) -> AuditedRun:
    """Judge each app's part of a settled run, and decide what is held back; readers see nothing of it yet."""
    from etl.jobs.attempts import Attempt
    from etl.jobs.auditing import audit_settled

    ledger = _open_ledger(settings)
    attempt = Attempt(_open_lake(settings), open_scratch(settings), ledger, run, settled.stem)
    return audit_settled(settings, attempt, settled)


def publish(
    settings: Settings,
    run: Run,
    outcomes: Sequence[ChunkOutcome],
    audited: AuditedRun,
    encode: Encode | None = None,
) -> IngestReport:
    """Publish an audited run; where the lake moved on, settle and audit it again while holding the lock.

    Publishing a run that is published already only reports it: a task may be killed between its work and its
    answer.
    """
    from etl.jobs.reports import report_run
    from etl.lake.publish import publish_drafts, published_version

    lake = _open_lake(settings)
    with hold_publish_lock(settings) as (ledger, fence):
        _refuse_erased(ledger, run)
        try:
            version = (
                published_version(lake)
                if _is_published(ledger, run.id)
                else publish_drafts(lake, ledger, fence, audited.plan)
            )
        except LakeMovedOn as moved:
            LOG.info("%s", moved)
            settled = settle(settings, run, outcomes, encode)
            audited = audit(settings, run, settled)
            keep_settled(settings, run.id, settled)
            keep_audited(settings, run.id, settled, audited)
            version = publish_drafts(lake, ledger, fence, audited.plan)
        _record_failures(ledger, audited)
        discard_drafts_of_run(ledger, run.id)
    return report_run(run, audited, version)


def _refuse_erased(ledger: Ledger, run: Run) -> None:
    """Raise PeopleErasedMeanwhile where the run may hold rows of somebody who was suppressed since."""
    if stamp_erased(ledger) not in {run.erased, None} and not _is_published(ledger, run.id):
        raise PeopleErasedMeanwhile(
            f"People were suppressed while run {run.id} was on its way: it published nothing, and the next"
            " run reads the same objects without them."
        )


def finish_cut_off(settings: Settings) -> list[str]:
    """Carry out the publishes that earlier runs recorded and did not finish; gives the runs' ids."""
    cut_off = [
        publish.run_id for publish in unfinished_publishes(open_current_ledger(settings.storage.ledger))
    ]
    if cut_off:
        with hold_publish_lock(settings):
            pass
    return cut_off


@contextmanager
def hold_publish_lock(settings: Settings) -> Iterator[tuple[Ledger, Fence]]:
    """Hold the publish lock: never two that change the lake at once, whoever started them.

    What an earlier holder recorded and did not finish is carried out first, so that each change of the lake
    begins from a whole one.
    """
    from etl.lake.publish import PUBLISH_LOCK, PUBLISH_LOCK_SECONDS, redo_publishes

    ledger = open_current_ledger(settings.storage.ledger)
    with hold_lock(ledger, PUBLISH_LOCK, PUBLISH_LOCK_SECONDS, PUBLISH_WAIT_SECONDS) as fence:
        redo_publishes(_open_lake(settings), ledger, fence)
        yield ledger, fence


def _normalize_all(
    settings: Settings, run: Run, pool: ProcessPoolExecutor, tell: Progress
) -> list[ChunkOutcome]:
    sizes = [sum(each.landed.size for each in chunk) for chunk in run.chunks]
    outcomes: dict[int, ChunkOutcome] = {}
    tell("normalize", 0, sum(sizes))
    # Each process is told of its chunk alone: the whole run, told a few hundred times, costs seconds.
    key = find_key(settings, run)
    shares = [Share(run.chunk_name(place), chunk, key) for place, chunk in enumerate(run.chunks)]
    for place, outcome in map_unordered(pool, partial(normalize_share, settings), shares):
        outcomes[place] = outcome
        tell("normalize", sum(sizes[done] for done in outcomes), sum(sizes))
    return [outcomes[place] for place in range(len(run.chunks))]


def _encode_in(settings: Settings, pool: ProcessPoolExecutor) -> Encode:
    from etl.jobs.encoding import encode_all

    return partial(encode_all, settings, pool)


def _is_published(ledger: Ledger, run_id: str) -> bool:
    return any(publish.state == "finished" for publish in publishes_of_run(ledger, run_id))


def _record_failures(ledger: Ledger, audited: AuditedRun) -> None:
    for each in (load.outcome for load in audited.loads):
        if each.error_code:
            at = datetime.fromisoformat(each.landed_at)
            record_failed_attempt(
                ledger, FailedAttempt(each.uri, each.version, each.size, at, each.error_code)
            )


def _open_ledger(settings: Settings) -> Ledger:
    return open_current_ledger(settings.storage.ledger)


def _open_lake(settings: Settings) -> Store:
    return open_store(settings.storage.lake, settings.storage.options)


def _tell_nobody(_step: str, _done: int, _total: int) -> None:
    pass
