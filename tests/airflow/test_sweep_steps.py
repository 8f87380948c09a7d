"""What a sweep's tasks refuse, and of which deadlines they tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from etl.airflow.sweep_steps import describe_near, judge_verification, refuse
from etl.errors import ErasureUnproven, EvidenceBroken, HeldBackError, SendingStopped
from etl.jobs.proving.evidence import EvidenceState
from etl.jobs.proving.judging import Hit, Standing, Unread
from etl.jobs.proving.story import VerifyReport
from etl.jobs.sweep.receiving import ListReport
from etl.jobs.sweep.story import Deadline, SweepReport
from etl.jobs.sweep.submitting import SubmissionReport


def deadline(days_left: float) -> Deadline:
    """Make a request that is due in so many days."""
    return Deadline("hash", "*", "erase", days_left, "due", "due")


@pytest.mark.parametrize(
    ("report", "kind", "words"),
    [
        (SweepReport(False, submission=SubmissionReport(stopped="http_401")), SendingStopped, "credentials"),
        (SweepReport(False, lists=(ListReport("a.csv", refusal="empty"),)), HeldBackError, "a.csv"),
        (SweepReport(False, requests={"waiting": 2}), HeldBackError, "2 ids"),
        (
            SweepReport(
                False, submission=SubmissionReport({"accepted": 9, "refused": 1, "not_processed": 2})
            ),
            HeldBackError,
            "did not take 3 ids",
        ),
    ],
    ids=["stopped", "unreadable", "waiting", "not taken"],
)
def test_where_a_person_must_do_something_the_task_fails(
    report: SweepReport, kind: type[Exception], words: str
) -> None:
    """With a word on what."""
    assert report.exit_code == 1
    with pytest.raises(kind, match=words):
        refuse(report)


def test_a_dry_run_and_a_whole_sweep_are_green() -> None:
    """Nothing is asked of anybody."""
    refuse(SweepReport(True, lists=(ListReport("a.csv", refusal="empty"),)))
    refuse(SweepReport(False, lists=(ListReport("a.csv", accepted=1),), requests={"open": 1, "waiting": 0}))


def proof(*, found: int = 0, unread: int = 0, fault: str | None = None) -> VerifyReport:
    """Make a verification that ended in some way."""
    return VerifyReport(
        at=datetime(2026, 11, 1, tzinfo=UTC),
        requests=1,
        objects=9,
        read_bytes=9,
        hits=(Hit("lake", "a", Standing.FOUND, 2, (1,)),) * found,
        unread=(Unread("lake", "b", "gzip: damaged"),) * unread,
        evidence=EvidenceState(3, "0" * 64, fault),
    )


@pytest.mark.parametrize(
    ("report", "kind", "words"),
    [
        (proof(found=1), ErasureUnproven, "was found in 1 objects"),
        (proof(unread=2), ErasureUnproven, "2 objects could not be read"),
        (proof(fault="Link 2 of the evidence is changed."), EvidenceBroken, "Link 2"),
        (proof(found=1, fault="Link 2 of the evidence is changed."), EvidenceBroken, "Link 2"),
    ],
    ids=["found", "unread", "broken", "both"],
)
def test_what_is_not_proven_fails(report: VerifyReport, kind: type[Exception], words: str) -> None:
    """With a word on what; a second try would find the same."""
    error = judge_verification(report)

    assert isinstance(error, kind)
    assert words in str(error)
    assert not getattr(error, "is_retryable", True)


def test_what_is_proven_is_green() -> None:
    """Nothing is asked of anybody."""
    assert judge_verification(proof()) is None


def test_people_are_told_of_what_comes_due_soon() -> None:
    """With how many are over already; of nothing, where nothing does."""
    told = describe_near([deadline(-1.5), deadline(3), deadline(20)], 7)

    assert told is not None
    assert told.startswith(
        "2 opt-out requests come due within 7 days, 1 of them are over; the nearest in -1.5"
    )
    assert describe_near([deadline(20)], 7) is None
