"""The demo's way through Airflow: the DAG runs once, and the lake tells what came of it."""

from __future__ import annotations

import io
import logging
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from etl.errors import PushliftError
from etl.jobs.ingest import Progress
from etl.jobs.reports import IngestReport
from etl.lake.reading import connect_duckdb, iterate_rows, open_lake, query_lake
from etl.lake.tables import EVENTS, find_table
from etl.settings import Settings
from etl.stores import open_store

LOG: Final = logging.getLogger(__name__)

_COUNTS: Final = """
    select run_id, count(*), sum(size), sum(messages), sum(published), sum(duplicates), sum(quarantined)
    from loads group by run_id order by max(loaded_at) desc limit 1
"""


def has_airflow() -> bool:
    """Tell whether Airflow is installed."""
    return find_spec("airflow") is not None


def ingest_through_dag(config: Path, settings: Settings, progress: Progress | None) -> IngestReport:
    """Run the DAG once in an Airflow of its own beside the configuration; the lake tells what came of it.

    Raises PushliftError when the run failed; Airflow's output is then in the log that the message names.
    """
    from etl.airflow.once import run_dag_once

    del progress
    said = io.StringIO()
    with redirect_stdout(said):
        exit_code = run_dag_once(config, config.parent / "airflow")
    conclusion = said.getvalue().strip().rpartition("\n")[2]
    if exit_code:
        raise PushliftError(f"The DAG's run failed: {conclusion}")
    LOG.info("%s", conclusion)
    return read_last_report(settings)


def read_last_report(settings: Settings) -> IngestReport:
    """Make the report of the last run from what the lake holds of it."""
    run_id, objects, size, messages, published, duplicates, quarantined = _query(settings, _COUNTS)[0]
    reasons = _query(settings, _count("reason", "quarantine", run_id))
    apps = _query(settings, _count("app_id", "events", run_id))
    return IngestReport(
        run_id=str(run_id),
        objects=int(str(objects)),
        bytes=int(str(size)),
        messages=int(str(messages)),
        published=int(str(published)),
        duplicates=int(str(duplicates)),
        quarantined=int(str(quarantined)),
        events_version=_find_version(settings),
        reasons={str(reason): int(str(count)) for reason, count in reasons},
        apps={str(app): int(str(count)) for app, count in apps},
    )


def _find_version(settings: Settings) -> int | None:
    lake = open_store(settings.storage.lake, settings.storage.options)
    events = find_table(lake, EVENTS)
    return None if events is None else events.version()


def _count(column: str, table: str, run_id: object) -> str:
    return (
        f"select {column}, count(*) from {table} "  # noqa: S608 - names of our own
        f"where starts_with(load_id, '{run_id}') group by all order by all"
    )


def _query(settings: Settings, query: str) -> list[tuple[object, ...]]:
    connection = connect_duckdb(open_lake(settings))
    try:
        reader = query_lake(connection, query)
        return list(iterate_rows(reader)) if reader else []
    finally:
        connection.close()
