"""What a DAG run is asked to ingest, read from its Params and its kind (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from etl.errors import UsageError
from etl.jobs.discovery import Window
from etl.jobs.ingest import IngestOptions

BACKFILL: Final = "backfill"


@dataclass(frozen=True, slots=True)
class DagRunFacts:
    """What Airflow says of a run: whether a backfill made it, and the hour that it stands for, if any."""

    is_backfill: bool = False
    interval_start: datetime | None = None
    interval_end: datetime | None = None


def describe_dag_run(dag_run: Any) -> DagRunFacts:  # noqa: ANN401 - Airflow's class, which is not imported here
    """Keep what matters of Airflow's own description of a run."""
    return DagRunFacts(dag_run.run_type == BACKFILL, dag_run.data_interval_start, dag_run.data_interval_end)


def read_request(params: Mapping[str, Any], facts: DagRunFacts) -> IngestOptions:
    """Tell what to ingest.

    A backfill run takes its hour, any other run what `since` and `until` enclose, else all that is
    unfinished. Raises UsageError where the Params contradict each other or the backfill's own dates.
    """
    asked = Window(_read_instant(params, "since"), _read_instant(params, "until"))
    if asked.since and asked.until and asked.since >= asked.until:
        raise UsageError(
            f"since ({asked.since}) is not before until ({asked.until}); nothing lies between them."
        )
    if not facts.is_backfill:
        return IngestOptions(asked, is_reprocess=bool(params["reprocess"]))
    if asked != Window():
        raise UsageError(
            "A backfill takes its range from its own dates; leave since and until out of its conf."
        )
    return IngestOptions(
        Window(facts.interval_start, facts.interval_end), is_reprocess=bool(params["reprocess"])
    )


def _read_instant(params: Mapping[str, Any], name: str) -> datetime | None:
    text = params[name]
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} = {text!r} is no instant; write it as 2026-09-01T13:00:00Z.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
