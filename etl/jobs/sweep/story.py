"""The story of a sweep: lists are taken in, their people suppressed at once, erased, and submitted.

Each step is safe to repeat and to kill: a list leaves the inbox when all its ids are recorded, an answer is
recorded before the next request leaves, and what is not done is due for the next sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from etl.errors import PushliftError
from etl.jobs.keys import require_keys
from etl.jobs.proving.evidence import write_evidence
from etl.jobs.sweep.erasing import ErasingReport, erase_due
from etl.jobs.sweep.expecting import expect_requests, list_kept
from etl.jobs.sweep.ground import Ground, survey
from etl.jobs.sweep.linking import suppress_linked
from etl.jobs.sweep.noting import note_sweep
from etl.jobs.sweep.receiving import ListReport, Received, receive_lists
from etl.jobs.sweep.submitting import SubmissionReport, submit_due
from etl.ledger.database import Ledger
from etl.ledger.holding import hold_lock
from etl.ledger.locks import Fence, check_fence
from etl.ledger.opt_outs import count_requests, list_requests
from etl.ledger.scrubbing import note_scrubbing, scrub_if_noted
from etl.ledger.sent import find_sent
from etl.ledger.upgrade import open_current_ledger
from etl.settings import Secrets, Settings, load_secrets
from etl.stores import OldVersions, find_old_versions, open_store

SWEEP_LOCK: Final = "sweep"
LOCK_SECONDS: Final = 120.0
WAIT_SECONDS: Final = 600.0
_SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did, or in a dry run would do: lists, Liftoff's answers, and how all requests stand.

    `sent` are postbacks that Liftoff has, or may have, heard of before, of people whom this sweep met.
    `kept` are stores that keep old versions of what is erased, or do not say that they keep none.
    `is_scrubbed` tells that what left the ledger's rows has left its files as well.
    """

    is_dry_run: bool
    lists: tuple[ListReport, ...] = ()
    erasing: ErasingReport = field(default_factory=ErasingReport)
    submission: SubmissionReport = field(default_factory=SubmissionReport)
    requests: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    kept: tuple[OldVersions, ...] = ()
    is_scrubbed: bool = True

    @property
    def exit_code(self) -> int:
        """1 where a person must look.

        A list could not be read, an id waits, Liftoff did not take an id, or stopped the sweep.
        """
        is_read = all(each.refusal is None for each in self.lists)
        is_waiting = self.requests.get("waiting", 0) > 0
        is_taken = self.submission.stopped is None and not self.submission.unaccepted
        return int(not is_read or is_waiting or not is_taken)


@dataclass(frozen=True, slots=True)
class Deadline:
    """An open request, by its keyed hash and its number, and the days that are left."""

    subject: str
    app_id: str
    kind: str
    days_left: float
    submission: str
    erasure: str
    number: int = 0
    installs: int | None = None


def sweep(
    settings: Settings,
    secrets: Secrets | None = None,
    *,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> SweepReport:
    """Take in the lists of the inbox, suppress their people, erase them, and submit what is due.

    One sweep at a time. Raises ConfigurationError where the hash key is missing or another, or where
    something is due and Liftoff's address or credentials are missing: people are suppressed by then.
    """
    found = secrets or load_secrets()
    ground = survey(settings, found, is_dry_run=is_dry_run, now=now)
    with hold_lock(ground.ledger, SWEEP_LOCK, LOCK_SECONDS, WAIT_SECONDS) as fence:
        # While it waited the key may have been rotated: its hashes would recognize nobody.
        require_keys(ground.ledger, found)
        if is_dry_run:
            return _foresee(ground, found)
        try:
            report = _carry_out(ground, found, fence)
        finally:
            # What was done until something failed is evidence, too.
            write_evidence(ground.ledger, ground.opt_outs)
        return replace(report, is_scrubbed=scrub_if_noted(ground.ledger))


def _carry_out(ground: Ground, secrets: Secrets, fence: Fence) -> SweepReport:
    """Do it, step by step; LockLostError before a step if another sweep, or a lift, took the lock over."""
    received = tuple(receive_lists(ground, suppress_linked))
    if _is_anything_due(ground.ledger):
        note_scrubbing(ground.ledger)
    check_fence(ground.ledger, fence)
    try:
        erasing = erase_due(ground)
    except Exception:
        # What keeps us from erasing is no reason not to tell Liftoff; the error that is told is the first.
        with suppress(PushliftError):
            submit_due(ground, secrets)
        raise
    check_fence(ground.ledger, fence)
    submission = submit_due(ground, secrets)
    sent = sum(each.sent for each in received)
    report = _report(ground, received, sent, erasing, submission)
    note_sweep(ground, report.lists, erasing, submission)
    return report


def _foresee(ground: Ground, secrets: Secrets) -> SweepReport:
    """Find what a sweep would do, with what the lists of the inbox would add."""
    received = tuple(receive_lists(ground, suppress_linked))
    expected = expect_requests(ground.ledger, received)
    sent = sum(each.occurrences for each in find_sent(ground.ledger, list_kept(received)))
    erasing = erase_due(ground, [each for each in expected if each.erasure == "due"])
    submission = submit_due(ground, secrets, expected=[each for each in expected if each.submission == "due"])
    return _report(ground, received, sent, erasing, submission)


def _report(
    ground: Ground,
    received: Sequence[Received],
    sent: int,
    erasing: ErasingReport,
    submission: SubmissionReport,
) -> SweepReport:
    return SweepReport(
        ground.is_dry_run,
        tuple(each.report for each in received),
        erasing,
        submission,
        count_requests(ground.ledger),
        erasing.sent + sent,
        tuple(each for each in find_kept(ground) if each.state != "none"),
    )


def find_kept(ground: Ground) -> Iterator[OldVersions]:
    """Ask landing, lake, Pull and the folder of lists whether what is erased stays in old versions."""
    storage = ground.settings.storage
    landing, pulled = (open_store(uri, storage.options) for uri in (storage.landing, storage.pull))
    yield from map(find_old_versions, (landing, ground.lake, ground.opt_outs, pulled))


def _is_anything_due(ledger: Ledger) -> bool:
    counts = count_requests(ledger)
    return counts["submission_due"] > 0 or counts["erasure_due"] > 0


def read_deadlines(settings: Settings, now: datetime) -> list[Deadline]:
    """Read the requests that are not done, those with the fewest days left first."""
    ledger = open_current_ledger(settings.storage.ledger)
    found = list_requests(ledger, states=("open", "waiting"))
    return [
        Deadline(
            each.subject,
            each.app_id,
            each.kind,
            (each.deadline_at - now).total_seconds() / _SECONDS_A_DAY,
            "waiting" if each.state == "waiting" else each.submission,
            each.erasure,
            each.number,
            each.installs,
        )
        for each in found
    ]
