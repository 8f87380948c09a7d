"""What a sweep's tasks refuse, and of which deadlines they tell."""

from __future__ import annotations

import pytest

from etl.airflow.sweep_steps import describe_near, refuse
from etl.errors import HeldBackError, SendingStopped
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
    ],
    ids=["stopped", "unreadable", "waiting"],
)
def test_where_a_person_must_do_something_the_task_fails(
    report: SweepReport, kind: type[Exception], words: str
) -> None:
    """With a word on what."""
    with pytest.raises(kind, match=words):
        refuse(report)


def test_a_dry_run_and_a_whole_sweep_are_green() -> None:
    """Nothing is asked of anybody."""
    refuse(SweepReport(True, lists=(ListReport("a.csv", refusal="empty"),)))
    refuse(SweepReport(False, lists=(ListReport("a.csv", accepted=1),), requests={"open": 1, "waiting": 0}))


def test_people_are_told_of_what_comes_due_soon() -> None:
    """With how many are over already; of nothing, where nothing does."""
    told = describe_near([deadline(-1.5), deadline(3), deadline(20)], 7)

    assert told is not None
    assert told.startswith(
        "2 opt-out requests come due within 7 days, 1 of them are over; the nearest in -1.5"
    )
    assert describe_near([deadline(20)], 7) is None
