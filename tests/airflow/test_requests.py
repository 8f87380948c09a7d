from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from etl.airflow.requests import DagRunFacts, describe_dag_run, read_request
from etl.errors import UsageError
from etl.jobs.discovery import Window

NOTHING: dict[str, Any] = {"since": None, "until": None, "reprocess": False}
HOUR = DagRunFacts(
    is_backfill=True,
    interval_start=datetime(2026, 9, 1, 13, tzinfo=UTC),
    interval_end=datetime(2026, 9, 1, 14, tzinfo=UTC),
)


def test_a_scheduled_run_takes_all_that_is_unfinished() -> None:
    """What landed late is nobody else's to take: the run's own hour is no limit."""
    facts = DagRunFacts(interval_start=HOUR.interval_start, interval_end=HOUR.interval_end)

    assert read_request(NOTHING, facts).window == Window()


def test_a_backfill_takes_its_hour() -> None:
    """Each run of a backfill takes what landed in the hour that it stands for."""
    assert read_request(NOTHING, HOUR).window == Window(HOUR.interval_start, HOUR.interval_end)


def test_the_form_names_a_range() -> None:
    """From the first instant to take to the first not to take."""
    params = NOTHING | {"since": "2026-09-01T00:00:00+02:00", "until": "2026-09-02"}

    window = read_request(params, DagRunFacts()).window

    assert window == Window(datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC))


def test_reprocessing_is_asked_for() -> None:
    """By hand and in a backfill's conf alike."""
    params = NOTHING | {"reprocess": True}

    assert read_request(params, DagRunFacts()).is_reprocess
    assert read_request(params, HOUR).is_reprocess
    assert not read_request(NOTHING, DagRunFacts()).is_reprocess


def test_an_empty_range_is_refused() -> None:
    """It would read nothing, and look as if nothing had landed."""
    params = NOTHING | {"since": "2026-09-01T00:00:00Z", "until": "2026-09-01T00:00:00Z"}

    with pytest.raises(UsageError, match="is not before until"):
        read_request(params, DagRunFacts())


def test_a_backfill_refuses_a_second_range() -> None:
    """Its dates are its range; another one in its conf would be read once for every hour."""
    with pytest.raises(UsageError, match="its own dates"):
        read_request(NOTHING | {"since": "2026-09-01T00:00:00Z"}, HOUR)


def test_a_text_that_is_no_instant_is_refused() -> None:
    """The form has a picker, a conf has not."""
    with pytest.raises(UsageError, match="since = 'yesterday' is no instant"):
        read_request(NOTHING | {"since": "yesterday"}, DagRunFacts())


class RunType(str, Enum):  # noqa: UP042 - as Airflow's: its text is not its value
    """How a run came to be."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"


@dataclass(frozen=True)
class AirflowDagRun:
    """As much of Airflow's own description as is read."""

    run_type: RunType
    data_interval_start: datetime | None = HOUR.interval_start
    data_interval_end: datetime | None = HOUR.interval_end


def test_a_backfill_is_known_by_its_type() -> None:
    """Airflow gives backfilled and scheduled runs the same hours."""
    assert describe_dag_run(AirflowDagRun(RunType.BACKFILL_JOB)) == HOUR
    assert not describe_dag_run(AirflowDagRun(RunType.SCHEDULED)).is_backfill
